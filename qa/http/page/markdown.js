// Conversations and citations as Markdown and as plain text, for other programs.

import { citation, day, place } from "./text.js";

/** A text that Markdown shows as it is, on one line. */
export function escaped(text) {
  return text
    .replace(/\s+/gu, " ")
    .replace(/[\\`*_{}[\]()<>#+\-!|~&]/g, "\\$&")
    .replace(/^(\s*\d+)([.)])/, "$1\\$2")
    .replace(/(https?|ftp|www)(:|\.)/gi, "$1\\$2")
    .replace(/@/g, "\\@");
}

const quoted = (text) => text.split(/\n\s*\n/u).map((paragraph) => `> ${escaped(paragraph.trim())}`).join("\n>\n");

const where = (source) =>
  `${escaped([source.title, ...place(source)].join(" · "))} · ${source.start}–${source.end}`;

/** A passage's citation with what it says. */
export function citationAsMarkdown(source, text) {
  return `${quoted(text)}\n>\n> — ${where(source)}\n`;
}

export const citationAsText = (source, text) => `“${text.trim()}”\n— ${citation(source)}\n`;

/** What a turn answers, with its source, in plain words. */
export function answerAsText({ question, answer }) {
  if (!answer.answered) return `${question}\nThe documents don’t say.\n`;
  if (answer.answer.model) {
    const sources = answer.passages.map((passage) => `[${passage.rank}] ${citation(passage.source)}`);
    return `${question}\n${answer.answer.text}\n(written by ${answer.answer.model})\n${sources.join("\n")}\n`;
  }
  return `${question}\n${citationAsText(answer.answer.citation, answer.answer.text)}`;
}

/** A whole conversation. */
export function conversationAsMarkdown({ title, turns }) {
  const parts = turns.filter((turn) => turn.answer).map(turnAsMarkdown);
  return [`# ${escaped(title)}`, ...parts].join("\n\n") + "\n";
}

function turnAsMarkdown({ question, at, answer }) {
  const lines = [`## ${escaped(question)}`, ""];
  if (at) lines.push(`*${day(new Date(at).toISOString().slice(0, 10))}*`, "");
  if (answer.searched_for !== question) lines.push(`Searched for: ${escaped(answer.searched_for)}`, "");
  lines.push(answer.answered ? `**${escaped(answer.answer.text)}**` : "**The documents don’t say.**", "");
  if (answer.answer?.model) lines.push(`*Written by ${escaped(answer.answer.model)}, checked against the passages.*`, "");
  if (answer.notice) lines.push(`*${escaped(answer.notice)}*`, "");
  for (const passage of answer.passages) {
    lines.push(`### \\[${passage.rank}\\] ${where(passage.source)}`, "", quoted(passage.text), "");
  }
  return lines.join("\n").trimEnd();
}

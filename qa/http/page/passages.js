// The passages under an answer: where each stands, how well it matches, and what it says.

import { h } from "./dom.js";
import { place, slicer, strength } from "./text.js";

const AROUND = 220; // characters shown before and after the marked sentence of a long passage
const LONG = 640;

const WORDS = { strong: "strong match", good: "good match", weak: "weak match" };
const BARS = { strong: 3, good: 2, weak: 1 };

/** The list of an answer's passages. `open` is called with a passage whose source is wanted. */
export function passageList(answer, open) {
  return h("ol", { class: "passages" }, answer.passages.map((passage) => item(passage, answer, open)));
}

function item(passage, answer, open) {
  const title = h(
    "button",
    { type: "button", class: "open", onclick: (event) => { event.stopPropagation(); open(passage); } },
    passage.source.title,
  );
  const article = h(
    "article",
    { class: isAnswer(passage, answer) ? "passage first" : "passage", tabindex: "-1", "data-rank": passage.rank, onclick: opener(() => open(passage)) },
    h("span", { class: "number", "aria-hidden": "true" }, String(passage.rank)),
    h("div", { class: "heading" }, h("h4", {}, h("span", { class: "visually-hidden" }, `${passage.rank}. `), title)),
    h("p", { class: "meta" }, match(passage, answer), place(passage.source).map((part) => h("span", {}, part))),
    quoted(passage),
    also(passage, open),
  );
  return h("li", {}, article);
}

/** Whether the answer is this passage's sentence: the marker is for that one alone. */
const isAnswer = (passage, answer) => passage.rank === 1 && answer.answered !== false;

/** A click that opens, unless it was on a control or ends a selection of text. */
function opener(open) {
  return (event) => {
    if (event.target.closest("button, a") || String(getSelection())) return;
    open();
  };
}

function match(passage, answer) {
  if (answer.answered === undefined) return null; // not known before the citations came
  const kind = strength(passage, answer);
  const bars = [1, 2, 3].map((bar) => h("i", { class: bar <= BARS[kind] ? "on" : null }));
  return h("span", { class: `match ${kind}` }, h("span", { class: "bars", "aria-hidden": "true" }, bars), WORDS[kind]);
}

function quoted(passage) {
  const cut = slicer(passage.text);
  const { start, end } = passage.highlights[0] ?? { start: 0, end: 0 };
  const whole = [cut(0, start), cut(start, end), cut(end, Infinity)];
  const quote = h("blockquote", { class: "text" }, ...marked(whole));
  if (passage.text.length <= LONG) return quote;
  const short = [beginning(whole[0]), whole[1], ending(whole[2], whole[1] ? AROUND : LONG)];
  if (short.join("").length > 0.8 * passage.text.length) return quote;
  quote.replaceChildren(...marked(short));
  const toggle = h("button", {
    type: "button",
    class: "more",
    "aria-expanded": "false",
    onclick: () => {
      const isShort = toggle.getAttribute("aria-expanded") === "false";
      quote.replaceChildren(...marked(isShort ? whole : short));
      toggle.setAttribute("aria-expanded", String(isShort));
      toggle.textContent = isShort ? "Show less" : "Show the whole passage";
    },
  }, "Show the whole passage");
  return [quote, toggle];
}

/** The three parts of a passage with the second marked, as nodes. */
export function marked([before, sentence, after]) {
  return [before, sentence && h("mark", {}, sentence), after].filter(Boolean);
}

function beginning(text) {
  if (text.length <= AROUND) return text;
  return `… ${text.slice(-AROUND).replace(/^\S*\s/u, "")}`;
}

function ending(text, most) {
  if (text.length <= most) return text;
  return `${text.slice(0, most).replace(/\s\S*$/u, "")} …`;
}

function also(passage, open) {
  if (!passage.also.length) return null;
  const links = passage.also.flatMap((source, index) => [
    index ? ", " : "",
    h("button", { type: "button", class: "link", onclick: () => open({ source, highlights: [] }) }, source.title),
  ]);
  return h("p", { class: "also" }, "also in ", links);
}

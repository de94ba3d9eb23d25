// One question and what was answered: made once, filled as the answer comes.

import { verdict } from "./feedback.js";
import { copy, h, iconButton } from "./dom.js";
import { answerAsText } from "./markdown.js";
import { passageList } from "./passages.js";
import { plural } from "./text.js";

/** The article of a turn. `on` has functions open(passage, turn), retry(turn) and changed(turn). */
export class TurnView {
  constructor(turn, on) {
    this.turn = turn;
    this.on = on;
    this.searched = h("p", { class: "searched", hidden: true });
    this.said = h("div", { class: "answer" });
    this.below = h("div", { class: "below" });
    this.element = h(
      "article",
      { class: "turn", tabindex: "-1", "aria-label": turn.question },
      h("h2", { class: "question" }, turn.question),
      this.searched,
      this.said,
      this.below,
    );
    if (turn.answer) this.finish();
  }

  /** Shows that it is being worked on. */
  work() {
    this.element.setAttribute("aria-busy", "true");
    const dots = h("span", { class: "dots", "aria-hidden": "true" }, h("i"), h("i"), h("i"));
    this.said.replaceChildren(h("p", { class: "working" }, dots, "Reading the documents"));
    this.below.replaceChildren();
  }

  /** Shows the passages, before it is known what they answer. */
  passages(found) {
    this.found = found;
    this.#searchedFor(found.searched_for);
    this.below.replaceChildren(this.#list("Passages", found));
  }

  /** Adds a piece of the answer: a text, or a sentence that a language model wrote. */
  answer(piece, sentence) {
    let said = this.said.querySelector(".sentence");
    if (!said) this.said.replaceChildren(said = h("p", { class: "sentence" }));
    if (sentence) said.append(...this.#written(sentence, this.found?.passages ?? []), " ");
    else said.append(h("span", { class: "text" }, piece));
  }

  /** A sentence that a language model wrote, its markers as buttons that open what they cite. */
  #written({ text, supported, source }, passages) {
    const parts = text.split(/\[(\d+)\]/).map((part, place) => {
      const cited = place % 2 ? passages.find(({ rank }) => rank === Number(part)) : null;
      return cited ? this.#cite(cited, holds(cited, source) ? source : null) : part;
    });
    const shown = h("span", { class: supported ? "text" : "text unsupported" }, parts);
    return supported ? [shown] : [shown, " ", h("span", { class: "mark" }, "not in the documents")];
  }

  #cite(passage, where) {
    return h("button", {
      type: "button",
      class: "cite",
      "aria-label": `Source ${passage.rank}: ${passage.source.title}`,
      onclick: () => this.on.open(passage, this.turn, where),
    }, String(passage.rank));
  }

  /** Shows the turn as it stands once it is answered. */
  finish() {
    const { answer } = this.turn;
    this.element.removeAttribute("aria-busy");
    this.#searchedFor(answer.searched_for);
    if (answer.answered) this.#answered(answer);
    else this.#notSaid(answer);
  }

  stopped() {
    this.#note("Stopped.", "Ask again");
  }

  failed(message) {
    this.#note(message, "Try again", "alert");
  }

  #note(message, again, role) {
    this.element.removeAttribute("aria-busy");
    const retry = h("button", { type: "button", class: "secondary", onclick: () => this.on.retry(this.turn) }, again);
    this.said.replaceChildren(h("div", { class: "problem", role }, h("p", {}, message), retry));
    this.below.replaceChildren();
  }

  #searchedFor(text) {
    this.searched.hidden = !text || text === this.turn.question;
    this.searched.textContent = this.searched.hidden ? "" : `searching for: ${text}`;
  }

  #answered(answer) {
    const { model } = answer.answer;
    const sure = model ? `written by ${model}, checked` : `${Math.round(100 * answer.confidence)}% sure`;
    const said = model
      ? writtenOf(answer).flatMap((sentence) => [...this.#written(sentence, answer.passages), " "])
      // The last word and its citations stay on one line.
      : [h("span", { class: "text" }, answer.answer.text), "\u2060", ...citedBy(answer).map((passage) => this.#cite(passage))];
    this.said.replaceChildren(h("p", { class: "sentence" }, said), ...this.#notice(answer), this.#foot(sure));
    this.below.replaceChildren(this.#list("Passages", answer));
  }

  #notSaid(answer) {
    const some = answer.passages.length > 0;
    const why = some
      ? "Nothing in them answers this surely enough. The closest passages are below; they may still help."
      : "No passage is left to look at: widen the filters, or add documents.";
    this.said.replaceChildren(
      h("p", { class: "sentence none" }, "The documents don’t say."),
      h("p", { class: "why" }, why),
      ...this.#notice(answer),
      this.#foot(null),
    );
    this.below.replaceChildren(...(some ? [this.#list("Closest passages", answer)] : []));
  }

  #notice({ notice }) {
    return notice ? [h("p", { class: "notice", role: "note" }, notice)] : [];
  }

  #foot(sure) {
    return h(
      "div",
      { class: "foot" },
      sure && h("span", { class: "sure" }, sure),
      verdict(this.turn, () => this.on.changed(this.turn)),
      iconButton("copy", "Copy the answer", () => copy(answerAsText(this.turn), "Answer")),
    );
  }

  #list(title, answer) {
    const count = plural(answer.passages.length, "passage");
    return h(
      "section",
      { class: "found", "aria-label": `${title}: ${count}` },
      h("h3", {}, title),
      passageList(answer, (passage) => this.on.open(passage, this.turn)),
    );
  }
}

/** The sentences that a language model wrote, those that are shown. */
export function writtenOf(answer) {
  return answer.sentences.filter(({ text }) => answer.answer.text.includes(text));
}

function holds({ source }, where) {
  return Boolean(where) && source.document_id === where.document_id && source.start <= where.start && where.end <= source.end;
}

/** The passages that an answer is from: those that hold its citation. */
export function citedBy(answer) {
  return answer.passages.filter((passage) => holds(passage, answer.answer.citation));
}

/** What to tell of an answer to those who don't see it. */
export function spoken(answer) {
  const found = plural(answer.passages.length, "passage");
  return answer.answered ? `Answer: ${answer.answer.text} From ${found}.` : `The documents don’t say. ${found} came close.`;
}

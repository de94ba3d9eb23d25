// Whether an answer was right, and if not, what would have been.

import { Problem, sendFeedback } from "./api.js";
import { h, iconButton, toast } from "./dom.js";
import { conditions } from "./filters.js";

let offered = false;

export function offerFeedback(wanted) {
  offered = wanted;
}

/** Two thumbs, and under the lower one a small form. `changed` is called when a verdict is kept. */
export function verdict(turn, changed) {
  if (!offered) return null;
  const up = iconButton("up", "This is right", () => give("up"));
  const down = iconButton("down", "This is wrong", () => give("down"));
  const thumbs = h("span", { class: "thumbs", role: "group", "aria-label": "Was this right?" }, up, down);
  const more = h("div", { class: "more-feedback" });
  show();
  return [thumbs, more];

  function show() {
    up.setAttribute("aria-pressed", String(turn.verdict === "up"));
    down.setAttribute("aria-pressed", String(turn.verdict === "down"));
  }

  async function give(value, expected = {}) {
    try {
      await sendFeedback({ ...judged(turn), verdict: value, ...expected });
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      toast(error.message);
      return;
    }
    turn.verdict = value;
    changed();
    show();
    const isComplete = value === "up" || Object.keys(expected).length > 0;
    if (isComplete) {
      more.replaceChildren();
      if (more.contains(document.activeElement)) down.focus();
      toast("Thank you, that is noted");
    } else {
      more.replaceChildren(form());
      more.querySelector("input, button").focus();
    }
  }

  function form() {
    const input = h("input", { type: "text", id: `expected-${turn.id}`, maxlength: "2000", autocomplete: "off" });
    const send = (event) => {
      event.preventDefault();
      if (input.value.trim()) give("down", { expected: input.value.trim() });
    };
    const unanswerable = turn.answer.answered && h(
      "button",
      { type: "button", class: "secondary", onclick: () => give("down", { expected_unanswerable: true }) },
      "The documents don’t say",
    );
    return h(
      "form",
      { class: "expected", onsubmit: send },
      h("label", { for: input.id }, "What should it have said? (optional)"),
      h("div", { class: "row" }, input, h("button", { class: "secondary" }, "Send"), unanswerable),
    );
  }
}

/** A turn as it is judged. The question is the one searched for: it has to stand alone. */
function judged({ answer, filters }) {
  const citation = answer.answer?.citation;
  return {
    question: answer.searched_for,
    answered: answer.answered,
    answer: answer.answer?.text ?? null,
    source: citation ? { document_id: citation.document_id, start: citation.start, end: citation.end } : null,
    filters: conditions(filters ?? {}),
  };
}

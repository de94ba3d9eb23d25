// The keyboard: what each key does where no field has it.

import { $ } from "./dom.js";

const isField = (element) => element.matches("input, textarea, select, [contenteditable]");

/** Listens. `on` has functions question(), close() and step(by). */
export function listenToKeys(on) {
  addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || document.querySelector("dialog[open]")) return;
    if (event.key === "Escape") {
      on.close();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || isField(event.target)) return;
    const act = {
      "/": on.question,
      "?": () => $("keys-dialog").showModal(),
      j: () => on.step(1),
      k: () => on.step(-1),
      // In a document's text the arrows scroll.
      ArrowDown: event.target.closest(".reader") ? null : () => on.step(1),
      ArrowUp: event.target.closest(".reader") ? null : () => on.step(-1),
    }[event.key];
    if (!act || (event.target.type === "checkbox")) return;
    event.preventDefault();
    act();
  });
}

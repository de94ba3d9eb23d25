// The list of conversations at the side: choose, rename, delete.

import { $, confirm, h, iconButton } from "./dom.js";
import { conversations, keep, remove, removeAll } from "./store.js";

/** Shows the list. `on` has functions choose(id), renamed(id, title), removed(id) and cleared(). */
export function showConversations(current, on) {
  const all = conversations();
  $("conversations").replaceChildren(...all.map((each) => item(each, each.id === current, on)));
  $("clear").hidden = all.length === 0;
  $("clear").onclick = async () => {
    if (!(await confirm("Delete all conversations?", "They are kept in this browser only and can’t be had back.", "Delete all"))) return;
    removeAll();
    on.cleared();
  };
}

function item(conversation, isCurrent, on) {
  const title = conversation.title || "Untitled";
  const choose = h(
    "button",
    { type: "button", class: "choose", "aria-current": isCurrent ? "true" : null, onclick: () => on.choose(conversation.id) },
    title,
  );
  const rename = iconButton("edit", `Rename ${title}`, () => renaming(element, conversation, on));
  const drop = iconButton("trash", `Delete ${title}`, async () => {
    if (!(await confirm("Delete this conversation?", title, "Delete"))) return;
    remove(conversation.id);
    on.removed(conversation.id);
  });
  const element = h("li", { class: "conversation" }, choose, h("span", { class: "acts" }, rename, drop));
  return element;
}

function renaming(element, conversation, on) {
  const input = h("input", { type: "text", value: conversation.title, maxlength: "120", "aria-label": "Title" });
  let done = false;
  const finish = (isKept) => {
    if (done) return;
    done = true;
    const title = input.value.trim();
    if (isKept && title) {
      conversation.title = title;
      keep(conversation);
    }
    on.renamed(conversation.id, conversation.title);
  };
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter") finish(true);
    if (event.key === "Escape") { event.stopPropagation(); finish(false); }
  });
  input.addEventListener("blur", () => finish(true));
  element.replaceChildren(input);
  input.focus();
  input.select();
}

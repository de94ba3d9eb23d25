// Which documents a question is put to: by date, and by choosing some.

import { getJson, Problem } from "./api.js";
import { $, announce, h, icon } from "./dom.js";
import { day, fileName, plural } from "./text.js";

const MOST_CHARACTERS = 500; // of one condition; see qa/filters.py
const SHOWN = 50;

/** A value in the quotes that it doesn't hold. If it holds both, "?" stands for one of them in a path. */
function quotedPath(path) {
  if (!path.includes('"')) return `"${path}"`;
  return `'${path.replaceAll("'", "?")}'`;
}

const pathCondition = (documents) => `path=${documents.map(({ path }) => quotedPath(path)).join("|")}`;

/** Filters as the service's conditions. */
export function conditions({ from, to, documents = [] }) {
  return [
    from && `date>=${from}`,
    to && `date<=${to}`,
    documents.length > 0 && pathCondition(documents),
  ].filter(Boolean);
}

/** The panel of filters and the chips of those in force, over `get()` and `set(filters)`. */
export class Filters {
  #documents = [];
  #total = 0;

  constructor(get, set) {
    this.get = get;
    this.set = (filters) => { set(filters); this.show(); };
    this.from = this.#dateField("From", "from");
    this.to = this.#dateField("To", "to");
    this.search = h("input", {
      type: "search", id: "filter-search", autocomplete: "off", placeholder: "Search titles",
      oninput: () => { clearTimeout(this.typing); this.typing = setTimeout(() => this.#load(), 150); },
    });
    this.list = h("ul", { class: "picker", "aria-label": "Documents" });
    this.note = h("p", { class: "note", role: "status" });
    $("filters").append(
      h("div", { class: "dates" }, this.from.label, this.to.label),
      h("label", { class: "field", for: "filter-search" }, "Only these documents", this.search),
      this.list,
      this.note,
    );
    $("filter").addEventListener("click", () => this.toggle());
  }

  get isOpen() {
    return !$("filters").hidden;
  }

  toggle(open = !this.isOpen) {
    $("filters").hidden = !open;
    $("filter").setAttribute("aria-expanded", String(open));
    if (open) this.#load();
    (open ? this.from.input : $("filter")).focus();
  }

  /** Shows the filters in force. */
  show() {
    const { from, to, documents = [] } = this.get();
    this.from.input.value = from ?? "";
    this.to.input.value = to ?? "";
    const chips = [
      from && this.#chip(`from ${day(from)}`, { from: undefined }),
      to && this.#chip(`to ${day(to)}`, { to: undefined }),
      ...documents.map((chosen) =>
        this.#chip(chosen.title, { documents: documents.filter((other) => other !== chosen) })),
    ].filter(Boolean);
    $("chips").replaceChildren(...chips);
    $("chips").hidden = chips.length === 0;
    if (this.isOpen) this.#showDocuments();
  }

  #dateField(name, key) {
    const change = () => this.set({ ...this.get(), [key]: input.value || undefined });
    const input = h("input", { type: "date", onchange: change });
    return { input, label: h("label", { class: "field" }, name, input) };
  }

  #chip(text, without) {
    const remove = () => {
      this.set({ ...this.get(), ...without });
      announce(`Filter ${text} removed`);
      ($("chips").querySelector("button") ?? $("question")).focus();
    };
    return h("li", { class: "chip" }, h("span", {}, text), h(
      "button", { type: "button", "aria-label": `Remove the filter ${text}`, onclick: remove }, icon("close"),
    ));
  }

  async #load() {
    const text = this.search.value.trim().replaceAll('"', "").slice(0, 200);
    const filter = text ? `&filter=${encodeURIComponent(`title~"${text}"`)}` : "";
    try {
      const found = await getJson(`/documents?limit=${SHOWN}${filter}`);
      this.#documents = found.documents;
      this.#total = found.total;
      this.#showDocuments();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.note.textContent = error.message;
    }
  }

  #showDocuments() {
    const chosen = new Set((this.get().documents ?? []).map(({ path }) => path));
    const focused = document.activeElement?.value;
    this.list.replaceChildren(...this.#documents.map((found) => this.#option(found, chosen.has(found.path))));
    if (focused) this.list.querySelector(`input[value="${CSS.escape(focused)}"]`)?.focus();
    const more = this.#total - this.#documents.length;
    this.note.textContent = this.#total === 0 ? "No document has that in its title." :
      more > 0 ? `${plural(more, "more document")}: search for part of a title.` : "";
  }

  #option(found, isChosen) {
    const choose = (event) => {
      const { documents = [] } = this.get();
      const others = documents.filter(({ path }) => path !== found.path);
      const wanted = event.target.checked ? [...others, { path: found.path, title: found.title }] : others;
      if (wanted.length && pathCondition(wanted).length > MOST_CHARACTERS) {
        event.target.checked = false;
        this.note.textContent = "No further document fits into one question.";
        return;
      }
      this.set({ ...this.get(), documents: wanted });
    };
    const input = h("input", { type: "checkbox", value: found.document_id, checked: isChosen, onchange: choose });
    const rest = [found.date && day(found.date), fileName(found.path)].filter(Boolean).join(" · ");
    return h("li", {}, h("label", {}, input, h("span", { class: "name" }, found.title), h("span", { class: "rest" }, rest)));
  }
}

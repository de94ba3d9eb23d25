// The source beside the chat: a document's text around a passage, with the passage and its sentence marked.

import { getBlob, getJson, hasKey, Problem } from "./api.js";
import { $, announce, copy, download, h, icon, iconButton } from "./dom.js";
import { citationAsMarkdown, citationAsText } from "./markdown.js";
import { marked } from "./passages.js";
import { day, fileName, slicer, under } from "./text.js";

const WINDOW = 6000; // characters loaded at once, before and after what is there

export const isOverChat = () => matchMedia("(max-width: 860px)").matches;

/** The address of a passage within this page. */
export const addressOf = (documentId, number) => `#/documents/${encodeURIComponent(documentId)}/passages/${number}`;

/** What an address within this page means, or null. */
export function addressed(hash) {
  const found = /^#\/documents\/([^/]+)\/passages\/(\d+)$/.exec(hash);
  return found && { documentId: decodeURIComponent(found[1]), number: Number(found[2]) };
}

export class SourcePanel {
  #opening = 0;
  #opener = null;
  #observer = null;
  #shown = null;

  /** `go` opens another passage of the document by its number; `closed` is called when it closes. */
  constructor({ go, close }) {
    this.go = go;
    this.close = close;
    this.element = $("source");
  }

  get isOpen() {
    return !this.element.hidden;
  }

  /** The number of the passage that is shown, and of how many. */
  get shown() {
    return this.#shown;
  }

  /** Shows a passage. `mark` is a span of the document's characters, or null. */
  async show({ documentId, number, mark }) {
    const opening = ++this.#opening;
    if (!this.isOpen) this.#opener = document.activeElement;
    this.element.hidden = false;
    document.body.classList.add("with-source");
    this.#coverChat(isOverChat());
    if (!this.element.childElementCount) this.#frame("Source", [], h("p", { class: "loading" }, "Loading …"));
    if (!this.element.contains(document.activeElement)) this.element.focus({ preventScroll: true });
    try {
      const address = `/documents/${encodeURIComponent(documentId)}`;
      const [info, passage] = await Promise.all([getJson(address), getJson(`${address}/passages/${number}`)]);
      const start = Math.max(0, passage.start - WINDOW);
      const text = await getJson(`${address}/text?start=${start}&end=${passage.end + WINDOW}`);
      if (opening === this.#opening) this.#render(address, info, passage, text, mark);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (opening !== this.#opening) return;
      const gone = error.status === 404 ? "This document or passage isn’t in the store any more." : error.message;
      this.#frame("Source", [], h("p", { class: "problem", role: "alert" }, gone));
    }
  }

  hide() {
    if (!this.isOpen) return;
    this.#opening++;
    this.#observer?.disconnect();
    this.#shown = null;
    this.element.hidden = true;
    this.element.replaceChildren();
    document.body.classList.remove("with-source");
    this.#coverChat(false);
    if (this.#opener?.isConnected) this.#opener.focus();
    else $("question").focus();
  }

  #coverChat(isCovered) {
    $("chat").inert = isCovered;
  }

  #frame(title, meta, ...content) {
    this.element.replaceChildren(
      h(
        "header",
        { class: "source-head" },
        h("div", { class: "titles" },
          h("h2", { class: "source-title" }, title),
          h("p", { class: "meta" }, meta.map((part) => h("span", {}, part)))),
        iconButton("close", "Close the source", () => this.close()),
      ),
      ...content,
    );
  }

  #render(address, info, passage, text, mark) {
    this.#shown = { number: passage.passage, total: passage.passages };
    const source = {
      title: info.title, path: info.path, date: info.date, heading: passage.heading, page: passage.page,
      start: passage.start, end: passage.end,
    };
    const meta = [info.date && day(info.date), under(source), passage.page != null && `p. ${passage.page}`];
    const reader = h("div", { class: "reader", tabindex: "0", role: "region", "aria-label": "The document’s text" });
    const focused = this.element.contains(document.activeElement) ? document.activeElement.dataset.keep : null;
    this.#frame(
      info.title,
      meta.filter(Boolean),
      h(
        "div",
        { class: "source-tools" },
        iconButton("copy", "", () => copy(citationAsText(source, passage.text), "Citation"), { text: "Copy citation" }),
        iconButton("copy", "", () => copy(citationAsMarkdown(source, passage.text), "Markdown"), { text: "as Markdown" }),
        this.#original(address, info, passage.page, reader),
      ),
      h("p", { class: "path", title: info.path }, info.path),
      reader,
      this.#steps(),
    );
    if (focused) this.element.querySelector(`[data-keep="${focused}"]:not(:disabled)`)?.focus();
    if (!this.element.contains(document.activeElement)) this.element.focus({ preventScroll: true });
    this.#fill(reader, address, passage, text, mark);
    announce(`Source: ${info.title}, passage ${passage.passage + 1} of ${passage.passages}`);
  }

  #steps() {
    const { number, total } = this.#shown;
    const step = (name, label, to) => iconButton(name, label, () => this.go(to), {
      disabled: to < 0 || to >= total, "data-keep": name,
    });
    return h(
      "footer",
      { class: "steps" },
      step("prev", "Previous passage of the document", number - 1),
      h("span", {}, `Passage ${number + 1} of ${total}`),
      step("next", "Next passage of the document", number + 1),
    );
  }

  /** The link to the file itself. What is opened by the browser can't carry a key: then it is fetched. */
  #original(address, info, page, reader) {
    if (!info.original) return null;
    const url = `${address}/original`;
    if (hasKey()) {
      const get = async () => download(fileName(info.path), await getBlob(url));
      return iconButton("open", "", () => get().catch((error) => announce(error.message)), { text: "Original" });
    }
    const at = page != null ? `${url}#page=${page}` : url;
    const link = h("a", { class: "quiet", href: at, target: "_blank", rel: "noopener" }, icon("open"), "Original");
    if (info.media_type !== "application/pdf") return link;
    return [link, this.#pages(page != null ? `${at}&navpanes=0` : url, reader)];
  }

  /** A switch between a PDF's text and its pages. */
  #pages(url, reader) {
    const button = h("button", { type: "button", class: "quiet", "aria-pressed": "false", onclick: () => {
      const isShown = button.getAttribute("aria-pressed") === "false";
      button.setAttribute("aria-pressed", String(isShown));
      reader.hidden = isShown;
      if (isShown) reader.after(h("iframe", { class: "pdf", src: url, title: "The PDF" }));
      else this.element.querySelector("iframe.pdf").remove();
    } }, "Pages");
    return button;
  }

  #fill(reader, address, passage, text, mark) {
    const cut = slicer(text.text);
    const part = (start, end) => cut(Math.max(0, start - text.start), Math.max(0, end - text.start));
    const [from, to] = mark ? [mark.start, mark.end] : [passage.start, passage.start];
    const before = part(text.start, passage.start);
    const after = part(passage.end, text.end);
    // Outlined as a block where it is one; in the middle of a paragraph it mustn't break it.
    const isBlock = /(^|\n)\s*$/.test(before) && /^\s*(\n|$)/.test(after);
    const hit = h(
      isBlock ? "div" : "span",
      { class: "hit", id: "hit" },
      ...marked([part(passage.start, from), part(from, to), part(to, passage.end)]),
    );
    const trim = isBlock ? (piece, pattern) => piece.replace(pattern, "") : (piece) => piece;
    const earlier = new End(address, "earlier", text.start, text.characters);
    const later = new End(address, "later", text.end, text.characters);
    reader.replaceChildren(earlier.button, h("div", { class: "document" },
      earlier.place, trim(before, /\s+$/), hit, trim(after, /^\s+/), later.place), later.button);
    const target = hit.querySelector("mark") ?? hit;
    reader.scrollTop += target.getBoundingClientRect().top - reader.getBoundingClientRect().top - reader.clientHeight / 3;
    this.#observer?.disconnect();
    this.#observer = new IntersectionObserver((entries) => {
      for (const entry of entries) if (entry.isIntersecting) entry.target.click();
    }, { root: reader, rootMargin: "300px" });
    this.#observer.observe(earlier.button);
    this.#observer.observe(later.button);
  }
}

/** One end of what is loaded of a text: a button for more, and the place where more is put. */
class End {
  #loading = false;

  constructor(address, which, at, total) {
    Object.assign(this, { address, which, at, total });
    this.place = document.createTextNode("");
    this.button = h("button", { type: "button", class: "load", onclick: () => this.load() }, `Load ${which} text`);
    this.#show();
  }

  #show() {
    this.button.hidden = this.which === "earlier" ? this.at <= 0 : this.at >= this.total;
  }

  async load() {
    if (this.#loading || this.button.hidden) return;
    this.#loading = true;
    const isEarlier = this.which === "earlier";
    const [start, end] = isEarlier ? [Math.max(0, this.at - WINDOW), this.at] : [this.at, this.at + WINDOW];
    try {
      const found = await getJson(`${this.address}/text?start=${start}&end=${end}`);
      const reader = this.button.parentElement;
      const height = reader?.scrollHeight;
      if (isEarlier) this.place.data = found.text + this.place.data;
      else this.place.data += found.text;
      this.at = isEarlier ? found.start : found.end;
      this.#show();
      if (isEarlier && reader) reader.scrollTop += reader.scrollHeight - height;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.button.textContent = `Load ${this.which} text (${error.message})`;
    } finally {
      this.#loading = false;
    }
  }
}

// Elements are made here and nowhere else: text goes in as text nodes, so no document can become markup.

const SVG = "http://www.w3.org/2000/svg";

/** The element with an id. */
export const $ = (id) => document.getElementById(id);

/** An element. Functions named on… are listeners, other values attributes (false and null: none). */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (value !== false && value != null) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== false && child !== undefined));
  return element;
}

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  const use = document.createElementNS(SVG, "use");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `#i-${name}`);
  svg.append(use);
  return svg;
}

/** A button with an icon; `label` is what it is called, `text` what is written beside the icon. */
export function iconButton(name, label, onclick, { text = "", ...attributes } = {}) {
  const shown = { type: "button", class: text ? "quiet" : "quiet icon", title: text ? null : label };
  return h("button", { ...shown, "aria-label": text ? null : label, onclick, ...attributes }, icon(name), text);
}

/** Says something to those who don't see the page change. */
export function announce(message) {
  $("live").textContent = message;
}

let fading;

/** Says something for a moment. */
export function toast(message) {
  const element = $("toast");
  element.textContent = message;
  element.hidden = false;
  announce(message);
  clearTimeout(fading);
  fading = setTimeout(() => { element.hidden = true; }, 3000);
}

export async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
    toast(`${what} copied`);
  } catch {
    toast("The browser doesn’t allow copying here");
  }
}

/** Offers a text as a file to keep. */
export function download(name, blob) {
  const link = h("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** Asks whether to go on; true if so. */
export function confirm(title, text, yes) {
  const dialog = $("confirm-dialog");
  $("confirm-title").textContent = title;
  $("confirm-text").textContent = text;
  $("confirm-yes").textContent = yes;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

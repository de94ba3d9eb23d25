// What is around the conversation: colours, the drawer at the side, the question for a key.

import { onKeyWanted } from "./api.js";
import { $ } from "./dom.js";
import { setting } from "./store.js";

export function setUpFrame() {
  $("theme").addEventListener("click", () => {
    const theme = isDark() ? "light" : "dark";
    document.documentElement.dataset.theme = theme;
    setting("theme", theme);
    showTheme();
  });
  $("shortcuts").addEventListener("click", () => $("keys-dialog").showModal());
  $("side-open").addEventListener("click", () => { openSide(true); $("side-close").focus(); });
  $("side-close").addEventListener("click", () => { openSide(false); $("side-open").focus(); });
  $("veil").addEventListener("click", () => openSide(false));
  $("key-cancel").addEventListener("click", () => $("key-dialog").close());
  onKeyWanted(askForKey);
  showTheme();
}

/** Opens or closes the list of conversations, where the window is too narrow for it. */
export function openSide(isOpen) {
  document.body.classList.toggle("with-side", isOpen);
  $("veil").hidden = !isOpen;
  $("chat").inert = isOpen;
  $("side-open").setAttribute("aria-expanded", String(isOpen));
}

const isDark = () => {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
};

function showTheme() {
  $("theme").setAttribute("aria-label", `Change to ${isDark() ? "light" : "dark"} colours`);
}

function askForKey(wasRefused) {
  const dialog = $("key-dialog");
  $("key-why").textContent = wasRefused
    ? "That key isn’t valid here. Another is kept until you close this tab."
    : "This store wants a key. It is kept until you close this tab.";
  $("key").value = "";
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "ok" ? $("key").value.trim() : null), { once: true });
  });
}

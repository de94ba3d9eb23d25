// Loaded before the styles, so that a page in the chosen colours never flashes in the others.
(() => {
  let chosen = null;
  try { chosen = localStorage.getItem("qa.theme"); } catch { /* storage is off */ }
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
})();

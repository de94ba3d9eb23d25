// Texts as the service counts them, and as a person reads them.

/** Cuts a text at the service's offsets, which count characters, where JavaScript counts 16-bit units. */
export function slicer(text) {
  if (!/[\u{10000}-\u{10ffff}]/u.test(text)) return (start, end) => text.slice(start, end);
  const characters = Array.from(text);
  return (start, end) => characters.slice(start, end).join("");
}

export const plural = (n, one, many = `${one}s`) => `${n.toLocaleString("en")} ${n === 1 ? one : many}`;

export const fileName = (path) => path.split(/[\\/]/).pop() || path;

/** A day as one reads it; what isn't a day stays as it is. */
export function day(iso) {
  const date = new Date(`${iso}T00:00:00Z`);
  if (!iso || Number.isNaN(date.valueOf())) return iso || "";
  return date.toLocaleDateString("en-GB", { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
}

/** The headings that a passage is under, without those that only say the title again; null if none. */
export function under({ heading, title }) {
  return heading?.split(" > ").filter((part) => part !== title).join(" › ") || null;
}

/** Where a passage stands within its document, in words; parts that aren't known are left out. */
export function place(source) {
  return [
    source.date ? day(source.date) : null,
    under(source),
    source.page != null ? `p. ${source.page}` : null,
    fileName(source.path),
  ].filter(Boolean);
}

/** A citation in plain words. */
export function citation(source) {
  const parts = [source.title, ...place(source)];
  return `${parts.join(", ")}, characters ${source.start}–${source.end}`;
}

/** How well a passage matches, in words. Only the first one's confidence says that it answers. */
export function strength(passage, answer) {
  if (!answer.answered) return "weak";
  if (passage.rank === 1) return answer.confidence >= 0.65 ? "strong" : "good";
  return passage.score >= 0.3 ? "good" : "weak";
}

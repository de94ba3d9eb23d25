// The service over HTTP: its JSON, its problems as errors, its events as they come.

const KEY = "qa.key";
let remembered = null;
let askForKey = async () => null;
let canStream = true;

/** What the service says went wrong. */
export class Problem extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

/** Sets what asks for a key when one is wanted: an async function of whether one was refused. */
export function onKeyWanted(ask) {
  askForKey = ask;
}

function key() {
  try { return sessionStorage.getItem(KEY) ?? remembered; } catch { return remembered; }
}

function remember(value) {
  remembered = value;
  try { sessionStorage.setItem(KEY, value); } catch { /* storage is off: until the page is left */ }
}

export function authorization() {
  return key() ? { Authorization: `Bearer ${key()}` } : {};
}

export const hasKey = () => Boolean(key());

let asking = null;

/** A key from the person, asked for once however many requests want it; false if there is none. */
export async function newKey() {
  asking ??= askForKey(hasKey()).finally(() => { asking = null; });
  const given = await asking;
  if (given) remember(given);
  return Boolean(given);
}

async function send(path, options = {}) {
  const used = key();
  let response;
  try {
    response = await fetch(path, { ...options, headers: { ...options.headers, ...authorization() } });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, "The service can’t be reached. Is qa serve still running?");
  }
  if (response.ok) return response;
  // Another request may have brought a key meanwhile.
  if (response.status === 401 && (used !== key() || (await newKey()))) return send(path, options);
  throw await problemOf(response);
}

async function problemOf(response) {
  const body = await response.json().catch(() => ({}));
  return new Problem(response.status, body.detail || body.title || `The service answered with ${response.status}.`);
}

export async function getJson(path, signal) {
  return (await send(path, { signal })).json();
}

export async function getBlob(path) {
  return (await send(path)).blob();
}

function post(path, body, options = {}) {
  const headers = { "Content-Type": "application/json", ...options.headers };
  return send(path, { method: "POST", body: JSON.stringify(body), ...options, headers });
}

export const sendFeedback = (body) => post("/feedback", body);

/** Server-sent events out of the pieces of a text. */
export class EventParser {
  #rest = "";

  /** The events that are whole with this piece, each as [name, object]. */
  push(piece) {
    this.#rest = (this.#rest + piece).replace(/\r\n/g, "\n");
    const blocks = this.#rest.split("\n\n");
    this.#rest = blocks.pop();
    return blocks.map(EventParser.#event).filter(Boolean);
  }

  static #event(block) {
    let name = "message";
    const data = [];
    for (const line of block.split("\n")) {
      const [, field, value] = /^([^:]*):? ?(.*)$/.exec(line);
      if (field === "event") name = value;
      if (field === "data") data.push(value);
    }
    return data.length ? [name, JSON.parse(data.join("\n"))] : null;
  }
}

/** Asks a question. `on` has functions passages, answer (a piece of text, and the sentence that a
 * language model wrote, if one did) and citations, called as they come. Throws a Problem. */
export async function ask(body, signal, on) {
  if (canStream) {
    try {
      const response = await post("/ask/stream", body, { signal, headers: { Accept: "text/event-stream" } });
      return await streamed(response, on);
    } catch (error) {
      if (![404, 405].includes(error.status)) throw error;
      canStream = false;
    }
  }
  const answer = await (await post("/ask", body, { signal })).json();
  on.passages({ searched_for: answer.searched_for, passages: answer.passages });
  if (answer.answered) on.answer(answer.answer.text, null);
  on.citations(answer);
}

async function streamed(response, on) {
  const parser = new EventParser();
  const decoder = new TextDecoder();
  let whole = false;
  for await (const bytes of chunks(response.body)) {
    for (const [name, data] of parser.push(decoder.decode(bytes, { stream: true }))) {
      if (name === "error") throw new Problem(data.status, data.detail || data.title);
      if (name === "answer") on.answer(data.text, data.sentence);
      else if (name === "done") whole = true;
      else on[name]?.(data);
    }
  }
  if (!whole) throw new Problem(0, "The answer broke off.");
}

async function* chunks(stream) {
  const reader = stream.getReader();
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) yield part.value;
  } finally {
    reader.releaseLock();
  }
}

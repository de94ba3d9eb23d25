// Conversations, kept in this browser: each under a key of its own, so that two tabs don't undo each
// other's work. What doesn't fit any more makes the oldest ones go.

const PREFIX = "qa.conversation.";
const MOST = 50;
const MOST_TURNS = 100;
const MOST_CHARACTERS = 2_000_000;

const memory = new Map(); // what there is of storage where the browser offers none

const storage = (() => {
  try {
    localStorage.setItem("qa.probe", "");
    localStorage.removeItem("qa.probe");
    return localStorage;
  } catch {
    return {
      getItem: (key) => memory.get(key) ?? null,
      setItem: (key, value) => memory.set(key, value),
      removeItem: (key) => memory.delete(key),
      key: (index) => [...memory.keys()][index] ?? null,
      get length() { return memory.size; },
    };
  }
})();

export function setting(name, value) {
  try {
    if (value !== undefined) storage.setItem(`qa.${name}`, value);
    return storage.getItem(`qa.${name}`);
  } catch {
    return null;
  }
}

export const identifier = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");

export const newConversation = () => ({ id: identifier(), title: "", changed: 0, filters: {}, turns: [] });

function keys() {
  const found = [];
  for (let index = 0; index < storage.length; index++) {
    const key = storage.key(index);
    if (key?.startsWith(PREFIX)) found.push(key);
  }
  return found;
}

function read(key) {
  try {
    const conversation = JSON.parse(storage.getItem(key));
    const isOne = typeof conversation.id === "string" && Array.isArray(conversation.turns);
    return isOne ? conversation : null;
  } catch {
    return null;
  }
}

/** All conversations, the last changed first. */
export function conversations() {
  return keys().map(read).filter(Boolean).sort((one, other) => other.changed - one.changed);
}

export const conversation = (id) => read(PREFIX + id);

/** Keeps a conversation; false if it can't be kept, as when it alone is too large. */
export function keep(conversation_) {
  conversation_.changed = Date.now();
  conversation_.turns = conversation_.turns.slice(-MOST_TURNS);
  const text = JSON.stringify(conversation_);
  const others = conversations().filter((other) => other.id !== conversation_.id);
  const sizes = others.map((other) => (storage.getItem(PREFIX + other.id) ?? "").length);
  let total = text.length + sizes.reduce((sum, size) => sum + size, 0);
  while (others.length && (others.length >= MOST || total > MOST_CHARACTERS)) {
    remove(others.pop().id);
    total -= sizes.pop();
  }
  for (;;) {
    try {
      storage.setItem(PREFIX + conversation_.id, text);
      return true;
    } catch {
      if (!others.length) return false;
      remove(others.pop().id);
    }
  }
}

export function remove(id) {
  storage.removeItem(PREFIX + id);
}

export function removeAll() {
  keys().forEach((key) => storage.removeItem(key));
}

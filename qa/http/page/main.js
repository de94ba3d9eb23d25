// The page: a conversation, the side, the source, and what happens between them.

import { ask, getJson, Problem } from "./api.js";
import { spoken, TurnView } from "./chat.js";
import { showConversations } from "./conversations.js";
import { $, announce, download, h, icon } from "./dom.js";
import { offerFeedback } from "./feedback.js";
import { conditions, Filters } from "./filters.js";
import { openSide, setUpFrame } from "./frame.js";
import { listenToKeys } from "./keys.js";
import { conversationAsMarkdown } from "./markdown.js";
import { addressed, addressOf, isOverChat, SourcePanel } from "./source.js";
import * as store from "./store.js";
import { plural } from "./text.js";
import { offerUploads } from "./upload.js";

const MOST_TURNS = 20; // of a conversation, sent with a question
const LONGEST_PASSAGE = 20_000; // characters of it that are sent

let current = store.newConversation();
let views = new Map(); // of the turns, by their id
let running = null; // what stops the question that is being asked

const filters = new Filters(() => current.filters, (changed) => { current.filters = changed; if (current.turns.length) save(); });
const source = new SourcePanel({ go: goToPassage, close: closeSource });

// ------------------------------------------------------------------ conversations

function show(conversation) {
  running?.abort();
  current = conversation;
  store.setting("current", current.id);
  views = new Map(current.turns.map((turn) => [turn.id, new TurnView(turn, turnActions)]));
  $("log").replaceChildren(...[...views.values()].map((view) => view.element));
  filters.show();
  showTitle();
  showSide();
  $("scroll").scrollTop = $("scroll").scrollHeight;
  openSide(false);
}

function showTitle() {
  const isEmpty = current.turns.length === 0;
  $("empty").hidden = !isEmpty;
  $("title").textContent = isEmpty ? "New conversation" : current.title;
  document.title = isEmpty ? "qa – ask your documents" : `${current.title} – qa`;
  $("export").hidden = !current.turns.some((turn) => turn.answer);
}

function showSide() {
  showConversations(current.id, {
    choose: (id) => {
      closeSource();
      show(store.conversation(id) ?? store.newConversation());
      $("question").focus();
    },
    renamed: (id, title) => {
      if (id === current.id) current.title = title;
      showTitle();
      showSide();
      $("conversations").querySelector("[aria-current], .choose")?.focus();
    },
    removed: (id) => {
      if (id === current.id) show(store.newConversation());
      else showSide();
      $("new").focus();
    },
    cleared: () => { closeSource(); show(store.newConversation()); $("question").focus(); },
  });
}

function save() {
  // What isn't answered isn't kept.
  const turns = current.turns.filter((turn) => turn.answer);
  const isKept = store.keep({ ...current, turns });
  $("kept").textContent = isKept ? "Kept in this browser only." : "This browser keeps no more: export what you need.";
  showSide();
}

// ------------------------------------------------------------------ asking

const turnActions = {
  open: openPassage,
  retry: (turn) => run(turn),
  changed: save,
};

function submit(question) {
  const text = question.trim();
  if (!text || running) return;
  const turn = { id: store.identifier(), at: Date.now(), question: text, filters: current.filters };
  current.turns.push(turn);
  current.title ||= text.slice(0, 120);
  const view = new TurnView(turn, turnActions);
  views.set(turn.id, view);
  $("log").append(view.element);
  $("question").value = "";
  grow();
  showTitle();
  view.element.scrollIntoView({ block: "start" });
  if (isOverChat()) closeSource();
  if (matchMedia("(pointer: coarse)").matches) $("question").blur(); // its keyboard would cover the answer
  run(turn);
}

async function run(turn) {
  if (running) return;
  const view = views.get(turn.id);
  const stopping = new AbortController();
  const found = {};
  running = stopping;
  showRunning(true);
  view.work();
  announce("Reading the documents");
  try {
    await ask(request(turn), stopping.signal, {
      passages: (data) => { Object.assign(found, data); view.passages(found); },
      answer: (piece, sentence) => view.answer(piece, sentence),
      citations: (data) => Object.assign(found, data),
    });
    turn.answer = slim(found);
    view.finish();
    announce(spoken(turn.answer));
    if (views.get(turn.id) === view) { showTitle(); save(); }
  } catch (error) {
    if (stopping.signal.aborted) view.stopped();
    else if (error instanceof Problem) view.failed(error.message);
    else { view.failed("Something failed in this page."); throw error; }
  } finally {
    if (running === stopping) { running = null; showRunning(false); }
  }
}

function request(turn) {
  const before = current.turns.slice(0, current.turns.indexOf(turn)).filter((earlier) => earlier.answer);
  const history = before.slice(-MOST_TURNS).map(({ question, answer }) => ({
    question,
    answer: answer.answer?.text ?? null,
    passage: answer.answered ? answer.passages[0]?.text.slice(0, LONGEST_PASSAGE) ?? null : null,
  }));
  return { question: turn.question, filters: conditions(turn.filters), history };
}

/** An answer with what the page shows of it. */
function slim({ searched_for, answered, confidence, answer, notice, sentences, passages }) {
  const kept = passages.map(({ rank, score, text, highlights, source: where, also }) =>
    ({ rank, score, text, highlights, source: where, also }));
  const written = (sentences ?? []).map(({ text, supported, source: where }) => ({ text, supported, source: where }));
  return { searched_for, answered, confidence, answer, notice, sentences: written, passages: kept };
}

function showRunning(isRunning) {
  const hadFocus = document.activeElement === (isRunning ? $("send") : $("stop"));
  $("send").hidden = isRunning;
  $("stop").hidden = !isRunning;
  if (hadFocus) (isRunning ? $("stop") : $("question")).focus();
}

// ------------------------------------------------------------------ the source

/** Opens a passage in its source, with the sentence marked that `where` says, or the nearest one. */
function openPassage(passage, turn, where) {
  const { document_id: documentId, passage: number, start } = passage.source;
  const [sentence] = passage.highlights;
  const mark = where ? { start: where.start, end: where.end } : sentence ? { start: start + sentence.start, end: start + sentence.end } : null;
  goTo({ documentId, number, mark, turn: turn.id, rank: passage.rank });
}

/** Shows a passage and puts its address into the address bar: "back" closes it. */
function goTo(state) {
  const change = source.isOpen ? "replaceState" : "pushState";
  history[change](state, "", addressOf(state.documentId, state.number));
  showAddressed();
}

function goToPassage(number) {
  goTo({ documentId: addressed(location.hash).documentId, number, mark: null });
}

function closeSource() {
  if (addressed(location.hash)) history.replaceState(null, "", location.pathname);
  showAddressed();
}

function showAddressed() {
  const address = addressed(location.hash);
  markShown();
  if (address) source.show({ ...address, mark: stateOf(address)?.mark ?? null });
  else source.hide();
}

/** What is known of how an address came about, besides the address. */
const stateOf = (address) => (history.state?.documentId === address?.documentId ? history.state : null);

/** Marks the passage in the chat whose source is open. */
function markShown() {
  for (const shown of document.querySelectorAll(".passage.shown")) shown.classList.remove("shown");
  const state = stateOf(addressed(location.hash));
  views.get(state?.turn)?.element.querySelector(`[data-rank="${state.rank}"]`)?.classList.add("shown");
}

/** The next passage: in the source the one whose turn it is there, in the chat the one that gets the focus. */
function step(by) {
  if (source.isOpen) {
    const { turn, rank } = history.state ?? {};
    const passages = views.get(turn)?.turn.answer?.passages;
    const next = passages?.find((passage) => passage.rank === rank + by);
    if (next) openPassage(next, views.get(turn).turn);
    else if (!passages && source.shown) {
      const number = source.shown.number + by;
      if (number >= 0 && number < source.shown.total) goToPassage(number);
    }
    return;
  }
  const all = [...document.querySelectorAll(".passage")];
  if (!all.length) return;
  const at = all.indexOf(document.activeElement.closest(".passage"));
  const last = $("log").lastElementChild.querySelector(".passage");
  const next = at < 0 ? last : all[Math.min(all.length - 1, Math.max(0, at + by))];
  next?.querySelector(".open").focus();
  next?.scrollIntoView({ block: "nearest" });
}

/** Closes what is open, the innermost first. */
function closeInnermost() {
  if (filters.isOpen) filters.toggle(false);
  else if (source.isOpen) closeSource();
  else if (document.body.classList.contains("with-side")) $("side-close").click();
  else if (document.activeElement === $("question")) ($("log").lastElementChild ?? $("new")).focus({ preventScroll: true });
}

// ------------------------------------------------------------------ around it

function grow() {
  const box = $("question");
  box.style.height = "auto";
  box.style.height = `${box.scrollHeight}px`;
}

/** Who writes the answers, and what of the question leaves this computer. */
function showWriter(model) {
  $("writer").textContent = model
    ? `Answers are written by ${model.model} at ${model.host}, from the passages found, and each sentence is checked against them.`
    : "Answers are quoted. Nothing is sent to a language model.";
}

async function showAbout() {
  try {
    const about = await getJson("/about");
    showWriter(about.language_model);
    const has = about.documents > 0;
    $("counts").textContent = has
      ? `${plural(about.documents, "document")} · ${plural(about.passages, "passage")}`
      : `There are no documents yet. ${about.uploads ? "Add some, or run" : "Run"} qa ingest PATH.`;
    $("suggestions").replaceChildren(...about.suggestions.map((question) =>
      h("li", {}, h("button", { type: "button", onclick: () => submit(question) }, h("span", {}, question), icon("next")))));
    return about;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    $("counts").replaceChildren(error.message, " ", h("button", { type: "button", class: "link", onclick: start }, "Try again"));
    return null;
  }
}

let isStarted = false;

async function start() {
  const about = await showAbout();
  if (!about || isStarted) return;
  isStarted = true;
  if (about.feedback) {
    offerFeedback(true);
    for (const view of views.values()) if (view.turn.answer) view.finish();
    markShown();
  }
  if (about.uploads) offerUploads(about, showAbout);
}

$("composer").addEventListener("submit", (event) => { event.preventDefault(); submit($("question").value); });
$("question").addEventListener("input", grow);
$("question").addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  submit($("question").value);
});
$("stop").addEventListener("click", () => running?.abort());
$("new").addEventListener("click", () => { closeSource(); show(store.newConversation()); $("question").focus(); });
$("export").addEventListener("click", () => {
  const name = current.title.normalize("NFKD").replace(/[^\w]+/g, "-").replace(/^-|-$/g, "").slice(0, 60).toLowerCase();
  download(`${name || "conversation"}.md`, new Blob([conversationAsMarkdown(current)], { type: "text/markdown" }));
});
addEventListener("popstate", showAddressed);
addEventListener("storage", showSide);
listenToKeys({ question: () => { if (isOverChat()) closeSource(); $("question").focus(); }, close: closeInnermost, step });

setUpFrame();
show(store.conversation(store.setting("current") ?? "") ?? store.newConversation());
if (addressed(location.hash)) showAddressed();
start();

// Documents added by dropping or choosing them, one after the other, each with how far it is.

import { authorization, EventParser, newKey } from "./api.js";
import { $, announce, h, iconButton } from "./dom.js";
import { plural } from "./text.js";

const STAGES = { received: "Reading", parsed: "Read", embedding: "Embedding", stored: "Stored" };

/** Turns adding on. `changed` is called when a document was added. */
export function offerUploads({ suffixes, max_upload_mb: mostMb }, changed) {
  const queue = [];
  let isBusy = false;

  $("upload").hidden = false;
  $("files").accept = suffixes.join(",");
  $("upload").addEventListener("click", () => $("files").click());
  $("files").addEventListener("change", () => { add($("files").files); $("files").value = ""; });
  addEventListener("dragover", (event) => { if (isOfFiles(event)) { event.preventDefault(); $("drop").hidden = false; } });
  addEventListener("dragleave", (event) => { if (!event.relatedTarget) $("drop").hidden = true; });
  addEventListener("drop", (event) => {
    $("drop").hidden = true;
    if (!isOfFiles(event)) return;
    event.preventDefault();
    add(event.dataTransfer.files);
  });

  function add(files) {
    for (const file of files) queue.push([file, new Row(file.name)]);
    work();
  }

  async function work() {
    if (isBusy) return;
    isBusy = true;
    while (queue.length) {
      const [file, row] = queue.shift();
      const refused = refusal(file);
      if (refused) row.failed(refused);
      else if (await upload(file, row)) changed();
    }
    isBusy = false;
  }

  function refusal(file) {
    const isRead = suffixes.some((suffix) => file.name.toLowerCase().endsWith(suffix));
    if (!isRead) return `It isn’t one of ${suffixes.join(", ")}.`;
    if (file.size > mostMb * 1e6) return `It is larger than ${mostMb} MB.`;
    return null;
  }
}

const isOfFiles = (event) => event.dataTransfer?.types.includes("Files");

/** What is said of one file. */
class Row {
  constructor(name) {
    this.name = name;
    this.progress = h("progress", { max: "1", value: "0", "aria-label": `Adding ${name}` });
    this.state = h("span", { class: "state" }, "Waiting");
    this.element = h("div", { class: "upload" }, h("span", { class: "name" }, name), this.progress, this.state);
    $("uploads").append(this.element);
    $("uploads").hidden = false;
  }

  at(share, state) {
    if (share === null) this.progress.removeAttribute("value");
    else this.progress.value = share;
    this.state.textContent = state;
  }

  done(state) {
    this.#end(state);
  }

  failed(reason) {
    this.element.classList.add("failed");
    this.#end(reason);
  }

  #end(state) {
    this.progress.remove();
    this.state.textContent = state;
    announce(`${this.name}: ${state}`);
    const dismiss = () => {
      this.element.remove();
      $("uploads").hidden = !$("uploads").childElementCount;
      $("question").focus();
    };
    this.element.append(iconButton("close", `Dismiss ${this.name}`, dismiss));
  }
}

/** Sends a file; resolves to whether it is in the store now. fetch tells nothing of how far it is. */
function upload(file, row) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    const parser = new EventParser();
    let read = 0;
    let isAdded = null;

    const fail = (problem) => {
      isAdded = false;
      row.failed(problem.detail || problem.title || `The service answered with ${request.status}.`);
    };
    const events = {
      progress: ({ stage, done, total }) => {
        const counted = stage === "embedding" && total > 1 ? ` ${done} of ${total}` : "";
        row.at(stage === "embedding" && total ? done / total : null, `${STAGES[stage] ?? stage}${counted}`);
      },
      document: ({ document: added, report }) => {
        isAdded = Boolean(added);
        if (!added) fail({ detail: report.failed[0]?.reason ?? "It couldn’t be taken in." });
        else if (!report.added && !report.updated) row.done("Already there");
        else row.done(`Added, ${plural(added.passages, "passage")}`);
      },
      error: fail,
    };
    const readEvents = () => {
      if (!request.getResponseHeader("Content-Type")?.startsWith("text/event-stream")) return;
      const piece = request.responseText.slice(read);
      read += piece.length;
      for (const [name, data] of parser.push(piece)) events[name]?.(data);
    };

    request.open("POST", "/documents");
    request.setRequestHeader("Accept", "text/event-stream");
    for (const [name, value] of Object.entries(authorization())) request.setRequestHeader(name, value);
    request.upload.addEventListener("progress", ({ loaded, total }) => row.at(loaded / total, "Sending"));
    request.addEventListener("progress", readEvents);
    request.addEventListener("error", () => { fail({ detail: "The connection broke off." }); resolve(false); });
    request.addEventListener("load", async () => {
      if (request.status === 401 && (await newKey())) { resolve(upload(file, row)); return; }
      readEvents();
      if (isAdded === null) finish();
      resolve(Boolean(isAdded));
    });
    const body = new FormData();
    body.append("file", file);
    request.send(body);

    // What came isn't events: a problem, or the result at once.
    function finish() {
      let result = {};
      try { result = JSON.parse(request.responseText); } catch { /* no JSON: the status has to do */ }
      if (request.status < 300 && "document" in result) events.document(result);
      else fail(result);
    }
  });
}

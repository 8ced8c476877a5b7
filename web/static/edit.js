// The editors' form while somebody writes: preview and lint, autosave, and who else has saved.
// Without this script the form still saves; only the preview waits for the page to come back.

import { tableFromClipboard } from "./paste.js";

const AFTER_KEY = 250;      // ms of silence before the preview is asked for
const AUTOSAVE = 5000;      // ms between two autosaves of a changed form
const ASK_AGAIN = 8000;     // ms between two questions whether somebody else has saved
const ASK_SOON = 500;       // ms between two while what was published is not in the index yet

const form = document.getElementById("draft");
const saved = document.getElementById("saved");
const lint = document.getElementById("lint");
const preview = document.getElementById("preview");
const overtaken = document.getElementById("overtaken");
const trial = document.getElementById("trial");
const indexState = document.getElementById("index-state");
const place = `/edit/${form.dataset.article}`;

let composing = false;
let dirty = false;
let timer = 0;
let asking = null;
let leader = form.elements.body; // the pane whose scrolling the other follows
let soon = 0;

function fields() {
  const values = Object.fromEntries(new FormData(form));
  delete values.csrf_token;
  delete values.base;
  return values;
}

function send(path, body, signal) {
  return fetch(place + path, {
    method: "POST", body: JSON.stringify(body), signal,
    headers: { "Content-Type": "application/json", Accept: "application/json" },
  });
}

async function show() {
  asking?.abort();
  const mine = asking = new AbortController();
  try {
    const answer = await (await send("/preview", { fields: fields() }, mine.signal)).json();
    if (mine !== asking) return;
    if (answer.html) preview.innerHTML = answer.html; // the server's own, sanitised HTML
    tell(answer);
    followScroll();
  } catch (error) {
    if (error.name !== "AbortError") saved.textContent = "预览暂时不可用，照常可以写和保存。";
  }
}

function tell({ faults, findings }) {
  const rows = [
    ...faults.map((fault) => ["error", `${fault.field}：${fault.detail}`]),
    ...findings.map((each) => [each.severity, each.message]),
  ];
  lint.replaceChildren(...(rows.length ? rows : [["quiet", ""]]).map(([kind, words]) => {
    const row = document.createElement("li");
    row.className = kind;
    row.textContent = kind === "quiet" ? "没有发现问题" : `${kind === "error" ? "错误" : "提醒"}：${words}`;
    return row;
  }));
  const wrong = new Set(faults.map((fault) => fault.field.split(".")[0]));
  for (const input of form.elements) {
    if (wrong.has(input.name)) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
  }
}

function changed() {
  dirty = true;
  clearTimeout(timer);
  timer = setTimeout(show, AFTER_KEY);
}

async function keep() {
  if (!dirty || composing) return;
  dirty = false;
  try {
    const response = await send("/autosave", { base: Number(form.elements.base.value), fields: fields() });
    if (!response.ok) throw new Error(String(response.status));
    const answer = await response.json();
    saved.textContent = `已保存 ${answer.saved_at.slice(11, 16)}（自动，还不是新的一版）`;
    warn(answer);
  } catch {
    dirty = true;
    saved.textContent = "没能自动保存，稍后再试；文字还在这里。";
  }
}

function warn(state) {
  const newest = Number(form.dataset.newest);
  if (state.newest > newest) {
    overtaken.hidden = false;
    overtaken.textContent = `${state.author || "有人"} 刚保存了第 ${state.newest} 版。您继续写不会丢，保存时会对照三份文字。`;
  }
  if (trial?.hasAttribute("data-waits")) {
    if (state.trial) {
      trial.textContent = state.trial;
      trial.removeAttribute("data-waits");
    } else {
      clearTimeout(soon);
      soon = setTimeout(ask, ASK_SOON);
    }
  }
  if (state.status === "published") {
    indexState.textContent = state.indexed ? "已入索引" : "正在入索引…";
    clearTimeout(soon);
    if (!state.indexed) soon = setTimeout(ask, ASK_SOON);
  }
}

async function ask() {
  if (document.hidden) return;
  try {
    warn(await (await fetch(`${place}/state`)).json());
  } catch { /* the next question will tell */ }
}

function followScroll() {
  const follower = leader === preview ? form.elements.body : preview;
  const share = leader.scrollTop / Math.max(1, leader.scrollHeight - leader.clientHeight);
  follower.scrollTop = share * (follower.scrollHeight - follower.clientHeight);
}

function leadWhenUsed(pane) { // only the pane in use leads, so that the two never push each other
  for (const kind of ["wheel", "pointerdown", "touchstart", "keydown"]) {
    pane.addEventListener(kind, () => { leader = pane; }, { passive: true });
  }
  pane.addEventListener("scroll", () => { if (leader === pane) followScroll(); }, { passive: true });
}

form.addEventListener("compositionstart", () => { composing = true; clearTimeout(timer); });
form.addEventListener("compositionend", () => { composing = false; changed(); });
form.addEventListener("input", (event) => { if (!composing && !event.isComposing) changed(); });
form.addEventListener("focusout", keep);
[form.elements.body, preview].forEach(leadWhenUsed);
form.elements.body.addEventListener("paste", (event) => {
  const table = tableFromClipboard(event.clipboardData);
  if (!table) return;
  event.preventDefault();
  document.execCommand("insertText", false, table); // the only way that the browser's own undo knows
});
form.addEventListener("submit", () => { dirty = false; });
document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key === "s" && !event.isComposing) {
    event.preventDefault();
    form.requestSubmit();
  }
});
addEventListener("pagehide", () => {
  if (!dirty) return;
  fetch(`${place}/autosave`, {
    method: "POST", keepalive: true, headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ base: Number(form.elements.base.value), fields: fields() }),
  });
});
setInterval(keep, AUTOSAVE);
setInterval(ask, ASK_AGAIN);
document.querySelector("[aria-invalid=true]")?.focus();
show();
ask();

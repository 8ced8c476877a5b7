// The desk while the agent types: asks for suggestions, shows the server's HTML, keeps the text.
// Without this script every button still works as a plain form.

const AFTER_KEY = 150;   // ms of silence before asking
const LONGEST_WAIT = 800; // ms after which a stream of keys is asked for anyway
const SLOW = 2000;       // ms after which the agent is told that the server is slow

const desk = document.getElementById("desk");
const box = document.getElementById("q");
const notice = document.getElementById("notice");
const onTicket = document.querySelector(".bar[data-ticket]");
const draft = "kb:draft";

let composing = false;
let timer = 0;
let waitingSince = 0;
let asked = "";
let request = null;
const reported = new Set(); // items told to the server as seen

function say(words, failed = false) {
  notice.textContent = words;
  notice.classList.toggle("failed", failed);
}

function offerRetry(words) {
  say(`${words} `, true);
  const button = document.createElement("button");
  button.type = "button";
  button.className = "small";
  button.textContent = "再试一次";
  button.addEventListener("click", () => { asked = ""; ask(); });
  notice.append(button);
}

function facts() {
  const form = new FormData(desk);
  return ["region", "area", "category", "number"].map((name) => form.get(name)).join("\n");
}

function askLater(wait) {
  const now = performance.now();
  if (!waitingSince) waitingSince = now;
  clearTimeout(timer);
  timer = setTimeout(ask, Math.max(0, Math.min(wait, waitingSince + LONGEST_WAIT - now)));
}

async function ask() {
  clearTimeout(timer);
  waitingSince = 0;
  const text = box.value.trim();
  const wanted = `${text}\n${facts()}`;
  if (composing || !text || wanted === asked) return;
  asked = wanted;
  request?.abort();
  const mine = request = new AbortController();
  const results = document.getElementById("results");
  results.setAttribute("aria-busy", "true");
  const slow = setTimeout(() => say("服务较慢，请稍候；先前的结果仍可用。"), SLOW);
  try {
    const response = await fetch("/desk/fragment", {
      method: "POST", body: new FormData(desk), signal: mine.signal,
      headers: { Accept: "application/problem+json, text/html;q=0.9" },
    });
    const html = await response.text();
    if (mine !== request) return;
    if (!response.ok) throw new Refusal(problemWords(response, html));
    show(html);
    say("");
  } catch (error) {
    if (mine !== request || error.name === "AbortError") return;
    asked = "";
    offerRetry(error instanceof Refusal ? error.message : "连不上服务，先前的结果仍可用。");
  } finally {
    clearTimeout(slow);
    if (mine === request) document.getElementById("results").removeAttribute("aria-busy");
  }
}

class Refusal extends Error {}

function problemWords(response, text) {
  if (response.status >= 500) return "服务出错，先前的结果仍可用。";
  try {
    return JSON.parse(text).detail;
  } catch {
    return "没有查成。";
  }
}

function show(html) {
  const chosen = document.querySelector("[name=solution]:checked");
  const page = new DOMParser().parseFromString(html, "text/html");
  for (const part of page.querySelectorAll("[data-part]")) {
    document.getElementById(part.id)?.replaceWith(part);
  }
  if (chosen?.value) document.querySelector(`[name=solution][value="${CSS.escape(chosen.value)}"]`)?.click();
  requestAnimationFrame(reportShown);
}

function post(address, body) {
  return fetch(address, {
    method: "POST", keepalive: true, body: JSON.stringify(body),
    headers: { "Content-Type": "application/json" },
  }).catch(() => {});
}

function reportShown() {
  const results = document.getElementById("results");
  const ids = [...results.querySelectorAll("[data-impression]")]
    .filter((each) => each.offsetParent !== null && !reported.has(each.dataset.impression))
    .map((each) => each.dataset.impression);
  ids.forEach((id) => reported.add(id));
  if (ids.length) post(`/api/v1/suggestions/${results.dataset.session}/displayed`, { impression_ids: ids });
}

function remaining(due) {
  const left = new Date(due) - Date.now();
  const minutes = Math.floor(Math.abs(left) / 60000);
  const [days, hours] = [Math.floor(minutes / 1440), Math.floor(minutes / 60) % 24];
  const words = days ? `${days} 天 ${hours} 小时`
    : hours ? `${hours} 小时 ${minutes % 60} 分` : `${minutes} 分`;
  return `${left < 0 ? "已超" : "还有"} ${words}`;
}

if (desk && box) {
  if (onTicket) sessionStorage.removeItem(draft);
  else if (!box.value) box.value = sessionStorage.getItem(draft) ?? "";
  const showing = document.querySelector("#results[data-session]");
  if (showing) asked = `${box.value.trim()}\n${facts()}`;
  else if (!onTicket) askLater(0);

  box.addEventListener("compositionstart", () => { composing = true; clearTimeout(timer); });
  box.addEventListener("compositionend", () => { composing = false; askLater(0); });
  box.addEventListener("input", (event) => {
    if (!onTicket) sessionStorage.setItem(draft, box.value);
    if (!composing && !event.isComposing) askLater(AFTER_KEY);
  });
  desk.addEventListener("change", (event) => {
    if (["region", "area", "category", "number"].includes(event.target.name)) askLater(0);
  });
  desk.addEventListener("submit", () => { clearTimeout(timer); request?.abort(); });
}

document.addEventListener("click", (event) => {
  const card = event.target.closest("a.open")?.closest("[data-impression]");
  if (card) post(`/api/v1/impressions/${card.dataset.impression}/events`, { action: "clicked" });
});
document.addEventListener("toggle", (event) => {
  if (event.target.closest?.("#results")) reportShown();
}, true);
setInterval(() => {
  for (const each of document.querySelectorAll("[data-due]")) each.textContent = remaining(each.dataset.due);
}, 30000);

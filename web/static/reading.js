// The reading pane: opens an item at its hit, copies what may be said, and how to cite it.

import { tell } from "./server.js";
import { say } from "./toast.js";

let open = null;    // the option that is open
let since = 0;
const WORTH_TELLING = 2000; // ms of reading

const pane = () => document.getElementById("reading");

export const openOption = () => open;

export async function openBeside(option) {
  tell(option, "clicked");
  const url = option.dataset.url;
  if (url) window.open(url, "_blank", "noopener");
  else await openItem(option);
}

export async function openItem(option) {
  leave();
  const page = option.dataset.read ? await fetchReading(option) : detailOf(option);
  if (!page) return false;
  pane().replaceWith(page);
  open = option;
  since = Date.now();
  tell(option, "clicked");
  for (const each of document.querySelectorAll(".option")) each.classList.toggle("open", each.dataset.key === option.dataset.key);
  const hit = page.querySelector(".hit");
  page.scrollTop = hit ? hit.offsetTop - page.clientHeight / 3 : 0;
  if (matchMedia("(max-width: 60rem)").matches) page.scrollIntoView({ block: "start" });
  return true;
}

async function fetchReading(option) {
  try {
    const response = await fetch(option.dataset.read);
    if (!response.ok) throw new Error(String(response.status));
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    return page.getElementById("reading");
  } catch {
    say("没有打开：连不上服务。可以再按一次。");
    return null;
  }
}

function detailOf(option) {
  const page = document.createElement("section");
  page.id = "reading";
  page.className = "pane";
  page.tabIndex = -1;
  page.dataset.part = page.dataset.opened = "";
  page.setAttribute("aria-labelledby", "reading-title");
  const head = document.createElement("div");
  head.className = "pane-head";
  const title = document.createElement("h2");
  title.id = "reading-title";
  title.textContent = option.dataset.title;
  head.append(title, document.getElementById("fix-acts").content.cloneNode(true));
  page.append(head, option.querySelector("template.detail").content.cloneNode(true));
  return page;
}

// How long an item was read is told when it is left.
export function leave() {
  const dwell = Date.now() - since;
  if (open && dwell >= WORTH_TELLING) tell(open, "viewed", { dwell_ms: Math.min(dwell, 86400000) });
  open = null;
}

async function showing(option) {
  if (open?.dataset.key === option.dataset.key) return true;
  return openItem(option);
}

export async function copyWording(option) {
  if (!(await showing(option))) return;
  const lines = [...pane().querySelectorAll(".wording blockquote p")].map((each) => each.textContent);
  if (!lines.length) return say("这一条没有话术");
  await put(lines.join("\n"), "已复制话术");
  tell(option, "answer_copied");
}

export async function copyCitation(option) {
  if (!(await showing(option))) return;
  const cite = pane().querySelector(".cite")?.dataset;
  if (!cite) return say("这一条没有出处可引");
  const step = Number(cite.step) ? ` §步骤${cite.step}` : "";
  const anchor = Number(cite.step) ? `#step-${cite.step}` : "";
  await put(`${cite.title}${step} (v${cite.version}, ${cite.date}) ${location.origin}${cite.url}${anchor}`, "已复制引用");
}

// The clipboard of a page without HTTPS is reached by a text field only.
export async function put(text, words) {
  try {
    if (!navigator.clipboard) throw new Error("no clipboard");
    await navigator.clipboard.writeText(text);
  } catch {
    const before = document.activeElement;
    const field = document.createElement("textarea");
    field.value = text;
    field.className = "unseen";
    document.body.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    before?.focus();
    if (!done) return say("浏览器不让复制，请选中后按 Ctrl+C");
  }
  say(words);
}

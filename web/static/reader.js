// Reading an article: steps stay ticked, the heading one stands at is marked, links to headings, sizes of type.

import { put } from "./reading.js";
import { startTerms } from "./terms.js";

const SIZE = "kb:size";
const STANDS = 120; // px from the top: the last heading above that line is where one stands
const root = document.documentElement;
const page = document.querySelector(".reader").dataset;
const steps = document.querySelector(".reader .steps");

function kept(key) {
  try {
    return JSON.parse(localStorage.getItem(key) ?? "null");
  } catch {
    return null;
  }
}

function keepSteps() {
  const key = `kb:steps:${page.article}:${page.revision}`;
  const boxes = [...steps.querySelectorAll("input")];
  const done = kept(key) ?? [];
  boxes.forEach((box, place) => { box.checked = done.includes(place); });
  steps.addEventListener("change", () => localStorage.setItem(key, JSON.stringify(boxes.flatMap((box, place) => box.checked ? [place] : []))));
  document.getElementById("reset-steps").addEventListener("click", () => {
    boxes.forEach((box) => { box.checked = false; });
    localStorage.removeItem(key);
  });
}

function size(wanted) {
  root.dataset.size = wanted;
  for (const each of document.querySelectorAll(".sizes button")) each.setAttribute("aria-pressed", String(each.dataset.size === wanted));
}

function startSizes() {
  size(String(kept(SIZE) ?? 1));
  document.querySelector(".sizes").addEventListener("click", (event) => {
    const wanted = event.target.closest("button")?.dataset.size;
    if (!wanted) return;
    localStorage.setItem(SIZE, wanted);
    size(wanted);
  });
}

function startContents() {
  const links = [...document.querySelectorAll(".contents a")].map((link) => [link, document.getElementById(decodeURIComponent(link.hash.slice(1)))]);
  const mark = () => {
    const above = links.filter(([, heading]) => heading && heading.getBoundingClientRect().top < STANDS);
    const end = scrollY > 0 && scrollY + innerHeight >= root.scrollHeight - 2;
    const now = (end ? links.filter(([, heading]) => heading?.closest(".text")).at(-1) : above.filter(([, heading]) => heading.closest(".text")).at(-1)) ?? links[0];
    for (const [link] of links) link.toggleAttribute("aria-current", link === now?.[0]);
    now?.[0].setAttribute("aria-current", "true");
  };
  addEventListener("scroll", () => requestAnimationFrame(mark), { passive: true });
  mark();
}

function startAnchors() {
  for (const heading of document.querySelectorAll(".reader .text h2[id]")) {
    const words = heading.textContent;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "anchor";
    button.textContent = "#";
    button.setAttribute("aria-label", `复制“${words}”的链接`);
    button.addEventListener("click", () => put(`${location.origin}${location.pathname}#${heading.id}`, "已复制链接"));
    heading.append(button);
  }
}

if (steps) keepSteps();
startSizes();
startContents();
startAnchors();
startTerms();

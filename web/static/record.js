// The record: its first words come from the complaint and the solution chosen, never over what was typed.

import { say } from "./toast.js";

const PREFILLED = ["customer_demand", "root_cause", "resolution", "fix"];
const given = new Map(); // field → the words last put there by the page

const field = (name) => document.querySelector(`[form=desk][name=${name}]`);
const solution = () => document.getElementById("solution");

export function fill(words) {
  for (const name of PREFILLED) {
    const target = field(name);
    if (!target || words[name] === undefined) continue;
    const own = target.value !== "" && target.value !== given.get(name);
    if (own) continue;
    target.value = words[name];
    given.set(name, words[name]);
  }
}

export function fillFirst() {
  const words = document.getElementById("words").dataset;
  if (!solution().value) fill(words);
}

const optionOf = (choice) => choice?.dataset.key
  ? document.querySelector(`.option[data-key="${CSS.escape(choice.dataset.key)}"]`) : null;

// The steps ticked in the reading pane are what was done, but for questions to the caller.
function doneSteps(option) {
  const pane = document.getElementById("reading");
  if (pane.dataset.article !== option.dataset.key.split(":")[1]) return "";
  const done = [...pane.querySelectorAll(".steps li:not([data-asks]):has(:checked)")].map((each) => each.dataset.words.replace(/。$/, ""));
  return done.length ? `按《${option.dataset.title}》处理：${done.join("；")}。` : "";
}

function fillChosen() {
  const option = optionOf(solution().selectedOptions[0]);
  if (!option) return;
  const { root_cause = "", fix = "" } = option.dataset;
  const resolution = doneSteps(option) || option.dataset.resolution || "";
  const cause = root_cause || document.getElementById("words").dataset.root_cause;
  fill({ resolution, fix, ...(cause && { root_cause: cause }) });
}

// Chooses the item as what solved it; returns how to take that back.
export function chooseSolution(option) {
  const select = solution();
  const wanted = [...select.options].find((each) => each.dataset.key === option.dataset.key);
  if (!wanted) return null;
  const before = { place: select.selectedIndex, fields: PREFILLED.map((name) => [name, field(name).value]) };
  wanted.selected = true;
  fillChosen();
  mark();
  const resolution = field("resolution");
  resolution.focus();
  resolution.scrollIntoView({ block: "nearest" });
  return () => {
    select.selectedIndex = before.place;
    for (const [name, value] of before.fields) { field(name).value = value; given.set(name, value); }
    mark();
  };
}

// Notes the item as used; it is tied to the ticket when the ticket is kept or closed.
export function addReference(option) {
  const list = document.getElementById("references");
  if (list.querySelector(`[data-key="${CSS.escape(option.dataset.key)}"]`)) return null;
  const item = document.createElement("li");
  item.dataset.key = option.dataset.key;
  const input = Object.assign(document.createElement("input"), { type: "hidden", name: "reference", value: option.dataset.impression });
  input.setAttribute("form", "desk");
  const words = document.createElement("span");
  words.textContent = `参考：${option.dataset.title}`;
  item.append(input, words);
  list.append(item);
  mark();
  return () => { item.remove(); mark(); };
}

// Says on each card what it was used for, once: what is saved already says so itself while it is still the choice.
export function mark() {
  const chosen = solution().selectedOptions[0]?.dataset.key;
  const references = new Set([...document.querySelectorAll("#references [data-key]")].map((each) => each.dataset.key));
  for (const option of document.querySelectorAll(".option")) {
    const meta = option.querySelector(".meta");
    meta.querySelectorAll(".used.now").forEach((each) => each.remove());
    const saved = (usage) => meta.querySelector(`[data-usage=${usage}]`);
    saved("solution")?.toggleAttribute("hidden", option.dataset.key !== chosen);
    const words = [
      option.dataset.key === chosen && !saved("solution") && "✓ 用它解决",
      references.has(option.dataset.key) && !saved("reference") && "✓ 参考",
    ];
    for (const word of words.filter(Boolean)) {
      const label = document.createElement("span");
      label.className = "used now";
      label.textContent = word;
      meta.append(label);
    }
  }
}

export function startRecord(box) {
  const event = document.getElementById("event");
  box.addEventListener("input", () => { event.textContent = box.value.length > 120 ? `${box.value.slice(0, 119)}…` : box.value; });
  document.addEventListener("change", (changed) => {
    if (changed.target.id !== "solution") return;
    fillChosen();
    mark();
  });
  document.getElementById("close").addEventListener("click", (click) => {
    const missing = !solution().value && solution().options[0].text.startsWith("哪一条") ? solution()
      : !field("resolution").value.trim() ? field("resolution") : null;
    if (!missing) return;
    click.preventDefault();
    missing.focus();
    say(missing === solution() ? "办结前请选出解决问题的一条，或选“都不适用”" : "办结要写解决措施");
  });
  for (const name of PREFILLED) given.set(name, document.getElementById("words").dataset[name] ?? "");
  fillFirst();
  mark();
}

// The suggestions as one list to walk through: what is chosen stays chosen, nothing moves under the hand.

import { post } from "./server.js";

const PARTS = ["understood", "results", "fixes", "solutions", "words", "reading"];
const AT_ONCE = ["clocks", "customer", "repeat"];

export class List {
  constructor({ update, opened }) {
    this.update = update;   // the quiet button that brings what is held back
    this.opened = opened;   // called when an item is to be opened
    this.held = null;
    this.active = "";       // key of the chosen item
    this.reported = new Set();
    update.addEventListener("click", () => { this.apply(); this.box?.focus(); });
    document.addEventListener("click", (event) => this.clicked(event));
    document.addEventListener("focusin", (event) => { if (event.target === this.box && !this.active) this.choose(0); });
    this.dress();
  }

  get box() { return document.getElementById("suggestions") ?? document.getElementById("past"); }

  options(root = document) { return [...root.querySelectorAll("#suggestions > .option, #past > .option")]; }

  get chosen() {
    return this.options().find((each) => each.dataset.key === this.active) ?? null;
  }

  hasFocus() { return this.box !== null && document.activeElement === this.box; }

  isHeld() {
    return this.hasFocus() || ["results", "fixes"].some((id) => document.getElementById(id).matches(":hover"));
  }

  // Takes an answer: shows it, or holds it back when it would move what is under the hand.
  take(page) {
    for (const id of AT_ONCE) replacePart(page, id);
    const changed = countChanges(this.options(), this.options(page));
    this.held = page;
    if (changed && this.options().length && this.isHeld()) return this.offer(changed);
    this.apply();
  }

  offer(count) {
    this.update.textContent = `有 ${count} 条更新`;
    this.update.hidden = false;
  }

  apply() {
    const page = this.held;
    if (!page) return;
    this.held = null;
    this.update.hidden = true;
    const focused = this.hasFocus();
    const solution = document.getElementById("solution");
    const kept = solution?.selectedOptions[0];
    for (const id of PARTS) if (id !== "reading" || !isBeingRead()) replacePart(page, id);
    keepChoice(kept);
    this.dress();
    if (focused) this.box?.focus({ preventScroll: true });
    document.dispatchEvent(new CustomEvent("kb:shown"));
  }

  // Gives the server's plain list the roles of a list box; buttons inside are for those without scripts.
  dress() {
    const past = document.getElementById("past");
    for (const each of this.options()) {
      each.setAttribute("role", "option");
      each.querySelector("noscript")?.remove();
    }
    const box = this.box;
    if (!box) return;
    box.setAttribute("role", "listbox");
    box.tabIndex = 0;
    if (past && past !== box) {
      past.setAttribute("role", "group");
      box.setAttribute("aria-owns", "past");
    }
    this.mark();
    requestAnimationFrame(() => this.report());
  }

  mark() {
    const chosen = this.chosen;
    for (const each of this.options()) each.setAttribute("aria-selected", String(each === chosen));
    if (chosen) this.box.setAttribute("aria-activedescendant", chosen.id);
    else this.box?.removeAttribute("aria-activedescendant");
  }

  choose(place) {
    const options = this.options();
    if (!options.length) return;
    const chosen = options[(place + options.length) % options.length];
    this.active = chosen.dataset.key;
    this.mark();
    chosen.scrollIntoView({ block: "nearest" });
  }

  step(by) {
    const place = this.options().indexOf(this.chosen);
    this.choose(place < 0 ? (by > 0 ? 0 : -1) : place + by);
  }

  enter() {
    this.apply();
    this.box?.focus({ preventScroll: true });
    this.choose(Math.max(0, this.options().indexOf(this.chosen)));
  }

  clicked(event) {
    const option = event.target.closest(".option");
    if (!option || event.target.closest("a, button, summary, input")) return;
    this.active = option.dataset.key;
    this.mark();
    this.box.focus({ preventScroll: true });
    this.opened(option, event.ctrlKey || event.metaKey);
  }

  // Tells the server once which items were painted.
  report() {
    const session = document.getElementById("results").dataset.session;
    const ids = [...document.querySelectorAll("[data-impression]")]
      .filter((each) => each.offsetParent !== null && !this.reported.has(each.dataset.impression))
      .map((each) => each.dataset.impression);
    ids.forEach((id) => this.reported.add(id));
    if (session && ids.length) post(`/suggestions/${session}/displayed`, { impression_ids: ids });
  }
}

function replacePart(page, id) {
  const part = page.getElementById(id);
  if (part) document.getElementById(id)?.replaceWith(part);
}

function isBeingRead() {
  const pane = document.getElementById("reading");
  return pane.hasAttribute("data-opened") || pane.matches(":hover, :focus-within") || pane.querySelector(":checked");
}

// The solution chosen stays chosen, though its impression is of another question now.
function keepChoice(kept) {
  const select = document.getElementById("solution");
  if (!kept?.value) return;
  const same = [...select.options].find((each) => each.value === kept.value || (kept.dataset.key && each.dataset.key === kept.dataset.key));
  if (same) same.selected = true;
  else select.append(kept), (kept.selected = true);
}

function countChanges(before, after) {
  const keys = before.map((each) => each.dataset.key);
  return after.filter((each, place) => each.dataset.key !== keys[place]).length || Math.max(0, before.length - after.length);
}

// The desk: puts its parts together. Without scripts every button still works as a plain form.

import { tick } from "./clocks.js";
import { forgetDraft, keepDrafts } from "./drafts.js";
import { actionOf, keyOf, numbersOn, paint, startKeys } from "./keys.js";
import { List } from "./list.js";
import { copyCitation, copyWording, leave, openBeside, openItem, openOption } from "./reading.js";
import { addReference, chooseSolution, fillFirst, mark, startRecord } from "./record.js";
import { post, takeBack as takeEventBack, tell } from "./server.js";
import { startTerms } from "./terms.js";
import { say, takeBack } from "./toast.js";
import { Asker } from "./typing.js";

const form = document.getElementById("desk");
const box = document.getElementById("q");
const ticket = document.querySelector(".bar[data-ticket]")?.dataset.ticket ?? "";

function startDesk() {
  keepDrafts(form, ticket);
  const list = new List({ update: document.getElementById("update"), opened: (option, beside) => beside ? openBeside(option) : open(option) });
  const asker = new Asker({ form, box, notice: document.getElementById("notice"), show: (page) => { list.take(page); tick(); } });
  startRecord(box);
  startKeys();
  startTerms();
  if (document.getElementById("results").dataset.session) asker.asked = asker.question();
  else if (!ticket) asker.later(0);

  async function open(option) {
    if (await openItem(option)) paint();
  }

  function dismiss(option) {
    option.classList.add("dismissed");
    const told = tell(option, "dismissed");
    say(`已记“${option.dataset.title}”不适用`, () => { option.classList.remove("dismissed"); takeEventBack(told); }, keyOf("undo"));
  }

  function flag(option) {
    option.classList.add("flagged");
    const told = tell(option, "flagged");
    say(`已标记“${option.dataset.title}”有误，编辑会看到`, () => { option.classList.remove("flagged"); takeEventBack(told); }, keyOf("undo"));
  }

  async function decide(decision, words) {
    const session = document.getElementById("results").dataset.session;
    if (!session) return say("先输入投诉内容");
    const made = await post(`/suggestions/${session}/decisions`, { decision });
    if (!made) return say("没有报成，请再试");
    say(words, () => post(`/decisions/${made.decision_id}/undo`, {}), keyOf("undo"));
  }

  function reference(option) {
    const undo = addReference(option);
    say(undo ? `已记“${option.dataset.title}”为参考` : "已经记为参考", undo, keyOf("undo"));
  }

  function solve(option) {
    const undo = chooseSolution(option);
    if (undo) say(`解决办法：${option.dataset.title}。看过解决措施后按 Ctrl+Enter 办结`, undo, keyOf("undo"));
  }

  const ON_ITEM = { copy: copyWording, cite: copyCitation, reference, solution: solve, dismiss, flag };
  const gap = () => decide("gap", "已报缺口：手册里缺这一条");
  const none = () => decide("none_fit", "已记：这些建议都不适用");
  const ALONE = { gap, none, undo: takeBack, focus: () => box.focus(), help: () => document.getElementById("keys").showModal() };

  // An answer that a full disk left unrecorded can be read and copied; nothing can be tied to it.
  const isUnrecorded = () => "unrecorded" in document.getElementById("results").dataset;
  const NEEDS_RECORD = ["reference", "solution", "dismiss", "flag", "gap", "none"];

  function act(name, option) {
    if (NEEDS_RECORD.includes(name) && isUnrecorded()) return say("这次建议没有记录（磁盘空间不足），请清出空间后再查");
    if (ALONE[name]) return ALONE[name]();
    if (option) ON_ITEM[name](option);
  }

  function listKey(event) {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") return list.step(event.key === "ArrowDown" ? 1 : -1), true;
    if (event.key === "Enter" && list.chosen) return event.ctrlKey || event.metaKey ? openBeside(list.chosen) : open(list.chosen), true;
    if (event.key === "Escape") return box.focus(), true;
    if (/^[1-5]$/.test(event.key) && numbersOn() && !event.ctrlKey && !event.altKey) {
      const option = document.querySelectorAll("#suggestions > .option")[event.key - 1];
      if (option) { list.choose(event.key - 1); open(option); }
      return true;
    }
    return false;
  }

  function boxKey(event) {
    if (asker.isComposing(event)) return false;
    const atEnd = box.selectionStart === box.value.length;
    if (event.key === "ArrowDown" && atEnd && list.box) return list.enter(), true;
    if (event.key === "Enter" && !event.shiftKey && !event.ctrlKey && !event.metaKey) return enterFromBox(), true;
    if (event.key === "Escape") return clearBox(), true;
    return false;
  }

  async function enterFromBox() {
    await asker.ask();
    list.enter();
    if (list.chosen) open(list.chosen);
  }

  function clearBox() {
    const text = box.value;
    if (!text || ticket) return box.blur();
    box.value = "";
    box.dispatchEvent(new Event("input"));
    say("已清空", () => { box.value = text; box.dispatchEvent(new Event("input")); box.focus(); }, keyOf("undo"));
  }

  document.addEventListener("keydown", (event) => {
    if (document.querySelector("dialog[open]")) return;
    const target = event.target;
    if (target === box) { if (boxKey(event)) event.preventDefault(); return; }
    if (target.closest(".record") && event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      return document.getElementById("close").click();
    }
    if (target.closest(".record, #reading") && event.key === "Escape" && list.box) return list.enter();
    if (target.matches("input, textarea, select, [contenteditable]")) return;
    const inList = list.hasFocus();
    if (inList && listKey(event)) return event.preventDefault();
    const action = actionOf(event, inList);
    if (!action) return;
    event.preventDefault();
    act(action, list.chosen);
  });

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-act]");
    if (button) {
      event.preventDefault();
      const option = openOption() ?? list.options()[0];
      return button.dataset.act === "beside" ? openBeside(option) : act(button.dataset.act, option);
    }
    const limit = event.target.closest(".limit button[name=mark]");
    if (limit) {
      event.preventDefault();
      const { impression, title } = limit.closest(".limit").dataset;
      if (!impression) return;
      return reference({ dataset: { key: impression, impression, title } });
    }
    const chip = event.target.closest("#understood button[name]");
    if (!chip) return;
    event.preventDefault();
    const wanted = { [chip.name]: chip.value };
    if (chip.name === "use_category") form.elements.category.value = chip.value;
    asker.ask(wanted);
  });
  document.addEventListener("kb:shown", () => { fillFirst(); mark(); });
  document.addEventListener("toggle", () => list.report(), true);
  addEventListener("pagehide", leave);
}

tick();
if (form && box) startDesk();
else if (ticket) forgetDraft(ticket);

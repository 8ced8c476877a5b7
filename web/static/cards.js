// The keys of a card: Space shows the answer, 1 to 4 grade it, U takes the last grade back.

import { numbersOn, switchKeys } from "./keys.js";

const answer = document.getElementById("answer");
const box = document.getElementById("card-keys");

function press(event) {
  const typing = event.target.closest?.("input:not([type=checkbox]), textarea, select, [contenteditable]");
  if (typing || !numbersOn() || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (event.key === " " && answer && !event.target.closest("button, summary, a, input")) {
    event.preventDefault();
    reveal(true);
  }
  if (/^[1-4]$/.test(event.key) && answer?.open) click(`button[name=rating][value="${event.key}"]`, event);
  if (event.key.toLowerCase() === "u") click("#undo-grade", event);
}

// A form is sent once: what is pressed while the next page is on its way is not another grade.
function click(selector, event) {
  const button = document.querySelector(selector);
  if (!button || button.form.dataset.sent) return;
  event.preventDefault();
  button.form.dataset.sent = "1";
  button.click();
}

function reveal(open) {
  answer.open = open;
  document.querySelector("#answer .fact").focus();
}

document.addEventListener("keydown", press);
addEventListener("pageshow", () => {
  for (const form of document.forms) delete form.dataset.sent;
});
if (box) {
  box.checked = numbersOn();
  box.addEventListener("change", () => switchKeys(box.checked));
}

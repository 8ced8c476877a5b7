// The keys of the desk: single letters work only in the list, can be changed and switched off.

const STORE = "kb:keys";
const FIRST = {
  copy: "c", cite: "y", reference: "l", solution: "r", flag: "f", dismiss: "x", gap: "g", none: "n", undo: "u", focus: "/", help: "?",
};
const EVERYWHERE = new Set(["focus", "help"]);

function read() {
  try {
    const kept = JSON.parse(localStorage.getItem(STORE) ?? "{}");
    return { off: kept.off === true, map: { ...FIRST, ...kept.map } };
  } catch {
    return { off: false, map: { ...FIRST } };
  }
}

let state = read();
export const keyOf = (action) => (state.off ? "" : state.map[action]);

function keep() {
  localStorage.setItem(STORE, JSON.stringify(state));
  paint();
}

// The action a key asks for; outside the list only those that work everywhere.
export function actionOf(event, inList) {
  if (state.off || event.ctrlKey || event.metaKey || event.altKey) return "";
  const key = event.key.toLowerCase();
  const found = Object.keys(state.map).find((action) => state.map[action] === key) ?? "";
  return inList || EVERYWHERE.has(found) ? found : "";
}

export const numbersOn = () => !state.off;

export function switchKeys(on) {
  state.off = !on;
  keep();
}

// Shows the keys as they are now, on buttons and in the help.
export function paint() {
  for (const each of document.querySelectorAll("[data-key-of]")) {
    const key = keyOf(each.dataset.keyOf);
    each.textContent = key.toUpperCase();
    each.hidden = !key;
  }
  for (const input of document.querySelectorAll("[data-remap]")) input.value = state.map[input.dataset.remap].toUpperCase();
  const off = document.getElementById("keys-off");
  if (off) off.checked = state.off;
}

function remap(input) {
  const action = input.dataset.remap;
  const key = input.value.trim().slice(-1).toLowerCase();
  const taken = Object.keys(state.map).find((other) => other !== action && state.map[other] === key);
  const words = document.getElementById("keys-words");
  words.textContent = "";
  if (!key || taken || /[1-9\s]/.test(key)) words.textContent = `“${key.toUpperCase()}”不能用：${taken ? "已有别的用处" : "请换一个字母"}`;
  else state.map[action] = key;
  keep();
}

export function startKeys() {
  const dialog = document.getElementById("keys");
  dialog.addEventListener("change", (event) => {
    if (event.target.dataset.remap) remap(event.target);
    if (event.target.id === "keys-off") { state.off = event.target.checked; keep(); }
  });
  document.getElementById("keys-reset").addEventListener("click", () => { state = { off: false, map: { ...FIRST } }; keep(); });
  document.getElementById("help").addEventListener("click", () => dialog.showModal());
  document.addEventListener("kb:shown", paint);
  addEventListener("storage", () => { state = read(); paint(); });
  paint();
}

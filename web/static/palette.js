// Ctrl+K on every page: articles by Chinese, pinyin or initials, pages to go to, things to do.
// Keyboard only is enough; safe with input methods in both event orders; Esc gives the focus back.

const AFTER_KEY = 150;      // ms of silence before asking
const AFTER_COMPOSING = 100; // ms in which a key still belongs to the input method
const PLACES = [
  ["坐席台：新来电", "xinlaidian zuoxitai xld zxt", "/"],
  ["工单：待受理", "gongdan daishouli gd dsl", "/tickets?queue=waiting"],
  ["工单：我的处理中", "gongdan wode chulizhong gd wd clz", "/tickets?queue=working&mine=1"],
  ["工单：待回访", "gongdan daihuifang gd dhf", "/tickets?queue=callback"],
  ["工单：已归档", "gongdan yiguidang gd ygd", "/tickets?queue=archived"],
  ["手册目录", "shouce mulu sc ml", "/articles"],
  ["检索", "jiansuo sousuo js ss", "/search"],
];
const ACTS = [
  ["切换配色", "qiehuan peise qhps", () => document.getElementById("theme")?.click()],
  ["打印本页", "dayin benye dyby", () => print()],
];

const dialog = document.createElement("dialog");
dialog.className = "palette";
dialog.setAttribute("aria-label", "快速打开");
dialog.innerHTML = `<input id="palette-q" type="text" role="combobox" aria-expanded="true" aria-controls="palette-list"
  aria-autocomplete="list" aria-label="找条目、页面或操作" placeholder="找条目、页面或操作：汉字、拼音、首字母"
  autocomplete="off" spellcheck="false"><ul id="palette-list" role="listbox" aria-label="结果"></ul>
  <p class="quiet" id="palette-said" role="status"></p>`;
document.body.append(dialog);
const box = dialog.querySelector("input");
const list = dialog.querySelector("ul");
const said = dialog.querySelector("p");

let composing = false;
let endedAt = -1e9;
let timer = 0;
let request = null;
let asked = null;
let shown = [];
let chosen = 0;

function matches([title, spelt], text) {
  const plain = text.toLowerCase();
  return title.includes(text) || spelt.split(" ").some((each) => each.startsWith(plain));
}

function offer(articles) {
  const text = box.value.trim();
  const fits = (each) => !text || matches(each, text);
  shown = [
    ...articles.map(({ title, chapter, url }) => ({ title, kind: chapter || "条目", go: url })),
    ...PLACES.filter(fits).map(([title, , go]) => ({ title, kind: "页面", go })),
    ...ACTS.filter(fits).map(([title, , act]) => ({ title, kind: "操作", act })),
  ];
  if (text) shown.push({ title: `检索“${text}”`, kind: "检索", go: `/search?q=${encodeURIComponent(text)}` });
  list.replaceChildren(...shown.map(({ title, kind }, place) => {
    const item = document.createElement("li");
    item.id = `palette-${place}`;
    item.setAttribute("role", "option");
    const name = document.createElement("span");
    name.textContent = title;
    const what = document.createElement("span");
    what.className = "quiet";
    what.textContent = kind;
    item.append(name, what);
    return item;
  }));
  choose(0);
}

function choose(place) {
  chosen = (place + shown.length) % shown.length;
  [...list.children].forEach((item, number) => item.setAttribute("aria-selected", String(number === chosen)));
  box.setAttribute("aria-activedescendant", `palette-${chosen}`);
  list.children[chosen].scrollIntoView({ block: "nearest" });
}

async function ask() {
  const text = box.value.trim();
  if (composing || text === asked) return;
  asked = text;
  request?.abort();
  if (!text) { said.textContent = ""; offer([]); return; }
  const mine = request = new AbortController();
  try {
    const response = await fetch(`/search/quick?q=${encodeURIComponent(text)}`, { signal: mine.signal });
    if (!response.ok) throw new Error(String(response.status));
    const articles = await response.json();
    if (mine !== request) return;
    said.textContent = `${articles.length} 个条目`;
    offer(articles);
  } catch (error) {
    if (error.name === "AbortError" || mine !== request) return;
    asked = null;
    said.textContent = "连不上服务，页面和操作仍可用。";
    offer([]);
  }
}

function askLater(wait) {
  clearTimeout(timer);
  timer = setTimeout(ask, wait);
}

function take(beside) {
  const { go, act } = shown[chosen];
  dialog.close();
  if (act) act();
  else if (beside) window.open(go, "_blank", "noopener");
  else location.assign(go);
}

function open() {
  if (dialog.open) return;
  box.value = "";
  asked = "";
  said.textContent = "";
  dialog.showModal();
  offer([]);
  box.focus();
}

box.addEventListener("compositionstart", () => { composing = true; clearTimeout(timer); });
box.addEventListener("compositionend", (event) => { composing = false; endedAt = event.timeStamp; askLater(0); });
box.addEventListener("input", (event) => { if (!composing && !event.isComposing) askLater(AFTER_KEY); });
dialog.addEventListener("cancel", (event) => { if (composing) event.preventDefault(); });
dialog.addEventListener("keydown", (event) => {
  event.stopPropagation();
  const fromMethod = event.isComposing || event.keyCode === 229 || event.timeStamp - endedAt < AFTER_COMPOSING;
  if (fromMethod) {
    if (event.key === "Enter" || event.key === "Escape") event.preventDefault();
    return;
  }
  if (event.key === "Escape" && box.value) {
    event.preventDefault();
    box.value = "";
    ask();
  } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    choose(chosen + (event.key === "ArrowDown" ? 1 : -1));
  } else if (event.key === "Enter") {
    event.preventDefault();
    take(event.ctrlKey || event.metaKey);
  }
});
list.addEventListener("click", (event) => {
  const item = event.target.closest("li");
  if (!item) return;
  choose([...list.children].indexOf(item));
  take(event.ctrlKey || event.metaKey);
});
dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k" && !event.isComposing) {
    event.preventDefault();
    open();
  }
});
document.getElementById("open-palette")?.addEventListener("click", open);

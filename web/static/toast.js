// Short words at the corner, read out as well, with a way back for ten seconds.

const SHOWN = 4000;
const UNDO = 10000;
const place = document.getElementById("toast");
let timer = 0;
let revert = null;

function clear() {
  clearTimeout(timer);
  revert = null;
  place.replaceChildren();
}

export function say(words, undo = null, key = "") {
  clear();
  const text = document.createElement("span");
  text.textContent = words;
  place.append(text);
  revert = undo;
  if (undo) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "small";
    button.textContent = key ? `撤销 ${key.toUpperCase()}` : "撤销";
    button.addEventListener("click", takeBack);
    place.append(button);
  }
  timer = setTimeout(clear, undo ? UNDO : SHOWN);
}

export function takeBack() {
  const undo = revert;
  if (!undo) return say("没有可以撤销的");
  clear();
  undo();
  say("已撤销");
}

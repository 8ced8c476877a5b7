// Runs before the page is painted: says that scripts run, and puts on the theme chosen by hand.

(() => {
  const KEY = "kb:theme";
  const NAMES = { "": "配色：随系统", light: "配色：浅", dark: "配色：深" };
  const root = document.documentElement;
  root.classList.add("js");

  function chosen() {
    const kept = localStorage.getItem(KEY) ?? "";
    return kept in NAMES ? kept : "";
  }

  function put() {
    if (chosen()) root.dataset.theme = chosen();
    else delete root.dataset.theme;
    const button = document.getElementById("theme");
    if (!button) return;
    button.querySelector(".word").textContent = NAMES[chosen()];
    button.setAttribute("aria-label", NAMES[chosen()]);
  }

  put();
  addEventListener("storage", put);
  document.addEventListener("DOMContentLoaded", () => {
    put();
    document.getElementById("theme")?.addEventListener("click", () => {
      const all = Object.keys(NAMES);
      localStorage.setItem(KEY, all[(all.indexOf(chosen()) + 1) % all.length]);
      put();
    });
  });
})();

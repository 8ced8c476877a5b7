// Words explained on hover and focus.

// An explanation goes by Esc, and comes back when another word is pointed at.
export function startTerms() {
  const root = document.documentElement;
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") root.classList.add("tips-off"); });
  for (const name of ["mouseover", "focusin"]) {
    document.addEventListener(name, (event) => { if (event.target.closest?.(".term")) root.classList.remove("tips-off"); });
  }
}

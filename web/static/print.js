// On paper a link shows its whole address. Without this script it shows the path.

const paper = matchMedia("print");

function writeOut() {
  for (const link of document.querySelectorAll("main a[href]")) link.dataset.printed = link.href;
}

paper.addEventListener("change", (event) => { if (event.matches) writeOut(); });
addEventListener("beforeprint", writeOut);

// Pasting into the import page keeps the formats: the field takes the clipboard's HTML.

const field = document.querySelector("[name=html]");
const told = document.getElementById("pasted");

field.addEventListener("paste", (event) => {
  const html = event.clipboardData?.getData("text/html") ?? "";
  if (!html) return;
  event.preventDefault();
  document.execCommand("insertText", false, html); // so that the browser's own undo knows
  told.textContent = "粘贴的内容带有格式，框里显示的是它的源码；下一步会变成条目。";
});

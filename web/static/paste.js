// What Word and Excel put on the clipboard, as Markdown: only tables are turned, text pastes as it is.

export function tableFromClipboard(clipboard) {
  const html = clipboard?.getData("text/html") ?? "";
  if (!/<table/i.test(html)) return "";
  const page = new DOMParser().parseFromString(html, "text/html");
  for (const part of page.querySelectorAll("style, script, o\\:p")) part.remove();
  const parts = [];
  const table = page.querySelector("table");
  const before = textBefore(page.body, table);
  if (before) parts.push(before, "");
  parts.push(...rowsOf(table));
  return `${parts.join("\n")}\n`;
}

function textBefore(body, table) {
  const range = body.ownerDocument.createRange();
  range.setStart(body, 0);
  range.setEndBefore(table);
  return clean(range.toString());
}

function rowsOf(table) {
  const rows = [...table.rows].map((row) => [...row.cells].flatMap(
    (cell) => [clean(cell.textContent), ...Array(Math.max(0, cell.colSpan - 1)).fill("")]));
  const width = Math.max(...rows.map((row) => row.length));
  const lines = rows.map((row) => `| ${[...row, ...Array(width - row.length).fill("")].join(" | ")} |`);
  lines.splice(1, 0, `| ${Array(width).fill("---").join(" | ")} |`);
  return lines;
}

function clean(text) {
  return text.replace(/\s+/g, " ").trim().replaceAll("|", "\\|");
}

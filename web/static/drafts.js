// What was typed and not sent yet: survives a reload of this tab, and goes when the ticket is kept.

const KEPT = ["description", "customer_demand", "root_cause", "resolution", "fix"];
const NEW = "kb:draft:new";

export function keepDrafts(form, ticket) {
  const key = ticket ? `kb:draft:${ticket}` : NEW;
  const version = form.elements.version?.value ?? "";
  if (ticket) sessionStorage.removeItem(NEW);
  restore(form, key, version);
  document.addEventListener("input", (event) => {
    if (event.target.form !== form) return;
    const fields = Object.fromEntries(KEPT.map((name) => [name, form.elements[name]?.value ?? ""]));
    sessionStorage.setItem(key, JSON.stringify({ version, fields }));
  });
}

export function forgetDraft(ticket) {
  sessionStorage.removeItem(NEW);
  sessionStorage.removeItem(`kb:draft:${ticket}`);
}

// A page that came back with a refusal holds the text already; a newer version goes before a draft.
function restore(form, key, version) {
  const kept = JSON.parse(sessionStorage.getItem(key) ?? "null");
  if (!kept) return;
  if (kept.version !== version) return sessionStorage.removeItem(key);
  if (document.getElementById("problem")) return;
  for (const [name, value] of Object.entries(kept.fields)) {
    const field = form.elements[name];
    if (field && value) field.value = value;
  }
}

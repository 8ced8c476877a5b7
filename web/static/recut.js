// After a change of the vocabulary: tells when all documents are cut by the new words.

const AGAIN = 1000; // ms between two questions
const state = document.getElementById("recut");

async function ask() {
  try {
    const response = await fetch("/api/v1/vocabulary");
    const far = response.ok ? await response.json() : {};
    if (far.indexed) {
      state.textContent = "全部生效。";
      return;
    }
    if (far.in_force) state.textContent = `已生效，还有 ${far.left} 张旧工单在后台按新词重切…`;
  } catch {
    // the server is away: the next question finds it again
  }
  setTimeout(ask, AGAIN);
}

if (state?.hasAttribute("data-waits")) setTimeout(ask, AGAIN);

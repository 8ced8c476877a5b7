// After a change of the vocabulary: tells when all documents are cut by the new words.

const AGAIN = 1000; // ms between two questions
const state = document.getElementById("recut");

async function ask() {
  try {
    const response = await fetch("/api/v1/vocabulary");
    if (response.ok && (await response.json()).indexed) {
      state.textContent = "全部生效。";
      return;
    }
  } catch {
    // the server is away: the next question finds it again
  }
  setTimeout(ask, AGAIN);
}

if (state?.hasAttribute("data-waits")) setTimeout(ask, AGAIN);

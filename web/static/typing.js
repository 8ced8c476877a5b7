// While the agent types: when to ask, what to do when the server is slow or gone, keeping the text.

const AFTER_KEY = 150;    // ms of silence before asking
const LONGEST_WAIT = 800; // ms after which a stream of keys is asked for anyway
const SLOW = 2000;        // ms after which the agent is told that the server is slow
const AFTER_COMMIT = 100; // ms after a composition in which a key still belongs to it (Safari)
const ASKED = ["region", "area", "category", "number"];

class Refusal extends Error {}

export class Asker {
  constructor({ form, box, notice, show }) {
    Object.assign(this, { form, box, notice, show });
    this.composing = false;
    this.endedAt = -Infinity;
    this.timer = 0;
    this.waitingSince = 0;
    this.asked = "";
    this.request = null;
    this.listen();
  }

  listen() {
    const { box, form } = this;
    box.addEventListener("compositionstart", () => { this.composing = true; clearTimeout(this.timer); });
    box.addEventListener("compositionend", (event) => {
      this.composing = false;
      this.endedAt = event.timeStamp;
      this.later(0);
    });
    box.addEventListener("input", (event) => {
      if (!this.composing && !event.isComposing) this.later(AFTER_KEY);
    });
    form.addEventListener("change", (event) => { if (ASKED.includes(event.target.name)) this.later(0); });
    document.addEventListener("change", (event) => {
      if (event.target.form === form && ASKED.includes(event.target.name)) this.later(0);
    });
    form.addEventListener("submit", () => { clearTimeout(this.timer); this.request?.abort(); });
  }

  // Whether a key belongs to the input method, in the order of Chromium and in that of Safari.
  isComposing(event) {
    return event.isComposing || event.keyCode === 229 || event.timeStamp - this.endedAt < AFTER_COMMIT;
  }

  question() {
    const form = new FormData(this.form);
    return [this.box.value.trim(), ...ASKED.map((name) => form.get(name)), ...form.getAll("without")].join("\n");
  }

  later(wait) {
    const now = performance.now();
    if (!this.waitingSince) this.waitingSince = now;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(), Math.max(0, Math.min(wait, this.waitingSince + LONGEST_WAIT - now)));
  }

  again() {
    this.asked = "";
    return this.ask();
  }

  async ask(more = {}) {
    clearTimeout(this.timer);
    this.waitingSince = 0;
    const wanted = this.question();
    if (this.composing || !this.box.value.trim() || (wanted === this.asked && !Object.keys(more).length)) return;
    this.asked = wanted;
    this.request?.abort();
    const mine = this.request = new AbortController();
    const slow = setTimeout(() => this.say("服务较慢，请稍候；先前的结果仍可用。"), SLOW);
    try {
      const html = await this.fetch(mine, more);
      if (mine !== this.request) return;
      this.say("");
      this.show(new DOMParser().parseFromString(html, "text/html"));
    } catch (error) {
      if (mine !== this.request || error.name === "AbortError") return;
      this.asked = "";
      this.offerRetry(error instanceof Refusal ? error.message : "连不上服务，先前的结果仍可用。");
    } finally {
      clearTimeout(slow);
    }
  }

  async fetch(mine, more) {
    const body = new FormData(this.form);
    for (const [name, value] of Object.entries(more)) body.append(name, value);
    const response = await fetch("/desk/fragment", {
      method: "POST", body, signal: mine.signal, headers: { Accept: "application/problem+json, text/html;q=0.9" },
    });
    const text = await response.text();
    if (!response.ok) throw new Refusal(refusalWords(response, text));
    return text;
  }

  say(words, failed = false) {
    this.notice.textContent = words;
    this.notice.classList.toggle("failed", failed);
  }

  offerRetry(words) {
    this.say(`${words} `, true);
    const button = document.createElement("button");
    button.type = "button";
    button.className = "small";
    button.textContent = "再试一次";
    button.addEventListener("click", () => this.again());
    this.notice.append(button);
  }
}

function refusalWords(response, text) {
  if (response.status >= 500) return "服务出错，先前的结果仍可用。";
  try {
    return JSON.parse(text).detail;
  } catch {
    return "没有查成。";
  }
}

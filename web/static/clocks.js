// Limits that run: how long is left, in words and shape, as time passes.

const SOON = 0.25; // a limit is near when less than this share of its time is left
const EVERY = 15000;

function span(ms) {
  const minutes = Math.floor(Math.abs(ms) / 60000);
  const [days, hours] = [Math.floor(minutes / 1440), Math.floor(minutes / 60) % 24];
  if (days) return `${days} 天 ${hours} 小时`;
  return hours ? `${hours} 小时 ${minutes % 60} 分` : `${minutes} 分`;
}

export function tick() {
  const now = Date.now();
  for (const each of document.querySelectorAll("[data-due]")) {
    const due = new Date(each.dataset.due).getTime();
    const words = `${due <= now ? "已超" : "还有"} ${span(due - now)}`;
    if (!each.dataset.start) {
      each.textContent = words;
      continue;
    }
    const whole = due - new Date(each.dataset.start).getTime();
    const state = due <= now ? "over" : due - now < whole * SOON ? "soon" : "ok";
    each.dataset.state = state;
    each.querySelector(".left").textContent = state === "soon" ? `快到期，${words}` : words;
  }
}

setInterval(tick, EVERY);

"""Last keystroke to first result painted, and a screen pop to its results, measured in the browser.

Prints figures, judges nothing. ``asked_ms``: until the question leaves (the wait after the last
key), ``answered_ms``: until the answer is there, ``painted_ms``: until it is painted.

``python -m tests.bench.keystrokes [DATA]`` types complaints into the desk of a data folder, by
default the one of ``KB_DATA``.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import threading
import time
from collections.abc import Sequence

from playwright.sync_api import Page, sync_playwright
from werkzeug.serving import make_server

from kb.settings import read_settings
from tests.browser.conftest import ARGUMENTS, CHROMIUM, CONTEXT
from web.app import create_app
from web.wsgi import build_services

ROUNDS = 3
SAID = (
    "家里网断了,盒子上那个红灯一直亮",
    "话费里多了个我没订过的会员，给我退了",
    "携号转网要不到授权码，说有合约",
    "宽带报修三天没人上门，要求赔偿",
    "手机没信号，打电话断断续续",
    "套餐改不回来，营业厅推来推去",
    "流量没用完就扣了超出的钱",
    "老人机被办了五个增值业务",
)
MEASURE = """last => new Promise(done => {
  const box = document.getElementById("q"), results = document.getElementById("results").parentNode;
  const session = () => document.getElementById("results").dataset.session;
  const before = session();
  const started = performance.now();
  new MutationObserver((_, observer) => {
    if (session() === before) return;
    observer.disconnect();
    requestAnimationFrame(() => setTimeout(() => {
      const asked = performance.getEntriesByType("resource")
        .filter(each => each.name.endsWith("/desk/fragment")).at(-1);
      done([asked.startTime, asked.responseEnd, performance.now()].map(at => at - started));
    }));
  }).observe(results, {childList: true, subtree: true});
  box.value += last;
  box.dispatchEvent(new InputEvent("input", {data: last}));
})"""

PAINTED = """() => new Promise(done => requestAnimationFrame(() => setTimeout(
  () => done(performance.now()))))"""
TOLD = ("asked_ms", "answered_ms", "painted_ms")


def measure(page: Page, said: str) -> list[float]:
    """Milliseconds from the last character of ``said`` until it is asked, answered and painted."""
    page.goto("/")
    page.evaluate("sessionStorage.clear()")
    page.goto("/")
    page.locator("#q").press_sequentially(said[:-1], delay=30)
    return [float(each) for each in page.evaluate(MEASURE, said[-1])]


def measure_pop(page: Page, said: str, *, call_id: str) -> float:
    """Milliseconds from opening a call's address until its first suggestion is painted."""
    told = page.request.post(
        "/api/v1/calls", data={"call_id": call_id, "service_number": "13900001234", "text": said}
    )
    page.goto("about:blank")
    page.goto(told.json()["link"], wait_until="commit")
    page.locator(".option").first.wait_for()
    return float(page.evaluate(PAINTED))  # counted from the start of the navigation


def main(data: str) -> None:
    """Serve the folder, type every complaint ROUNDS times, print the figures as JSON."""
    services = build_services(read_settings({"KB_DATA": data}))
    services.engine.prewarm()
    server = make_server("127.0.0.1", 0, create_app(services), threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with sync_playwright() as playwright:
        alone = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*alone, *ARGUMENTS])
        address = f"http://127.0.0.1:{server.server_port}"
        page = browser.new_context(base_url=address, **CONTEXT).new_page()
        measure(page, SAID[0])
        typed = [measure(page, said) for _ in range(ROUNDS) for said in SAID]
        stamp = time.time_ns()
        pops = [
            measure_pop(page, said, call_id=f"bench-{stamp}-{place}")
            for place, said in enumerate(SAID * ROUNDS)
        ]
        browser.close()
    server.shutdown()
    figures = {
        name: spread(took) for name, took in zip(TOLD, zip(*typed, strict=True), strict=True)
    }
    figures["pop_ms"] = spread(pops)
    sys.stdout.write(json.dumps({"typed": len(typed), **figures}) + "\n")


def spread(took: Sequence[float]) -> dict[str, int]:
    """Median, 95th percentile and longest."""
    ordered = sorted(took)
    return {
        "p50": round(statistics.median(ordered)),
        "p95": round(ordered[int(0.95 * (len(ordered) - 1))]),
        "longest": round(ordered[-1]),
    }


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("KB_DATA", "data"))

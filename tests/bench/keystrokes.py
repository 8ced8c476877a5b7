"""Last keystroke to first result painted, measured in the browser; prints figures, judges nothing.

``python -m tests.bench.keystrokes [DATA]`` types complaints into the desk of a data folder, by
default the one of ``KB_DATA``.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import threading

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
    requestAnimationFrame(() => setTimeout(() => done(performance.now() - started)));
  }).observe(results, {childList: true, subtree: true});
  box.value += last;
  box.dispatchEvent(new InputEvent("input", {data: last}));
})"""


def measure(page: Page, said: str) -> float:
    """Milliseconds from the last character of ``said`` until its answer is painted."""
    page.goto("/")
    page.evaluate("sessionStorage.clear()")
    page.goto("/")
    page.locator("#q").press_sequentially(said[:-1], delay=30)
    return float(page.evaluate(MEASURE, said[-1]))


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
        took = sorted(measure(page, said) for _ in range(ROUNDS) for said in SAID)
        browser.close()
    server.shutdown()
    figures = {
        "typed": len(took),
        "p50_ms": round(statistics.median(took)),
        "p95_ms": round(took[int(0.95 * (len(took) - 1))]),
        "longest_ms": round(took[-1]),
    }
    sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("KB_DATA", "data"))

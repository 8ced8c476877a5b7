"""A real Chromium against a real server; every test fails on an error in the browser's console.

KB_REQUIRE_BROWSER=1 turns a missing browser into a failure instead of a skip.
"""

from __future__ import annotations

import os
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    CDPSession,
    ConsoleMessage,
    Page,
    Request,
    expect,
    sync_playwright,
)

from indexer.language import Language
from kb.times import now_beijing
from tests.conftest import open_services
from web.app import create_app
from web.draining import serve_until_told
from web.services import Services
from web.wsgi import listen

expect.set_options(timeout=20_000)  # a busy machine is no fault of the page
NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
CHROMIUM = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), "")
ARGUMENTS = [
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--lang=zh-CN",
    # no name is looked up: what a page asks of another host fails
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
LOCAL = re.compile(r"^(http://127\.0\.0\.1[:/]|data:|blob:|about:)")
CONTEXT: dict[str, Any] = {
    "locale": "zh-CN",
    "timezone_id": "Asia/Shanghai",
    "viewport": {"width": 1280, "height": 800},
}
REFUSAL = re.compile(r"^Failed to load resource: .* status of (404|409|410|412|422|503)")
"""What the console says of an answer that is a refusal: no fault of the page."""
NewPage = Callable[..., Page]


class InputMethod:
    """Types as a Chinese input method does: a composition first, then the words."""

    def __init__(self, page: Page) -> None:
        self._session: CDPSession = page.context.new_cdp_session(page)

    def compose(self, letters: str) -> None:
        """Show letters that are not words yet."""
        self._session.send(
            "Input.dispatchKeyEvent",
            {"type": "rawKeyDown", "windowsVirtualKeyCode": 229, "key": "Process", "code": ""},
        )
        self._session.send(
            "Input.imeSetComposition",
            {"text": letters, "selectionStart": len(letters), "selectionEnd": len(letters)},
        )

    def press(self, key: str) -> None:
        """Press a key that the input method takes for itself."""
        self._session.send(
            "Input.dispatchKeyEvent",
            {"type": "keyDown", "key": key, "code": key, "windowsVirtualKeyCode": 229},
        )

    def commit(self, words: str) -> None:
        """Choose the words."""
        self._session.send("Input.insertText", {"text": words})

    def cancel(self) -> None:
        """Give the composition up."""
        self._session.send(
            "Input.imeSetComposition", {"text": "", "selectionStart": 0, "selectionEnd": 0}
        )


def watch(page: Page) -> list[str]:
    """The faults of a page from now on: errors in its console, and requests that leave here."""
    faults: list[str] = []

    def note_message(message: ConsoleMessage) -> None:
        if message.type == "error" and not REFUSAL.search(message.text):
            faults.append(message.text)

    def note_request(request: Request) -> None:
        if not LOCAL.match(request.url):
            faults.append(f"asks for {request.url}")

    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", note_message)
    page.on("request", note_request)
    return faults


@pytest.fixture(scope="module")
def services(
    prepared_data: Path, language: Language, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Services]:
    """A desk of each module's own: what its tests change is not in the way of others."""
    folder = tmp_path_factory.mktemp("browser") / "data"
    with open_services(prepared_data, folder, language, now_beijing) as services:
        yield services


@contextmanager
def serving(services: Services, port: int = 0) -> Iterator[str]:
    """The service over HTTP; yields its address."""
    server = listen(create_app(services), replace(services.settings, host="127.0.0.1", port=port))
    stopping = threading.Event()
    thread = threading.Thread(target=serve_until_told, args=(server, stopping), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.effective_port}"
    stopping.set()
    thread.join()


@pytest.fixture(scope="module")
def site(services: Services) -> Iterator[str]:
    with serving(services) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Closed with each file: an idle one still takes a fifth of a core."""
    if not CHROMIUM:
        if os.environ.get("KB_REQUIRE_BROWSER") == "1":
            pytest.fail("chromium is missing and KB_REQUIRE_BROWSER=1: see make test-browser")
        pytest.skip("chromium is not installed: make test-browser installs it or says how")
    with sync_playwright() as playwright:
        alone = ["--no-sandbox"] if os.geteuid() == 0 else []
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=[*alone, *ARGUMENTS])
        yield opened
        opened.close()


@pytest.fixture
def new_page(browser: Browser, site: str) -> Iterator[NewPage]:
    """Open a page in a context of its own; ``options`` are those of a browser context."""
    contexts: list[BrowserContext] = []
    watched: list[list[str]] = []

    def open_page(path: str = "/", **options: Any) -> Page:
        context = browser.new_context(base_url=site, **{**CONTEXT, **options})
        contexts.append(context)
        page = context.new_page()
        watched.append(watch(page))
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert [fault for faults in watched for fault in faults] == []


@pytest.fixture
def page(new_page: NewPage) -> Page:
    """The desk, just opened."""
    return new_page()


@pytest.fixture
def edit(new_page: NewPage) -> NewPage:
    """Open a page as somebody."""

    def open_page(path: str = "/edit", *, who: str = "甲", **options: Any) -> Page:
        return new_page(path, extra_http_headers={"X-Agent": quote(who)}, **options)

    return open_page

"""What the tests of the desk share: complaints, waiting for suggestions, counting questions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Page, Request, Response, expect

COMPLAINT = "家里网断了,盒子上那个红灯一直亮"
FRAGMENT = "**/desk/fragment"
PAUSE = 450
"""Milliseconds in which nothing must happen: well over the wait after the last key."""


def stop_time(page: Page) -> None:
    """From now on the page's timers run by ``page.clock.run_for`` alone, however slow we are."""
    page.clock.install()
    page.clock.pause_at(page.evaluate("Date.now()") + 1_000)


def ask(page: Page, complaint: str = COMPLAINT) -> None:
    """Put a complaint into the box and wait for what is suggested."""
    page.fill("#q", complaint)
    expect(page.locator("#results .option").first).to_be_visible()


def enter_list(page: Page) -> None:
    """From the end of the box into the list."""
    page.locator("#q").press("ArrowDown")
    expect(page.locator("#suggestions")).to_be_focused()


def chosen(page: Page) -> str:
    """Id of the item that is chosen in the list."""
    return str(page.locator("#suggestions").get_attribute("aria-activedescendant"))


def make_ticket(page: Page, complaint: str = COMPLAINT) -> None:
    """Take in a complaint and arrive on its ticket's page."""
    ask(page, complaint)
    page.get_by_role("button", name="建单", exact=True).click()
    page.wait_for_url("**/tickets/TS*")


def count_questions(page: Page) -> list[Request]:
    """The questions the page asks from now on."""
    asked: list[Request] = []

    def note(request: Request) -> None:
        if request.url.endswith("/desk/fragment"):
            asked.append(request)

    page.on("request", note)
    return asked


def recorded(page: Page) -> dict[str, Any]:
    """The session on the screen as the server recorded it."""
    session = page.locator("#results").get_attribute("data-session")
    return dict(page.request.get(f"/api/v1/suggestions/{session}").json())


def actions(page: Page) -> list[str]:
    """What was done with the items of the session on the screen, but for their being shown."""
    events = [event for item in recorded(page)["impressions"] for event in item["events"]]
    standing = [event["action"] for event in events if not event.get("undone_at")]
    return sorted(action for action in standing if action != "displayed")


@contextmanager
def recording(page: Page, action: str) -> Iterator[None]:
    """Do something and wait until the server has answered that it recorded ``action``."""

    def is_it(answer: Response) -> bool:
        return answer.url.endswith("/events") and action in (answer.request.post_data or "")

    with page.expect_response(is_it):
        yield


def starts(words: str) -> re.Pattern[str]:
    """Text that starts so."""
    return re.compile(f"^{words}")

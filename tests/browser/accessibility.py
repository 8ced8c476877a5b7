"""axe-core over a page, in both colour schemes. It finds a third to a half of what WCAG asks for;
the keyboard tests cover the rest. Its negative control is in ``test_checks.py``."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Page

AXE = Path(__file__).parent / "vendor" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
_RUN = """async tags => (await axe.run(document, {runOnly: {type: "tag", values: tags}}))
  .violations.map(each => [each.id, each.nodes.map(node => node.target.join(" "))])"""


def find_violations(page: Page) -> dict[str, list[str]]:
    """What axe finds wrong with the page as it is now: rule → selectors of the elements."""
    if page.evaluate("typeof axe") == "undefined":
        # evaluated, not added as a script: the page's content policy stays what it is
        page.evaluate(AXE.read_text("utf-8"))
    found: list[Any] = page.evaluate(_RUN, TAGS)
    return dict(found)


def assert_accessible(page: Page) -> None:
    """No violation in the page as it is now, in light and in dark."""
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        found = find_violations(page)
        assert found == {}, f"{scheme}: {found}"

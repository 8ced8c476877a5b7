"""A drill: no text that anybody can store or type runs as a script on any page.

``python -m tests.bench.scripts``, on a copy of a built data folder (``KB_DATA``). First each text
is opened raw in Chromium, where it must run; then it is put into every field through the product's
own calls, and the pages that show it are opened with the content policy switched off, so that
nothing but escaping and the sanitiser stands between the text and the browser.
"""

from __future__ import annotations

import logging
import re
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import cycle
from typing import Any
from urllib.parse import quote

import click
from flask.testing import FlaskClient
from markdown_it import MarkdownIt
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Page,
    Route,
    sync_playwright,
)
from playwright.sync_api import (
    TimeoutError as WaitedTooLong,
)

from indexer.sync import sync_index
from kb.glossary import GlossaryTerm
from kb.store import glossary
from tests.bench.schema import open_app
from tests.bench.script_vectors import Vector, make_vectors
from tests.browser.conftest import ARGUMENTS, CHROMIUM, serving
from tests.kb import word_files
from web.app import create_app
from web.rendering import render_markdown
from web.services import Services

CONTROLS = "http://controls.test/"
AT_ONCE = 30
SETTLE = 60
"""Milliseconds a page is given after it loaded: what fails to load must fail first."""
ORACLE = "if (window === top) { window.ran = []; window.pwn = n => { ran.push(Number(n)); } }"
TOUCH = """root => {
  const leads = (name, value) => {
    if (!/^(xlink:href|href|src|action|formaction)$/i.test(name)) return false;
    try { return new URL(value, 'http://x').protocol === 'javascript:'; } catch { return false; }
  };
  for (const element of root.querySelectorAll('*'))
    for (const {name, value} of [...element.attributes]) {
      if (/^on/i.test(name)) element.dispatchEvent(new Event(name.slice(2).toLowerCase()));
      if (!leads(name, value)) continue;
      if (element.requestSubmit) element.requestSubmit();
      else element.dispatchEvent(new MouseEvent('click', {bubbles: true, cancelable: true}));
    }
}"""
"""Do what a reader might: set off every handler, follow every link that is a script."""
FRAMES = (
    "() => { for (const frame of document.querySelectorAll('body > iframe')) "
    f"try {{ ({TOUCH})(frame.contentDocument); }} catch {{ continue; }} }}"
)
LISTS = (
    "/", "/tickets", "/articles", "/edit", "/edit/mine", "/edit/start", "/edit/vocabulary",
    "/edit/vocabulary/history", "/reports", "/reports/articles", "/reports/search",
    "/reports/gaps", "/reports/tasks?closed=1", "/learn", "/learn/cards", "/learn/drill",
    "/learn/path", "/learn/progress", "/learn/team",
)  # fmt: skip


@dataclass(frozen=True)
class Planted:
    """What was made of some texts, and the pages that show it."""

    texts: tuple[str, ...]
    pages: tuple[str, ...]


def new_context(browser: Browser, **options: Any) -> BrowserContext:
    """A context whose pages know the oracle; the content policy is off unless ``options`` say."""
    context = browser.new_context(**{"bypass_csp": True, **options})
    context.add_init_script(ORACLE)
    return context


def scripts_run(page: Page) -> set[int]:
    """Numbers of the texts that ran on a page, after everything on it was touched."""
    page.wait_for_timeout(SETTLE)
    page.evaluate(f"({TOUCH})(document)")
    page.wait_for_timeout(SETTLE)
    return set(page.evaluate("ran"))


def _take_any_link(url: str) -> bool:
    return bool(url)


def raw_pages(vectors: Sequence[Vector]) -> dict[int, str]:
    """Each text as it must run: as it is, or as Markdown that nothing makes safe."""
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    parser.validateLink = _take_any_link  # type: ignore[method-assign]
    return {
        each.number: parser.render(each.raw) if each.is_markdown else each.raw for each in vectors
    }


def run_pages(browser: Browser, raw: Mapping[int, str], *, patience: float = 2_000) -> set[int]:
    """Numbers of the pieces of HTML that run a script, waiting ``patience`` milliseconds for it."""
    context = new_context(browser)
    context.route(f"{CONTROLS}**", lambda route: _serve_control(route, raw))
    page = context.new_page()
    ran: set[int] = set()
    numbers = list(raw)
    for start in range(0, len(numbers), AT_ONCE):
        chosen = numbers[start : start + AT_ONCE]
        page.goto(CONTROLS + "all/" + ",".join(map(str, chosen)))
        page.wait_for_timeout(2 * SETTLE)
        page.evaluate(FRAMES)
        with suppress(WaitedTooLong):
            wanted = "expected => new Set(ran).size >= expected"
            page.wait_for_function(wanted, arg=len(chosen), timeout=patience)
        ran |= set(page.evaluate("ran"))
    context.close()
    return ran


def _serve_control(route: Route, raw: Mapping[int, str]) -> None:
    kind, _, named = route.request.url.removeprefix(CONTROLS).partition("/")
    head = "<!doctype html><meta charset=utf-8>"
    if kind == "all":
        frames = "".join(f'<iframe src="/one/{number}"></iframe>' for number in named.split(","))
        route.fulfill(body=f"{head}<body>{frames}", content_type="text/html")
    elif kind == "one" and named.isdigit():
        route.fulfill(body=f"{head}<body>{raw[int(named)]}", content_type="text/html")
    else:
        route.fulfill(status=404)


def _has_no_link(text: str) -> bool:
    return re.search(r"\]\(|\]:|<javascript:", text) is None


class Planter:
    """Puts texts into every field there is, through the product's own calls."""

    def __init__(self, services: Services) -> None:
        """The client calls the service in this process."""
        self._services = services
        self._client: FlaskClient = create_app(services).test_client()
        self._made = 0

    def plant(self, texts: Sequence[str]) -> Planted:
        """A ticket, an article, a call and a gap that hold these texts in all their fields."""
        self._made += 1
        words = cycle(texts)
        whole = "红灯一直亮 " + "\n\n".join(texts)
        ticket_no = self._plant_ticket(whole, words)
        article_id = self._plant_article(texts, words)
        self._call("POST", "/pop", {"call_id": next(words)[:190], "text": whole})
        found = quote(next(words))
        pages = (
            f"/tickets/{ticket_no}", f"/tickets/{ticket_no}/dispatch", f"/articles/{article_id}",
            f"/edit/{article_id}", f"/edit/{article_id}/history", f"/edit/{article_id}/usage",
            f"/desk/reading/{article_id}", f"/search?q={found}", f"/search?q={found}&syntax=query",
            f"/search/quick?q={found}", f"/search?q=x&category={found}&region={found}",
            f"/pop?call_id={found}&q={found}", f"/edit/mine?owner={found}",
            f"/reports?department={found}", f"/tickets?department={found}", f"/problems/{found}",
            f"/articles/{found}", f"/tickets/{found}",
        )  # fmt: skip
        return Planted(tuple(texts), pages)

    def _plant_ticket(self, whole: str, words: Iterator[str]) -> str:
        made = self._call("POST", "/api/v1/tickets", {
            "description": whole, "title": next(words), "customer_demand": whole,
            "region": next(words), "responsible_dept": next(words), "category": "060101",
        })  # fmt: skip
        ticket = f"/api/v1/tickets/{made['ticket_no']}"
        self._call("PATCH", ticket, {"root_cause": whole, "resolution": whole, "fix": next(words)})
        self._call("POST", f"{ticket}/assign", {"assignee": next(words)})
        self._call("POST", f"{ticket}/dispatch",
                   {"department": next(words), "person": next(words), "text": whole})  # fmt: skip
        self._call("POST", f"{ticket}/escalate", {"reason": whole})
        asked = self._call("POST", "/api/v1/suggestions",
                           {"text": whole, "ticket_no": made["ticket_no"]})  # fmt: skip
        self._call("POST", f"/api/v1/suggestions/{asked['session_id']}/decisions",
                   {"decision": "gap", "comment": whole})  # fmt: skip
        self._call("POST", f"{ticket}/close", {"resolution": whole, "root_cause": whole,
                                               "fix": next(words), "none_fit": True})  # fmt: skip
        self._call("POST", f"{ticket}/callback", {"satisfied": False, "comment": whole})
        gap = f"/api/v1/reports/gaps/none_fit:{made['ticket_no']}-0/mark"
        self._client.post(gap, json={"state": "ignored", "reason": whole})
        self._call("POST", f"{ticket}/reopen", {"reason": whole})
        return str(made["ticket_no"])

    def _plant_article(self, texts: Sequence[str], words: Iterator[str]) -> str:
        whole = "\n\n".join(texts)
        article_id = f"S9{self._made:03d}"
        path = f"/api/v1/articles/{article_id}"
        draft = {
            "title": next(words), "section": "2.1", "slug": f"planted-{self._made}",
            "owner": next(words), "responsible_dept": next(words),
            "keywords": [next(words), next(words)], "sources": [next(words)],
            "steps": [next(words)], "body": f"## {next(words)}\n\n{whole}", "reason": whole,
            "valid_from": "2026-01-01", "review_by": "2027-01-01",
        }  # fmt: skip
        self._call("PUT", f"{path}/draft", draft, {"If-None-Match": "*"})
        self._call("POST", f"{path}/comments", {"revision": 1, "comment": whole})
        # a link that leads nowhere is refused at submission: what is published has none
        draft |= {"title": next(words), "body": "\n\n".join(filter(_has_no_link, texts))}
        self._call("PUT", f"{path}/draft", draft, {"If-Match": '"rev-1"'})
        self._call("POST", f"{path}/submit", {"revision": 2, "comment": whole})
        self._call("POST", f"{path}/approve", {"revision": 2, "comment": whole}, {"X-Agent": "b"})
        return article_id

    def plant_words(self, texts: Sequence[str]) -> None:
        """Texts in the glossary, and in an account's name wherever somebody is named."""
        with self._services.database.transaction() as connection:
            terms = [GlossaryTerm(text, text, "P060101") for text in texts]
            kept = [GlossaryTerm("光猫", texts[0], "P060101"), *terms]
            glossary.save_glossary(connection, kept)
        for text in texts:
            if len(text) <= 60:
                named = {"X-Agent": quote(text)}
                self._call("POST", "/api/v1/tickets", {"description": text}, named)

    def _call(self, method: str, path: str, body: object, headers: Any = None) -> dict[str, Any]:
        answer = self._client.open(path, method=method, json=body, headers=headers)
        if answer.status_code >= 400:
            raise RuntimeError(f"{method} {path}: {answer.text[:500]}")
        return dict(answer.json or {}) if answer.is_json else {}


def visit(context: BrowserContext, site: str, paths: Sequence[str]) -> dict[str, set[int]]:
    """Open pages; those on which something ran, with the numbers of what did."""
    page = context.new_page()
    found: dict[str, set[int]] = {}
    for path in paths:
        page.goto(site + path)
        ran = scripts_run(page)
        if ran:
            found[path] = ran
    page.close()
    return found


def type_everywhere(context: BrowserContext, site: str, texts: Sequence[str]) -> set[int]:
    """Type texts where scripts and refused forms show them again; what ran."""
    page = context.new_page()
    whole = "\n\n".join(texts)
    page.goto(site + "/")
    with page.expect_response("**/desk/fragment"):
        page.fill("#q", "红灯一直亮 " + whole)
    ran = scripts_run(page)
    page.goto(site + "/edit/vocabulary")
    page.locator("textarea[name=synonyms]").fill(whole)
    with page.expect_navigation():
        page.locator("form:has(textarea[name=synonyms])").evaluate("form => form.submit()")
    ran |= scripts_run(page)
    page.goto(site + "/edit/P060101")
    page.locator("textarea[name=body]").fill(whole)
    page.wait_for_timeout(600)
    ran |= scripts_run(page) | _import_word_file(page, site, texts)
    page.close()
    return ran


def _import_word_file(page: Page, site: str, texts: Sequence[str]) -> set[int]:
    """A Word file whose headings, paragraphs and links are these texts, as it would be kept."""
    body = "".join(
        word_files.paragraph(text, heading=1)
        + word_files.paragraph(text)
        + word_files.link(text, f"r{place}")
        for place, text in enumerate(texts)
    )
    links = {f"r{place}": f"javascript:top.pwn({place})" for place in range(len(texts))}
    page.goto(site + "/edit/import")
    file = {
        "name": f"{texts[0][:60].replace('/', '')}.docx",
        "mimeType": "application/octet-stream",
        "buffer": word_files.word_file(body, links=links),
    }
    page.locator("[name=file]").set_input_files(file)  # type: ignore[arg-type]
    with page.expect_navigation():
        page.get_by_role("button", name="看看会变成什么").click()
    return scripts_run(page)


@contextmanager
def opened_browser() -> Iterator[Browser]:
    """Chromium."""
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", *ARGUMENTS]
        )


def drill(
    browser: Browser, services: Services, vectors: Sequence[Vector], *, together: int
) -> dict[str, set[int]]:
    """Plant and type all texts, ``together`` at a time; the pages on which one ran."""
    planter = Planter(services)
    found: dict[str, set[int]] = {}
    name = quote("<img src=x onerror=top.pwn(0)>")
    with serving(services) as site:
        context = new_context(browser)
        context.add_cookies([{"name": "kb_agent", "value": name, "url": site}])
        for start in range(0, len(vectors), together):
            texts = [each.text for each in vectors[start : start + together]]
            planted = planter.plant(texts)
            sync_index(services.settings, services.database)
            found |= visit(context, site, planted.pages)
            found |= {
                f"typed {texts[0]}": ran for ran in [type_everywhere(context, site, texts)] if ran
            }
        planter.plant_words([each.text for each in vectors])
        found |= visit(context, site, [*LISTS, "/articles/P060101"])
        context.close()
    return found


@click.command()
@click.option("--together", default=1, help="texts that share the fields of one ticket")
@click.option("--most", default=1000, help="texts at most")
def main(together: int, most: int) -> None:
    """Run the drill and say what was seen."""
    began = time.monotonic()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with opened_browser() as browser, open_app() as (_, services):
        vectors = make_vectors()
        ran = run_pages(browser, raw_pages(vectors))
        still = [each for each in vectors if each.number not in ran]
        click.echo(f"{len(ran)} of {len(vectors)} texts run raw")
        for each in still:
            click.echo(f"    does not count: {each.raw!r}")
        counted = [each for each in vectors if each.number in ran][:most]
        cleaned = "".join(render_markdown(each.text) for each in counted)
        found = {"rendered Markdown": run_pages(browser, {1: cleaned})}
        found |= drill(browser, services, counted, together=together)
        found = {path: numbers for path, numbers in found.items() if numbers}
    for path, numbers in found.items():
        click.echo(f"RAN on {path}: {sorted(numbers)}")
    click.echo(f"{len(found)} pages ran a script, {time.monotonic() - began:.0f} s")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()

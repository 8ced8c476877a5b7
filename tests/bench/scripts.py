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
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

import click
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
from kb.access import viewer_of
from kb.store import accounts
from tests.bench.identities import EVERYTHING, Identity, make_identities
from tests.bench.schema import open_app
from tests.bench.script_pages import asked, every_page
from tests.bench.script_planting import Planter, pack
from tests.bench.script_vectors import Vector, make_vectors
from tests.browser.conftest import ARGUMENTS, CHROMIUM, serving
from tests.kb import word_files
from web.app import create_app
from web.rendering import render_markdown
from web.services import Services

CONTROLS = "http://controls.test/"
AT_ONCE = 30
PATIENCE = 300_000
TYPED = 60
"""Texts that are typed at once, in fields that take long ones."""
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
    page.set_default_timeout(PATIENCE)
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


def visit(
    context: BrowserContext, site: str, paths: Sequence[str], opened: Counter[str]
) -> dict[str, set[int]]:
    """Open pages; those on which something ran, with the numbers of what did."""
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    found: dict[str, set[int]] = {}
    for path in paths:
        answer = page.goto(site + path)
        ran = scripts_run(page)
        rule = re.sub(r"[^/]*(%|[0-9_-])[^/]*", "…", path.partition("?")[0])
        opened[f"{rule} {answer.status if answer else ''}"] += 1
        if ran:
            found[path] = ran
    page.close()
    return found


def type_everywhere(context: BrowserContext, site: str, texts: Sequence[str]) -> set[int]:
    """Type texts where scripts and refused forms show them again; what ran."""
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
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
    browser: Browser, services: Services, vectors: Sequence[Vector]
) -> tuple[dict[str, set[int]], Counter[str]]:
    """Plant all texts, in groups that fit into a short field, open every page that shows one, and
    type them; the pages on which one ran, and how often each page was opened."""
    app, people = create_app(services), make_identities(services)
    people["second"] = second_of(services, people[EVERYTHING])
    planter, opened = Planter(services, app, people), Counter[str]()
    found: dict[str, set[int]] = {}
    texts = [each.text for each in vectors]
    planter.plant_words(texts)
    names = {name: planter.values.pop(name) for name in ("account_id", "token")}
    groups = list(pack(texts))
    for group in groups:
        planter.plant(group)
    sync_index(services.settings, services.database)
    with serving(services) as site:
        context = new_context(browser)
        sign_in_browser(context, site, people[EVERYTHING].sign_in(services))
        plain, parted = every_page(app, planter.values | names)
        asking = [page for group in groups for page in asked(" ".join(group))]
        pages = [*plain, "/reports/tasks?closed=1", *parted, *asking]
        found |= visit(context, site, pages, opened)
        for some in (texts[start : start + TYPED] for start in range(0, len(texts), TYPED)):
            ran = type_everywhere(context, site, some)
            found |= {f"typed {some[0]}": ran} if ran else {}
        context.close()
        _, of_names = every_page(app, {**dict.fromkeys(planter.values, ()), **names})
        context = new_context(browser)
        signed_out = [page for text in texts for page in asked(text) if page.startswith("/sign-in")]
        found |= visit(context, site, [*signed_out, *of_names], opened)
        context.close()
    return found, opened


def sign_in_browser(context: BrowserContext, site: str, headers: Mapping[str, str]) -> None:
    """Give the browser the cookie of a sign-in."""
    name, _, value = headers["Cookie"].partition("=")
    context.add_cookies([{"name": name, "value": value, "url": site}])


def second_of(services: Services, first: Identity) -> Identity:
    """Another person for whom all is allowed, whose name is a script."""
    assert first.account is not None
    other = replace(first.account, name="<img src=x onerror=top.pwn(0)>")
    with services.database.transaction() as connection:
        account = accounts.add_account(connection, other)
    return Identity("second", viewer_of(account), account)


@click.command()
@click.option("--most", default=1000, help="texts at most")
def main(most: int) -> None:
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
        more, opened = drill(browser, services, counted)
        found |= more
        found = {path: numbers for path, numbers in found.items() if numbers}
    for path, numbers in found.items():
        click.echo(f"RAN on {path}: {sorted(numbers)}")
    click.echo(
        f"{len(counted)} texts, {len(opened)} pages opened {opened.total()} times, "
        f"{len(found)} ran a script, {time.monotonic() - began:.0f} s"
    )
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()

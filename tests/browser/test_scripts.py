"""Texts meant to run a script, in every field and on every page: none does; tests/bench has all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from indexer.language import Language
from kb.times import now_beijing
from tests.bench.script_vectors import make_vectors
from tests.bench.scripts import drill, new_context, raw_pages, run_pages, scripts_run
from tests.conftest import open_services
from web.rendering import render_markdown
from web.services import Services

VECTORS = make_vectors()
DANGER = "document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=top.pwn(7)>')"


@pytest.fixture(scope="module")
def desk(
    prepared_data: Path, language: Language, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Services]:
    """A desk of its own: what is planted stands in lists that other tests read."""
    folder = tmp_path_factory.mktemp("scripts") / "data"
    with open_services(prepared_data, folder, language, now_beijing) as desk:
        yield desk


def test_every_text_runs_when_nothing_stops_it(browser: Browser) -> None:
    assert len(VECTORS) >= 150
    ran = run_pages(browser, raw_pages(VECTORS), patience=20_000)
    assert ran == {each.number for each in VECTORS}


def test_no_text_runs_as_markdown_of_an_article(browser: Browser) -> None:
    rendered = "".join(render_markdown(each.text) for each in VECTORS)
    assert run_pages(browser, {1: rendered}, patience=500) == set()


def test_no_text_runs_on_any_page(browser: Browser, desk: Services) -> None:
    ran, opened = drill(browser, desk, VECTORS[::20])
    assert ran == {}
    assert len(opened) > 45


@pytest.mark.parametrize(("without_policy", "ran"), [(True, {7}), (False, set())])
def test_the_policy_stops_what_escaping_would_let_through(
    browser: Browser, site: str, without_policy: bool, ran: set[int]
) -> None:
    context = new_context(browser, bypass_csp=without_policy)
    page = context.new_page()
    page.goto(f"{site}/articles/P060101")
    page.evaluate(DANGER)
    if without_policy:
        page.wait_for_function("ran.length")
    assert scripts_run(page) == ran
    context.close()

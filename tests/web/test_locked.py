"""A database that another process keeps locked: nobody is left hanging, whatever was asked for."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from tests.web.conftest import COMPLAINT, TOKEN
from web.services import Services

MOST_SECONDS = 7.5
"""A wait of four seconds and what a busy machine adds; waiting twice takes eight."""
ATTEMPTS = 3
"""Who waits twice does so each time; a machine that was busy is not so each time."""
AT_ONCE = 48
SAMPLE = {"article_id": "P060101", "slug": "not-found"}


@contextmanager
def locked(path: Path, kind: str) -> Iterator[None]:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute(f"BEGIN {kind}")
        try:
            yield
        finally:
            other.execute("ROLLBACK")


def ask(app: Flask, path: str, *, post: bool = False, text: str = COMPLAINT) -> TestResponse:
    headers = {"Accept": "text/html", "X-Agent": "wang"}
    client = app.test_client()
    if post:
        return in_time(lambda: client.post(path, json={"text": text}, headers=headers))
    return in_time(lambda: client.get(path, headers=headers))


def in_time(asked: Callable[[], TestResponse]) -> TestResponse:
    """The answer, which waited for the lock once at most."""
    for _ in range(ATTEMPTS):
        began = time.monotonic()
        answer = asked()
        if time.monotonic() - began < MOST_SECONDS:
            return answer
    raise AssertionError(answer.request.path)


def address(rule: Rule) -> str:
    values = {name: SAMPLE.get(name, "1") for name in rule.arguments}
    return str(rule.build(values, append_unknown=False)[1])  # type: ignore[index]


def test_every_page_and_call_answers_in_time_that_the_database_is_busy(
    app: Flask, services: Services
) -> None:
    ask(app, "/api/v1/suggestions", post=True)
    rules = [rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())]
    paths = [address(rule) for rule in rules if rule.endpoint != "static"]
    with locked(services.settings.database, "EXCLUSIVE"), ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(lambda path: ask(app, path), paths))
    for path, answer in zip(paths, answers, strict=True):
        if answer.status_code == 503:
            assert answer.headers["Retry-After"], path
            assert "另一个进程正在写数据库" in answer.text, path
        else:
            assert answer.status_code < 500, path
    busy = [path for path, answer in zip(paths, answers, strict=True) if answer.status_code == 503]
    assert len(busy) > len(paths) / 2, busy


@pytest.mark.parametrize("kind", ["EXCLUSIVE", "IMMEDIATE"])
def test_many_who_ask_at_once_wait_side_by_side_not_one_after_another(
    app: Flask, services: Services, kind: str
) -> None:
    with locked(services.settings.database, kind), ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(
            pool.map(lambda _: ask(app, "/api/v1/suggestions", post=True), range(AT_ONCE))
        )
    assert {answer.status_code for answer in answers} == {503}
    assert {answer.headers["Retry-After"] for answer in answers} == {"5"}
    assert ask(app, "/api/v1/suggestions", post=True).status_code == 200


def test_a_form_that_cannot_be_kept_comes_back_with_all_that_was_typed(
    app: Flask, services: Services
) -> None:
    client = app.test_client()
    token = TOKEN.search(client.get("/").text)
    assert token
    typed = {"csrf_token": token[1], "description": COMPLAINT, "resolution": "写了很久的措施"}
    with locked(services.settings.database, "IMMEDIATE"):
        answer = in_time(
            lambda: client.post("/tickets", data=typed, headers={"Accept": "text/html"})
        )
    assert answer.status_code == 503
    assert "另一个进程正在写数据库" in answer.text
    assert "写了很久的措施" in answer.text

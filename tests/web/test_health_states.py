"""Alive and ready are two things: the process answers in every state, what it can do differs."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from indexer.engine import Engine
from indexer.language import Language
from kb.soundness import mark
from kb.store import tickets
from tests.small_disk import small_disk
from tests.web.conftest import COMPLAINT
from web.app import create_app
from web.services import Services


def ask(client: FlaskClient) -> tuple[int, dict[str, Any]]:
    """What ``/readyz`` says; ``/healthz`` is fine whatever that is."""
    assert client.get("/healthz").json == {"status": "ok"}
    ready = client.get("/readyz")
    return ready.status_code, ready.get_json()


def test_usually_it_is_both(client: FlaskClient) -> None:
    code, told = ask(client)
    assert (code, told["status"], told["writes"], told["mode"]) == (200, "ready", "ok", "hybrid")


def test_without_an_index_it_is_ready_and_says_that_it_answers_by_words(
    services: Services, language: Language, tmp_path: Path
) -> None:
    settings = replace(services.settings, data=tmp_path)
    shutil.copy(services.settings.database, settings.database)
    settings.index.mkdir()
    engine = Engine(settings, services.database, language)
    code, told = ask(create_app(replace(services, settings=settings, engine=engine)).test_client())
    assert (code, told["status"], told["mode"], told["passages"]) == (200, "ready", "database", 0)
    assert told["mode_reason"]


def test_while_the_database_is_locked_it_is_alive_only(
    client: FlaskClient, services: Services
) -> None:
    with closing(sqlite3.connect(services.settings.database, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        code, told = ask(client)
        other.execute("ROLLBACK")
    assert (code, told["type"]) == (503, "/problems/database-busy")
    assert ask(client)[0] == 200


def test_on_a_full_disk_it_is_ready_and_says_that_nothing_is_kept(
    services: Services, tmp_path: Path
) -> None:
    with small_disk(tmp_path / "disk", mebibytes=16) as disk:
        path = disk.folder / "kb.db"
        shutil.copy(services.settings.database, path)
        database = type(services.database)(path)
        client = create_app(replace(services, database=database)).test_client()
        assert ask(client)[1]["writes"] == "ok"
        disk.fill()
        code, told = ask(client)
        assert (code, told["status"], told["writes"]) == (200, "ready", "disk-full")
        database.close()


def test_with_a_damaged_database_it_is_not_ready_writes_nothing_and_says_so_on_every_page(
    client: FlaskClient, services: Services, send: Callable[..., Any], ticket_no: str
) -> None:
    path = services.settings.database
    mark(path, ["表 ticket 坏了"])
    try:
        code, told = ask(client)
        assert (code, told["status"], told["writes"]) == (503, "not-ready", "damaged")
        for address, body in (
            ("/api/v1/suggestions", {"text": COMPLAINT}),
            (f"/api/v1/tickets/{ticket_no}/close", {"resolution": "好了", "none_fit": True}),
        ):
            answer = client.post(address, json=body)
            assert (answer.status_code, answer.get_json()["type"]) == (
                503, "/problems/database-damaged",
            )  # fmt: skip
            assert "kb restore" in answer.get_json()["title"]
        page = client.get("/articles/P060101", headers={"Accept": "text/html"})
        assert (page.status_code, "kb restore" in page.text) == (200, True)
        typed = send("/", {"description": COMPLAINT})
        assert (typed.status_code, COMPLAINT in typed.text) == (503, True)
    finally:
        mark(path, [])
    assert tickets.read_ticket(services.database.connection, ticket_no).status == "open"
    assert ask(client)[0] == 200


def test_while_it_stops_it_is_alive_only(app: Flask, client: FlaskClient) -> None:
    stopping: threading.Event = app.extensions["stopping"]
    stopping.set()
    try:
        code, told = ask(client)
        assert (code, told["status"]) == (503, "stopping")
        assert client.get("/api/v1/search?q=断网").status_code == 200  # what is in hand is finished
    finally:
        stopping.clear()


@pytest.mark.parametrize("damage", [b"\xa5" * 4096])
def test_damage_met_while_serving_is_remembered(
    services: Services, tmp_path: Path, damage: bytes
) -> None:
    path = tmp_path / "kb.db"
    shutil.copy(services.settings.database, path)
    database = type(services.database)(path)
    settings = replace(services.settings, data=tmp_path)
    client = create_app(replace(services, settings=settings, database=database)).test_client()
    with path.open("rb+") as file:
        for place in range(4096, path.stat().st_size, 4096):
            file.seek(place)
            file.write(damage)
    assert client.get("/api/v1/tickets/TS1").status_code == 503
    assert database.damage
    code, told = ask(client)
    assert (code, told["type"]) == (503, "/problems/database-damaged")
    database.close()

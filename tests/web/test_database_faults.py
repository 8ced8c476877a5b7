"""What the desk hears when the database is locked, full or damaged."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from web.services import Services


def take_in(client: FlaskClient, *, times: int = 1) -> TestResponse:
    taken = {"description": "盒子上那个红灯一直亮，网断了" * times, "category": "060101"}
    return client.post("/api/v1/tickets", json=taken)


def test_a_database_locked_by_another_process_is_told_within_five_seconds(
    client: FlaskClient, services: Services
) -> None:
    with closing(sqlite3.connect(services.settings.database, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        began = time.monotonic()
        answer = take_in(client)
        assert time.monotonic() - began >= 3  # it was waited for
        other.execute("ROLLBACK")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert answer.get_json()["type"] == "/problems/database-busy"
    assert take_in(client).status_code == 201


def test_a_full_disk_refuses_what_is_written_serves_what_is_read_and_is_got_over(
    client: FlaskClient, services: Services
) -> None:
    connection = services.database.connection
    most = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {most}")
    answers = (take_in(client, times=100) for _ in range(400))
    full = next(answer for answer in answers if answer.status_code != 201)
    assert full.status_code == 507
    assert "磁盘空间不足" in full.get_json()["title"]
    assert client.get("/api/v1/articles/P060101").status_code == 200
    connection.execute("PRAGMA max_page_count = 1073741823")
    assert take_in(client).status_code == 201


def test_a_page_says_so_too(client: FlaskClient, services: Services) -> None:
    with closing(sqlite3.connect(services.settings.database, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        answer = client.get("/tickets", headers={"Accept": "text/html"})
        other.execute("ROLLBACK")
    assert answer.status_code == 503
    assert "另一个进程正在写数据库" in answer.text


def test_a_damaged_database_names_the_way_back(client: FlaskClient, services: Services) -> None:
    services.database.close()
    with services.settings.database.open("rb+") as file:
        file.seek(100)
        file.write(b"\xa5" * (services.settings.database.stat().st_size - 100))
    answer = client.get("/api/v1/tickets/TS1")
    assert answer.status_code == 503
    assert "kb restore" in answer.get_json()["title"]

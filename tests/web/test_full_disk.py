"""A disk that is full to the last byte: what cannot be kept is refused, all that is read goes on,
and it is got over without a restart."""

from __future__ import annotations

import json
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from indexer.agreement import find_divergence
from indexer.following import Follower, Healing
from indexer.generation import read_current, writing
from indexer.integrity import find_damage
from indexer.language import Language
from kb.backing import back_up
from kb.database import copy_database
from kb.store import whole
from tests.conftest import Clock, counted, open_services
from tests.small_disk import SmallDisk, small_disk
from tests.web.conftest import COMPLAINT
from tests.web.test_api_editing import FIELDS
from web.recurring import keep_backup
from web.services import Services

FULL = "/problems/disk-full"
DRAFT = "清出空间之后再保存的正文"


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallDisk]:
    with small_disk(tmp_path_factory.mktemp("full") / "disk", mebibytes=160) as disk:
        yield disk


@pytest.fixture(scope="module")
def services(prepared_data: Path, language: Language, disk: SmallDisk) -> Iterator[Services]:
    with open_services(prepared_data, disk.folder / "data", language, Clock()) as services:
        yield services


@pytest.fixture
def full(disk: SmallDisk, services: Services) -> Iterator[SmallDisk]:
    """The disk, filled; freed after the test."""
    sessions = count(services, "suggestion_session")
    disk.fill()
    yield disk
    disk.free()
    assert count(services, "suggestion_session") >= sessions
    assert whole.find_damage(services.database.connection) == ""


def count(services: Services, table: str) -> int:
    return int(services.database.connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def is_lock_free(services: Services) -> bool:
    with closing(sqlite3.connect(services.settings.database, timeout=0.2)) as other:
        other.execute("BEGIN EXCLUSIVE")
        other.rollback()
    return True


def test_what_cannot_be_kept_is_refused_in_chinese_and_kept_once_there_is_space(
    client: FlaskClient, suggested: dict[str, Any], ticket_no: str, full: SmallDisk,
    services: Services,
) -> None:  # fmt: skip
    item = suggested["procedures"][0]["impression_id"]
    close = {"resolution": "换了尾纤，复测正常", "none_fit": True}
    draft = client.get("/api/v1/articles/P060101/draft")
    body = {name: draft.get_json()[name] for name in FIELDS} | {"body": DRAFT, "reason": "试改"}
    asked = [
        ("POST", f"/api/v1/tickets/{ticket_no}/close", close, {}),
        ("POST", f"/api/v1/tickets/{ticket_no}/close", close, {"Idempotency-Key": "full-1"}),
        ("POST", f"/api/v1/impressions/{item}/events", {"action": "clicked"}, {}),
        ("POST", "/api/v1/tickets", {"description": COMPLAINT * 300, "category": "060101"}, {}),
        ("PUT", "/api/v1/articles/P060101/draft", body, {"If-Match": draft.headers["ETag"]}),
    ]
    for method, path, sent, headers in asked:
        answer = client.open(path, method=method, json=sent, headers=headers)
        assert (answer.status_code, answer.mimetype) == (507, "application/problem+json"), path
        assert answer.get_json()["type"] == FULL
        assert "磁盘空间不足" in answer.get_json()["title"]
        assert is_lock_free(services)
    full.free()
    for method, path, sent, headers in asked:
        if path.endswith("/close") and not headers:
            continue
        answer = client.open(path, method=method, json=sent, headers=headers)
        assert answer.status_code in (200, 201), (path, answer.text)
    assert client.get(f"/api/v1/tickets/{ticket_no}").get_json()["status"] == "closed"


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "asked-1"}])
def test_a_suggestion_that_cannot_be_recorded_is_given_and_says_so(
    client: FlaskClient,
    suggested: dict[str, Any],
    full: SmallDisk,
    services: Services,
    headers: dict[str, str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    before = count(services, "suggestion_session")
    unrecorded = counted("kb_unrecorded_total", kind="suggestion")
    with caplog.at_level("INFO", "web"):
        answer = client.post(
            "/api/v1/suggestions", json={"text": COMPLAINT}, headers=headers
        ).get_json()
    assert (answer["recorded"], answer["session_id"]) == (False, "")
    shown = [item["target_id"] for item in answer["procedures"]]
    assert shown == [item["target_id"] for item in suggested["procedures"]]
    assert {item["impression_id"] for item in answer["past_fixes"]} == {""}
    assert count(services, "suggestion_session") == before
    events = [json.loads(record.getMessage())["event"] for record in caplog.records]
    assert "not_recorded" in events
    assert counted("kb_unrecorded_total", kind="suggestion") == unrecorded + 1
    full.free()
    answer = client.post("/api/v1/suggestions", json={"text": COMPLAINT}, headers=headers)
    assert answer.get_json()["recorded"]
    assert client.get(f"/api/v1/suggestions/{answer.get_json()['session_id']}").status_code == 200


def test_a_search_goes_on_without_its_record(client: FlaskClient, full: SmallDisk) -> None:
    answer = client.get("/api/v1/search?q=断网").get_json()
    assert (answer["recorded"], answer["search_id"]) == (False, "")
    assert answer["hits"]
    page = client.get("/search?q=断网", headers={"Accept": "text/html"})
    assert (page.status_code, "未记录" in page.text) == (200, True)
    nothing = client.get("/search?q=齐天大圣孙悟空", headers={"Accept": "text/html"})
    assert nothing.status_code == 200
    full.free()
    assert client.get("/api/v1/search?q=断网").get_json()["recorded"]


def test_the_desk_shows_suggestions_that_nothing_can_be_tied_to(
    send: Callable[..., Any], full: SmallDisk
) -> None:
    page = send("/", {"description": COMPLAINT})
    assert page.status_code == 200
    assert "未记录" in page.text
    assert "P060101" in page.text
    assert "data-unrecorded" in page.text
    for absent in ("data-impression", 'data-act="none"', "data-session", 'name="mark"'):
        assert absent not in page.text
    part = send("/desk/fragment", {"description": COMPLAINT})
    assert (part.status_code, "未记录" in part.text) == (200, True)
    full.free()
    page = send("/", {"description": COMPLAINT})
    assert "未记录" not in page.text
    assert "data-impression" in page.text


def test_a_ticket_is_shown_and_asked_for_and_a_refused_form_keeps_what_was_typed(
    client: FlaskClient, send: Callable[..., Any], ticket_no: str, full: SmallDisk
) -> None:
    address = f"/tickets/{ticket_no}"
    page = client.get(address, headers={"Accept": "text/html"})
    assert (page.status_code, "未记录" in page.text) == (200, True)
    again = send(f"{address}/suggest", {"description": COMPLAINT}, page=address)
    assert (again.status_code, "未记录" in again.text) == (200, True)
    fields = {"description": COMPLAINT, "solution": "none", "resolution": "写了很久的措施"}
    refused = send(f"{address}/close", fields, page=address)
    assert refused.status_code == 507
    assert "磁盘空间不足" in refused.text
    assert "写了很久的措施" in refused.text
    desk = send("/desk/close", {**fields, "category": "060101"})
    assert (desk.status_code, "写了很久的措施" in desk.text) == (507, True)
    gap = send("/search/gap", {"text": "手册里没有"}, page="/search?q=断网")
    assert gap.status_code == 507
    full.free()
    assert send(f"{address}/close", fields, page=address).status_code == 303


def test_reading_goes_on(client: FlaskClient, ticket_no: str, full: SmallDisk) -> None:
    for path in (
        *("/", "/articles", "/articles/P060101", "/tickets", f"/tickets/{ticket_no}", "/reports"),
        *("/edit", "/learn", "/api/v1/articles/P060101", f"/api/v1/tickets/{ticket_no}"),
        *("/healthz", "/readyz", "/metrics", "/search/quick?q=断网", "/reports/gaps"),
    ):
        answer = client.get(path, headers={"Accept": "text/html"})
        assert answer.status_code == 200, (path, answer.text[:300])


def test_the_index_stays_as_it_was_and_goes_on_by_itself(
    client: FlaskClient, disk: SmallDisk, services: Services, clock: Clock
) -> None:
    settings, database = services.settings, services.database
    told: list[Healing] = []
    with writing(settings.index):
        follower = Follower(settings, database, clock=clock, tell=told.append)
        follower.step()
        taken = {"description": "小区机房的交换机冒烟了", "category": "060101"}
        assert client.post("/api/v1/tickets", json=taken).status_code == 201
        files = names(read_current(settings.index))
        disk.fill()
        for _ in range(3):
            with pytest.raises((OSError, sqlite3.OperationalError)):
                follower.step()
        assert names(read_current(settings.index)) == files
        assert find_damage(read_current(settings.index)) == []
        assert client.get("/api/v1/search?q=断网").get_json()["hits"]
        assert services.engine.status().mode == "hybrid"
        disk.free()
        follower.step()
    assert services.engine.status().pending == 0
    assert find_divergence(settings, database).keys == []
    assert told == []


def test_a_backup_that_does_not_fit_leaves_nothing_behind(
    services: Services, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    copy_database(services.settings.database, data / "kb.db")
    with small_disk(tmp_path / "disk", mebibytes=16) as disk:
        folder = disk.folder / "backups"
        settings = replace(services.settings, data=data, backups=folder)
        keeping = replace(services, settings=settings)
        kept = back_up(settings, folder, now=services.clock()).path
        for left in (1 << 12, 1 << 20, 5 << 20):  # while copied, while packed
            disk.fill(leave=left)
            with pytest.raises((OSError, sqlite3.OperationalError)):
                back_up(settings, folder, now=Clock().advance(hours=1))
            assert list(folder.iterdir()) == [kept]
        with caplog.at_level("INFO", "web"):
            keep_backup(keeping)
            assert "backup_failed" in caplog.text
            disk.free()
            keep_backup(keeping)
        assert "backup_made" in caplog.text


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_upload_that_finds_no_space_beside_the_database_is_refused_too(
    client: FlaskClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.get("/edit/import")
    part = 'content-disposition: form-data; name="file"; filename="a.docx"'
    body = f"--cut\r\n{part}\r\n\r\n{'x' * 900_000}\r\n--cut--\r\n".encode()
    kind = "multipart/form-data; boundary=cut"
    with small_disk(tmp_path / "disk", mebibytes=1) as disk:
        monkeypatch.setattr(tempfile, "tempdir", str(disk.folder))
        disk.fill()
        page = {"Accept": "text/html"}
        answer = client.post("/edit/import", data=body, content_type=kind, headers=page)
        monkeypatch.undo()
    assert (answer.status_code, "磁盘空间不足" in answer.text) == (507, True)

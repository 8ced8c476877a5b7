"""A backup is one commit of the whole desk, and what is restored is that and nothing else."""

from __future__ import annotations

import io
import json
import sqlite3
import tarfile
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, replace
from datetime import timedelta
from pathlib import Path

import pytest

from kb.auditing import note
from kb.backing import (
    MANIFEST,
    back_up,
    plan_removal,
    read_backups,
    read_heads,
    restore,
    thin_out,
)
from kb.database import create_database, open_database
from kb.errors import BackupDamaged, DatabaseTooNew, DataFolderInUse
from kb.settings import Settings, read_settings
from kb.trail import parse_head, verify_trail
from tests.kb.small import NOW

WRITES = 400


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A data folder with an empty database and an encoder of one file."""
    settings = read_settings({"KB_DATA": str(tmp_path / "data")})
    create_database(settings.database).close()
    (settings.encoders / "one").mkdir(parents=True)
    (settings.encoders / "one" / "table").write_bytes(b"\0" * 9)
    (settings.encoders / "CURRENT").write_text("one\n", "utf-8")
    return settings


def dump(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())


def change(path: Path, target: Path, **members: bytes) -> Path:
    """A copy of a backup in which some files hold other bytes; a new name is added."""
    with tarfile.open(path) as old, tarfile.open(target, "w") as new:
        held = {each.name: old.extractfile(each) for each in old.getmembers()}
        files = {name: file.read() for name, file in held.items() if file is not None}
        for name, data in (
            files | {name.replace("_", "."): data for name, data in members.items()}
        ).items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            new.addfile(entry, io.BytesIO(data))
    return target


def test_what_is_restored_is_what_was_backed_up(settings: Settings, tmp_path: Path) -> None:
    made = back_up(settings, tmp_path / "kept", now=NOW)
    manifest = restore(made.path, tmp_path / "new")
    assert manifest == made.manifest
    assert dump(tmp_path / "new" / "kb.db") == dump(settings.database)
    assert (tmp_path / "new" / "encoders" / "one" / "table").read_bytes() == b"\0" * 9
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["encoders", "kb.db"]
    assert [path for _, path in read_backups(tmp_path / "kept")] == [made.path]


def test_a_trail_cut_back_or_rewritten_since_a_backup_is_found(
    settings: Settings, tmp_path: Path
) -> None:
    database = open_database(settings.database)

    def note_some(word: str) -> None:
        with database.transaction() as connection:
            for number in range(5):
                note(connection, f"{word}:{number}")

    note_some("one")
    early = back_up(settings, tmp_path / "early", now=NOW)
    note_some("two")
    late = back_up(settings, tmp_path / "kept", now=NOW)
    connection = database.connection
    heads = [*read_heads(early.path), *read_heads(tmp_path / "kept")]
    assert heads == [parse_head(each.manifest.audit_head) for each in (early, late)]
    assert verify_trail(connection, *heads).broken is None
    note_some("three")
    assert verify_trail(connection, *heads).broken is None
    with closing(sqlite3.connect(settings.database)) as other, other:
        other.execute("DROP TRIGGER audit_stays")
        other.execute("DELETE FROM audit WHERE seq > ?", (heads[0].through + 2,))
        other.execute("UPDATE sqlite_sequence SET seq = ? WHERE name = 'audit'",
                      (heads[0].through + 2,))  # fmt: skip
        other.execute(
            "CREATE TRIGGER audit_stays BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'x'); END"
        )
    assert verify_trail(connection).broken is None
    assert verify_trail(connection, heads[0]).broken is None
    assert "短" in str(verify_trail(connection, *heads).broken)
    note_some("four")
    assert "换过" in str(verify_trail(connection, *heads).broken)
    database.close()


def test_what_tells_no_head_is_refused(settings: Settings, tmp_path: Path) -> None:
    made = back_up(settings, tmp_path / "kept", now=NOW)
    manifest = asdict(made.manifest)
    del manifest["audit_head"]
    old = change(made.path, tmp_path / "old.tar", manifest_json=json.dumps(manifest).encode())
    (tmp_path / "none").mkdir()
    for place in (old, tmp_path / "none", settings.database):
        with pytest.raises(BackupDamaged):
            read_heads(place)
    assert restore(old, tmp_path / "new").audit_head == ""


@pytest.fixture
def writing(settings: Settings) -> Iterator[threading.Event]:
    """Somebody writes pairs of rows, each pair in a transaction; set when a few are there."""
    database = open_database(settings.database)
    with database.transaction() as connection:
        connection.execute("CREATE TABLE written (number INTEGER, side TEXT)")
    begun, done = threading.Event(), threading.Event()

    def write() -> None:
        for number in range(WRITES):
            if done.is_set():
                break
            with database.transaction() as connection:
                for side in ("left", "right"):
                    connection.execute("INSERT INTO written VALUES (?, ?)", (number, side))
            if number == 5:
                begun.set()
        database.close()

    thread = threading.Thread(target=write)
    thread.start()
    yield begun
    done.set()
    thread.join()


def test_a_backup_taken_while_others_write_is_one_commit(
    settings: Settings, tmp_path: Path, writing: threading.Event
) -> None:
    assert writing.wait(30)
    for round_ in range(3):
        made = back_up(settings, tmp_path / "kept", now=NOW + timedelta(seconds=round_))
        restore(made.path, tmp_path / f"new{round_}")
        with closing(sqlite3.connect(tmp_path / f"new{round_}" / "kb.db")) as connection:
            numbers = [
                row[0] for row in connection.execute("SELECT number FROM written ORDER BY rowid")
            ]
        assert numbers == [each // 2 for each in range(len(numbers))]
        assert len(numbers) % 2 == 0
        assert len(numbers) == made.manifest.rows["written"] >= 12


def test_a_folder_in_use_is_left_alone(settings: Settings, tmp_path: Path) -> None:
    made = back_up(settings, tmp_path / "kept", now=NOW)
    before = dump(settings.database)
    with pytest.raises(DataFolderInUse):
        restore(made.path, settings.data)
    assert dump(settings.database) == before


def test_what_is_not_a_whole_backup_is_refused_and_nothing_is_put_there(
    settings: Settings, tmp_path: Path
) -> None:
    made = back_up(settings, tmp_path / "kept", now=NOW)
    data = made.path.read_bytes()
    manifest = json.loads(json.dumps(made.manifest.__dict__))
    outside = manifest | {"files": manifest["files"] | {"../outside": "0"}}
    other = manifest | {"format": "0"}
    bad = [
        change(made.path, tmp_path / "bytes.tar", kb_db=b"SQLite format 3\0" + b"x" * 4096),
        change(made.path, tmp_path / "outside.tar", manifest_json=json.dumps(outside).encode()),
        change(made.path, tmp_path / "format.tar", manifest_json=json.dumps(other).encode()),
        change(made.path, tmp_path / "list.tar", manifest_json=b"[]"),
        tmp_path / "cut.tar",
        tmp_path / "text.tar",
        tmp_path / "empty.tar",
    ]
    bad[4].write_bytes(data[: len(data) // 2])
    bad[5].write_text("不是备份", "utf-8")
    bad[6].write_bytes(b"")
    for path in bad:
        with pytest.raises(BackupDamaged, match=path.stem):
            restore(path, tmp_path / "new")
        assert list((tmp_path / "new").iterdir()) == []
    assert not (tmp_path / "outside").exists()


def test_a_database_of_a_newer_version_is_refused_unchanged(
    settings: Settings, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(settings.database)) as connection:
        connection.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at)"
            " VALUES ('kb', 'm999_later', '2027-01-01')"
        )
        connection.commit()
    before = dump(settings.database)
    with pytest.raises(DatabaseTooNew, match="m999_later"):
        open_database(settings.database)
    made = back_up(settings, tmp_path / "kept", now=NOW)
    with pytest.raises(DatabaseTooNew):
        restore(made.path, tmp_path / "new")
    assert dump(settings.database) == before


def test_all_of_an_hour_stay_then_one_an_hour_then_one_a_day() -> None:
    made = [NOW - timedelta(minutes=5 * step) for step in range(12 * 24 * 40)]
    kept = sorted({*made} - {*plan_removal(made, now=NOW)})
    young = [each for each in kept if NOW - each <= timedelta(hours=1)]
    hours = [each for each in kept if timedelta(hours=1) < NOW - each <= timedelta(days=1)]
    days = [each for each in kept if NOW - each > timedelta(days=1)]
    assert young == sorted(made[:13])
    assert len({each.strftime("%d%H") for each in hours}) == len(hours) >= 23
    assert len({each.date() for each in days}) == len(days) >= 29
    assert NOW - min(days) <= timedelta(days=30)


def test_the_newest_backup_stays_however_old_it_is(settings: Settings, tmp_path: Path) -> None:
    first, second = (
        back_up(settings, tmp_path / "kept", now=NOW + timedelta(days=days)) for days in (0, 1)
    )
    (tmp_path / "kept" / "kb-notes.tar").write_bytes(b"")
    gone = thin_out(tmp_path / "kept", now=NOW + timedelta(days=400))
    assert gone == [first.path]
    assert second.path.exists()
    assert (tmp_path / "kept" / "kb-notes.tar").exists()


def test_a_backup_holds_the_manifest_first(settings: Settings, tmp_path: Path) -> None:
    made = back_up(replace(settings), tmp_path / "kept", now=NOW)
    with tarfile.open(made.path) as tar:
        assert tar.getnames()[0] == MANIFEST

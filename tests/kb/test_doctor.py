"""``kb doctor`` on desks that are really broken, each in one way: it names that, and what to do."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from kb.auditing import Actor, note
from kb.backing import back_up
from kb.database import Database, create_database, damage_mark
from kb.doctor import BROKEN, FINE, WARNING, Finding, examine, has_reset_bug, worst
from kb.settings import Settings, read_settings
from tests.kb.small import NOW
from tests.small_disk import small_disk

AT = NOW.replace(year=2040)
"""Later than the rows that the small database's migrations left in its trail."""


@pytest.fixture
def settings(tmp_path: Path, database: Database) -> Settings:
    """Of a desk with a backup; its database is the small one."""
    data = tmp_path / "data"
    data.mkdir()
    database.close()
    shutil.copy(database.path, data / "kb.db")
    found = read_settings({"KB_DATA": str(data), "KB_BACKUPS": str(tmp_path / "backups")})
    back_up(found, tmp_path / "backups", now=AT)
    return found


def look(settings: Settings, name: str) -> Finding:
    """The one finding of a name."""
    return next(each for each in examine(settings, now=AT) if each.name == name)


def change(settings: Settings, sql: str) -> None:
    with closing(sqlite3.connect(settings.database)) as connection:
        connection.executescript(sql)


def test_a_sound_desk_has_nothing_broken(settings: Settings) -> None:
    found = {each.name: each.level for each in examine(settings, now=AT)}
    assert found.pop("备份") == WARNING  # on the same disk
    assert set(found.values()) == {FINE}
    assert {"数据目录", "数据库", "审计", "时钟", "账号", "词表", "SQLite", "设置"} <= set(found)


def spoil_nothing(_: Settings) -> None:
    """What is wrong comes from the settings."""


def remove_folder(settings: Settings) -> None:
    shutil.rmtree(settings.data)


def remove_database(settings: Settings) -> None:
    settings.database.unlink()


def flip_a_page(settings: Settings) -> None:
    with settings.database.open("rb+") as file:
        file.seek(4096 * 3)
        file.write(b"\xa5" * 4096)


def flip_the_header(settings: Settings) -> None:
    with settings.database.open("rb+") as file:
        file.write(b"\xa5" * 64)


def leave_a_mark(settings: Settings) -> None:
    damage_mark(settings.database).write_text("表 ticket 坏了", "utf-8")


def add_a_later_step(settings: Settings) -> None:
    change(settings, "INSERT INTO _sqlite_migrations (migration_set, name, applied_at)"
                     " VALUES ('kb', 'm999_later', '2030-01-01')")  # fmt: skip


def take_a_step_away(settings: Settings) -> None:
    change(settings, "DELETE FROM _sqlite_migrations WHERE name LIKE 'm025%'")


def change_the_trail(settings: Settings) -> None:
    change(settings, "DROP TRIGGER audit_kept; UPDATE audit SET who = '别人' WHERE seq = 2")


def use_a_wal(settings: Settings) -> None:
    change(settings, "PRAGMA journal_mode = WAL; UPDATE stamp SET value = value")


def write_tomorrow(settings: Settings) -> None:
    tomorrow = Actor(lambda: "甲", lambda: "test", lambda: AT + timedelta(days=1))
    database = create_database(settings.database, tomorrow)
    with database.transaction() as connection:
        note(connection, "test:later")
    database.close()


def lose_the_words(settings: Settings) -> None:
    change(settings, "PRAGMA foreign_keys = OFF; DELETE FROM vocabulary_version")


def remove_backups(settings: Settings) -> None:
    for path in (settings.backups or Path()).iterdir():
        path.unlink()


def age_backups(settings: Settings) -> None:
    remove_backups(settings)
    back_up(settings, settings.backups or Path(), now=AT - timedelta(days=3))


@pytest.mark.parametrize(
    ("spoil", "changed", "name", "level", "told"),
    [
        (remove_folder, {}, "数据目录", BROKEN, "不存在"),
        (remove_database, {}, "数据库", BROKEN, "不存在"),
        (flip_a_page, {}, "数据库", BROKEN, "已损坏"),
        (flip_the_header, {}, "数据库", BROKEN, "已损坏"),
        (leave_a_mark, {}, "数据库", BROKEN, "表 ticket 坏了"),
        (add_a_later_step, {}, "数据库版本", BROKEN, "m999_later"),
        (take_a_step_away, {}, "数据库版本", WARNING, "还差 1 步"),
        (change_the_trail, {}, "审计", BROKEN, "第 2 条"),
        (use_a_wal, {}, "SQLite", WARNING, "WAL"),
        (write_tomorrow, {}, "时钟", WARNING, "还早"),
        (lose_the_words, {}, "词表", BROKEN, "没有词表"),
        (remove_backups, {}, "备份", WARNING, "还没有备份"),
        (age_backups, {}, "备份", WARNING, "72.0 小时前"),
        (spoil_nothing, {"backups": None}, "备份", WARNING, "没有设置"),
        (spoil_nothing, {"host": "0.0.0.0"}, "账号", BROKEN, "还没有账号"),  # noqa: S104
        (spoil_nothing, {"host": "10.0.0.1"}, "设置", WARNING, "不是 https"),
        (spoil_nothing, {"watch_handbook": Path("/no/where")}, "设置", BROKEN, "KB_WATCH_HANDBOOK"),
        (spoil_nothing, {"handbook": Path("/no/where")}, "设置", WARNING, "KB_HANDBOOK"),
        (spoil_nothing, {"encoder": "/no/where"}, "设置", WARNING, "KB_ENCODER"),
    ],
)
def test_what_is_wrong_is_named_with_what_to_do(
    settings: Settings,
    spoil: Callable[[Settings], None],
    changed: dict[str, object],
    name: str,
    level: str,
    told: str,
) -> None:
    spoil(settings)
    settings = replace(settings, **changed)  # type: ignore[arg-type]
    found = look(settings, name)
    assert (found.level, told in found.told) == (level, True), found
    assert found.advice
    assert worst(examine(settings, now=AT)) in (level, BROKEN)


def test_a_full_disk_and_one_that_takes_no_writes_are_named(
    settings: Settings, tmp_path: Path
) -> None:
    with small_disk(tmp_path / "disk", mebibytes=70) as disk:
        data = disk.folder / "data"
        shutil.copytree(settings.data, data)
        there = replace(settings, data=data)
        assert look(there, "磁盘空间").level == FINE
        disk.fill()
        found = look(there, "磁盘空间")
        assert (found.level, "清出空间" in found.advice) == (BROKEN, True)
        disk.free()
        disk.make_read_only()
        found = look(there, "数据目录")
        assert (found.level, "不能写" in found.told) == (BROKEN, True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_a_file_of_another_user_is_named(settings: Settings) -> None:
    os.chown(settings.database, 12345, 12345)
    assert look(settings, "数据目录").level == WARNING


@pytest.mark.parametrize(
    ("version", "is_affected"),
    [((3, 40, 1), True), ((3, 51, 2), True), ((3, 44, 5), True), ((3, 50, 6), True),
     ((3, 44, 6), False), ((3, 50, 7), False), ((3, 51, 3), False), ((3, 6, 23), False)],
)  # fmt: skip
def test_libraries_with_the_wal_bug_are_known(
    version: tuple[int, int, int], *, is_affected: bool
) -> None:
    assert has_reset_bug(version) is is_affected

"""What is wrong with a desk and what to do about it, in words for whoever runs it: the database's
side. Nothing is changed, nothing is migrated."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from kb.backing import read_backups
from kb.database import applied_steps, check_steps, damage_mark
from kb.errors import DatabaseTooNew
from kb.migrations import STEPS
from kb.settings import Settings
from kb.soundness import glance
from kb.store import accounts, audit, vocabulary
from kb.store.audit import AuditFilter
from kb.times import BEIJING, format_instant, parse_instant
from kb.trail import format_head, verify_trail

FINE, WARNING, BROKEN = "fine", "warning", "broken"
LEAST_FREE, SPARE_COPIES = 64 << 20, 3
"""Bytes without which nothing works; copies of the database that a backup and a rebuild take."""
BACKUP_AGE = timedelta(hours=24)
CLOCK_SLACK = timedelta(minutes=5)
FIXED = ((3, 51, 3),)
BACKPORTED = ((3, 44, 6), (3, 50, 7))
"""Versions of SQLite without the WAL-reset bug (sqlite.org/wal.html#walresetbug)."""
MIB = 1 << 20


@dataclass(frozen=True)
class Finding:
    """One thing looked at. ``told``: how it is; ``advice``: what to do, "" when nothing."""

    name: str
    level: str
    told: str
    advice: str = ""


def examine(settings: Settings, *, now: datetime) -> list[Finding]:
    """All that can be told without the index. A check that fails itself is a finding."""
    found = [*_guarded("数据目录", lambda: check_folder(settings))]
    found += _guarded("磁盘空间", lambda: check_space(settings))
    found += _guarded("设置", lambda: check_settings(settings))
    found += _guarded("备份", lambda: check_backups(settings, now=now))
    if not settings.database.is_file():
        told = f"{settings.database} 不存在"
        return [
            *found,
            Finding("数据库", BROKEN, told, "运行 kb init --with-samples，或 kb restore"),
        ]
    found += _guarded("数据库", lambda: check_pages(settings.database))
    if found[-1].level == BROKEN:
        return found
    with closing(sqlite3.connect(f"file:{settings.database}?mode=ro", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        found += _guarded("数据库版本", lambda: check_schema(connection))
        if found[-1].level != BROKEN:
            found += _guarded("SQLite", lambda: check_library(connection, settings.database))
            found += _guarded("审计", lambda: check_trail(connection))
            found += _guarded("时钟", lambda: check_clock(connection, now=now))
            found += _guarded("账号", lambda: check_accounts(connection, settings))
            found += _guarded("词表", lambda: check_vocabulary(connection))
    return found


def _guarded(name: str, check: Callable[[], Iterator[Finding]]) -> list[Finding]:
    try:
        return list(check())
    except (OSError, sqlite3.Error) as error:
        told = f"查不了：{error}"
        return [Finding(name, BROKEN, told, "先看磁盘和文件权限，再运行 kb doctor")]


def worst(findings: Sequence[Finding]) -> str:
    """The worst level of all."""
    levels = {finding.level for finding in findings}
    return next((level for level in (BROKEN, WARNING) if level in levels), FINE)


def check_folder(settings: Settings) -> Iterator[Finding]:
    """Is it there, and may this user write to it?"""
    data = settings.data
    if not data.is_dir():
        told = f"{data} 不存在"
        yield Finding("数据目录", BROKEN, told, "运行 kb init，或用 KB_DATA 指到原来的目录")
        return
    places = (data, settings.database, settings.index)
    locked = [each for each in places if each.exists() and not _may_write(each)]
    if locked:
        names = "、".join(map(str, locked))
        advice = "用运行服务的那个系统用户来运行，或把文件的属主改成它（chown）"
        yield Finding("数据目录", BROKEN, f"不能写：{names}", advice)
        return
    foreign = [
        each for each in places if each.exists() and each.stat().st_uid != data.stat().st_uid
    ]
    if foreign:
        names = "、".join(map(str, foreign))
        advice = "把整个数据目录的属主改成运行服务的用户（chown -R）"
        yield Finding("数据目录", WARNING, f"属主与目录不同：{names}", advice)
        return
    yield Finding("数据目录", FINE, f"{data.resolve()} 可读可写")


def _may_write(path: Path) -> bool:
    """Whether this user may; a read-only disk says so to root too."""
    return os.access(path, os.R_OK | os.W_OK)


def check_space(settings: Settings) -> Iterator[Finding]:
    """Is there room to go on, and for a backup and a rebuild?"""
    if not settings.data.is_dir():
        return
    free = shutil.disk_usage(settings.data).free
    size = settings.database.stat().st_size if settings.database.is_file() else 0
    told = f"还有 {free / MIB:.0f} MiB，数据库 {size / MIB:.0f} MiB"
    if free < LEAST_FREE:
        advice = "清出空间，不用重启；满了以后建议照常给出，但什么也保存不了"
        yield Finding("磁盘空间", BROKEN, told, advice)
    elif free < SPARE_COPIES * size:
        advice = f"至少留出数据库的 {SPARE_COPIES} 倍：备份和重建索引要用"
        yield Finding("磁盘空间", WARNING, told, advice)
    else:
        yield Finding("磁盘空间", FINE, told)


def check_pages(path: Path) -> Iterator[Finding]:
    """Is the file whole?"""
    advice = "停下服务，用 kb restore 把最近的备份恢复到空的数据目录"
    if found := glance(path):
        yield Finding("数据库", BROKEN, f"文件已损坏：{found}", advice)
        return
    mark = damage_mark(path)
    if mark.exists():
        told = f"此前查出损坏：{mark.read_text('utf-8', 'replace')}"
        yield Finding("数据库", BROKEN, told, f"运行 kb verify 再查一遍；若仍损坏，{advice}")
        return
    yield Finding("数据库", FINE, "文件完好（quick_check）")


def check_schema(connection: sqlite3.Connection) -> Iterator[Finding]:
    """Was it written by this version of the program?"""
    steps = applied_steps(connection)
    try:
        check_steps(steps)
    except DatabaseTooNew as error:
        yield Finding("数据库版本", BROKEN, str(error), "换用写过它的版本或更新的版本")
        return
    missing = [step for step in STEPS if step not in steps]
    if missing:
        told = f"还差 {len(missing)} 步升级（{missing[0]} 起）"
        advice = "先 kb backup，再启动服务，会自动升级"
        yield Finding("数据库版本", WARNING, told, advice)
    else:
        yield Finding("数据库版本", FINE, f"{steps[-1]}，是这个程序的版本")


def has_reset_bug(version: tuple[int, int, int]) -> bool:
    """Whether this SQLite can lose pages of a database in WAL mode."""
    if version < (3, 7, 0) or version >= FIXED[0]:
        return False
    return not any(version[:2] == kept[:2] and version >= kept for kept in BACKPORTED)


def check_library(connection: sqlite3.Connection, path: Path) -> Iterator[Finding]:
    """Which SQLite, which journal?"""
    mode = connection.execute("PRAGMA journal_mode").fetchone()[0]
    version = sqlite3.sqlite_version
    wal = path.with_name(f"{path.name}-wal")
    if mode == "wal" or wal.exists():
        size = wal.stat().st_size / MIB if wal.exists() else 0.0
        risk = "，这个版本在 WAL 下可能丢页" if has_reset_bug(sqlite3.sqlite_version_info) else ""
        told = f"SQLite {version}，日志是 WAL（{size:.1f} MiB）{risk}"
        advice = "别的程序改过日志方式；停下别的程序，再启动服务，它会改回来"
        yield Finding("SQLite", WARNING, told, advice)
        return
    risk = "（此版本在 WAL 下有丢页的毛病，这里不用 WAL）"
    told = (
        f"{version}{risk if has_reset_bug(sqlite3.sqlite_version_info) else ''}，synchronous=FULL"
    )
    yield Finding("SQLite", FINE, told)


def check_trail(connection: sqlite3.Connection) -> Iterator[Finding]:
    """Is the audit trail whole?"""
    verified = verify_trail(connection)
    if verified.broken is None:
        head = format_head(verified.head)
        yield Finding("审计", FINE, f"{verified.rows} 条，链完整，链头 {head}")
    else:
        told = f"第 {verified.broken.seq} 条起断开：{verified.broken.reason}"
        advice = "有人改过数据库；保留现场，用 kb audit verify 和备份对照"
        yield Finding("审计", BROKEN, told, advice)


def check_clock(connection: sqlite3.Connection, *, now: datetime) -> Iterator[Finding]:
    """Is it later than what was written last? Times are Beijing's whatever the machine's zone."""
    rows = audit.list_rows(connection, AuditFilter(), limit=1)
    last = parse_instant(rows[0].at, field="at") if rows else now
    told = f"现在 {format_instant(now)}（一律按北京时间，与本机时区无关）"
    if last - now > CLOCK_SLACK:
        told += f"，比最后一条记录（{format_instant(last)}）还早"
        yield Finding("时钟", WARNING, told, "校准本机时钟（NTP）；到期时间按它计算")
    elif now.astimezone(BEIJING).year < 2024:
        yield Finding("时钟", BROKEN, told, "校准本机时钟（NTP）；到期时间按它计算")
    else:
        yield Finding("时钟", FINE, told)


def check_accounts(connection: sqlite3.Connection, settings: Settings) -> Iterator[Finding]:
    """Who may sign in, and from where?"""
    if not accounts.has_accounts(connection):
        if settings.is_local:
            told = "还没有账号，只在本机可用"
            yield Finding("账号", FINE, told, "")
        else:
            told = f"还没有账号，却要监听 {settings.host}"
            advice = "先运行 kb user add 姓名 --role administrator；在此之前服务不会启动"
            yield Finding("账号", BROKEN, told, advice)
        return
    if not accounts.count_administrators(connection, but=0):
        told = "没有一个启用的管理员账号"
        advice = "运行 kb user add 姓名 --role administrator"
        yield Finding("账号", WARNING, told, advice)
        return
    yield Finding("账号", FINE, f"{len(accounts.read_accounts(connection))} 个账号")


def check_vocabulary(connection: sqlite3.Connection) -> Iterator[Finding]:
    """Is there one?"""
    number = vocabulary.newest_number(connection)
    if number:
        yield Finding("词表", FINE, f"第 {number} 版")
    else:
        yield Finding("词表", BROKEN, "数据库里没有词表", "运行 kb import handbook")


def check_settings(settings: Settings) -> Iterator[Finding]:
    """Do they fit each other? Unknown ones were refused before."""
    found = list(_contradictions(settings))
    yield from found or [Finding("设置", FINE, "没有互相矛盾的")]


def _contradictions(settings: Settings) -> Iterator[Finding]:
    watched = settings.watch_handbook
    if watched and not watched.is_dir():
        told = f"KB_WATCH_HANDBOOK 指的 {watched} 不是文件夹"
        yield Finding("设置", BROKEN, told, "改正或去掉它；现在服务不会启动")
    if not settings.handbook.is_dir():
        told = f"KB_HANDBOOK 指的 {settings.handbook} 不是文件夹"
        yield Finding("设置", WARNING, told, "改正或去掉它")
    if not settings.is_local and not settings.url.startswith("https://"):
        told = f"监听 {settings.host}，KB_URL 却不是 https"
        advice = "前面放终止 TLS 的反向代理，并设 KB_URL=https://…；否则密码明文传送"
        yield Finding("设置", WARNING, told, advice)
    if settings.encoder and os.sep in settings.encoder and not Path(settings.encoder).is_dir():
        told = f"KB_ENCODER 指的 {settings.encoder} 不是文件夹"
        yield Finding("设置", WARNING, told, "改正或去掉它；现在只按词检索")


def check_backups(settings: Settings, *, now: datetime) -> Iterator[Finding]:
    """Are there any, how old, and on another disk?"""
    folder = settings.backups
    if folder is None:
        advice = "设 KB_BACKUPS 为另一块盘上的文件夹，或定时运行 kb backup"
        yield Finding("备份", WARNING, "没有设置自动备份（KB_BACKUPS）", advice)
        return
    made = [at for at, _ in read_backups(folder)] if folder.is_dir() else []
    if not made:
        told = f"{folder} 里还没有备份"
        yield Finding(
            "备份", WARNING, told, f"运行 kb backup {folder}，并看服务日志里的 backup_failed"
        )
        return
    age = now.replace(tzinfo=None) - max(made)
    told = f"{len(made)} 份，最新的在 {age.total_seconds() / 3600:.1f} 小时前"
    if age > BACKUP_AGE:
        advice = "看服务是否在运行、日志里有没有 backup_failed"
        yield Finding("备份", WARNING, told, advice)
    elif settings.data.is_dir() and folder.stat().st_dev == settings.data.stat().st_dev:
        told += "；与数据在同一块盘上"
        yield Finding("备份", WARNING, told, "换到另一块盘，否则盘坏了一起丢")
    else:
        yield Finding("备份", FINE, told)

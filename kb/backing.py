"""Backups: the whole desk as of one commit in one file, and back again.

A backup is a tar of the database, copied by SQLite itself (sqlite.org/backup.html) in one step so
that no write falls into the middle, of the encoder in use, and of a manifest with a SHA-256 of each
file. The index is not in it: it is made of the database again.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

from kb.audit import Anchor
from kb.database import applied_steps, check_steps, copy_database, open_database
from kb.errors import BackupDamaged, DataFolderInUse
from kb.failpoints import reach
from kb.settings import Settings
from kb.store import audit, sign_ins, whole
from kb.times import format_instant
from kb.trail import format_head, parse_head

FORMAT = "1"
MANIFEST, DATABASE, ENCODERS = "manifest.json", "kb.db", "encoders"
CURRENT = "CURRENT"
PREFIX, SUFFIX = "kb-", ".tar"
STAMP = "%Y%m%dT%H%M%S%f"
ALL_OF, HOURLY_OF, DAILY_OF = timedelta(hours=1), timedelta(days=1), timedelta(days=30)
"""How long every backup is kept, then one an hour, then one a day."""
LARGEST_MANIFEST = 1 << 20
READ_AT_ONCE = 1 << 20


@dataclass(frozen=True)
class Manifest:
    """What a backup holds. ``steps``: migrations of its schema; ``rows``: of each table;
    ``files``: name → SHA-256; ``audit_head``: how far the audit trail went, "" in older ones."""

    format: str
    made_at: str
    steps: tuple[str, ...]
    rows: dict[str, int]
    files: dict[str, str]
    audit_head: str = ""


@dataclass(frozen=True)
class Backup:
    """A finished backup: where it is and what it holds; ``size`` in bytes."""

    path: Path
    size: int
    manifest: Manifest


def back_up(settings: Settings, folder: Path, *, now: datetime) -> Backup:
    """Write a backup into ``folder``; it has its name only when it is whole and on the disk."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{PREFIX}{now.strftime(STAMP)}{SUFFIX}"
    with tempfile.TemporaryDirectory(prefix=".backup-", dir=folder) as scratch:
        inside = Path(scratch)
        copy_database(settings.database, inside / DATABASE)
        reach("backup.copied")
        _copy_encoder(settings.encoders, inside / ENCODERS)
        manifest = _describe(inside, now)
        (inside / MANIFEST).write_text(json.dumps(asdict(manifest), ensure_ascii=False), "utf-8")
        packed = inside / target.name
        with tarfile.open(packed, "w") as tar:
            for name in (MANIFEST, *sorted(manifest.files)):
                tar.add(inside / name, name)
        _flush(packed)
        reach("backup.packed")
        packed.replace(target)
    _flush(folder)
    return Backup(target, target.stat().st_size, manifest)


def _copy_encoder(source: Path, target: Path) -> None:
    pointer = source / CURRENT
    if pointer.is_file():
        name = pointer.read_text("utf-8").strip()
        shutil.copytree(source / name, target / name)
        shutil.copyfile(pointer, target / CURRENT)


def _describe(folder: Path, now: datetime) -> Manifest:
    with closing(sqlite3.connect(folder / DATABASE)) as connection:
        rows, steps = whole.count_rows(connection), applied_steps(connection)
        head = format_head(audit.read_head(connection))
    files = {
        str(path.relative_to(folder)): _digest(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    return Manifest(FORMAT, format_instant(now), steps, rows, files, head)


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while data := file.read(READ_AT_ONCE):
            digest.update(data)
    return digest.hexdigest()


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def restore(archive: Path, data: Path) -> Manifest:
    """Unpack a backup into a data folder without a database, and bring it to today's schema.

    Raise DataFolderInUse, BackupDamaged, DatabaseTooNew; then nothing was put there.
    """
    if (data / DATABASE).exists() or (data / "index").exists():
        raise DataFolderInUse(f"{data} 里已有数据，请换一个空文件夹", field="KB_DATA")
    data.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".restore-", dir=data) as scratch:
        inside = Path(scratch)
        manifest = _unpack(archive, inside)
        check_steps(manifest.steps)
        _check_whole(inside / DATABASE, archive)
        _close_doors(inside / DATABASE)
        if (inside / ENCODERS).is_dir():
            shutil.rmtree(data / ENCODERS, ignore_errors=True)
            (inside / ENCODERS).replace(data / ENCODERS)
        (inside / DATABASE).replace(data / DATABASE)
    _flush(data)
    return manifest


def _close_doors(path: Path) -> None:
    """Bring the database to today's schema; sign-ins that were open then are not open again."""
    database = open_database(path)
    with database.transaction() as connection:
        sign_ins.end_all(connection)
    database.close()


def _unpack(archive: Path, folder: Path) -> Manifest:
    """Take out what the manifest names, each file as its digest says."""
    try:
        with tarfile.open(archive, "r:") as tar:
            manifest = _read_manifest(tar, archive)
            for name in manifest.files:
                tar.extract(name, folder, filter="data")
    except (tarfile.TarError, KeyError, OSError, ValueError, TypeError) as error:
        raise BackupDamaged(f"{archive.name}：{error}", field="FILE") from error
    for name, digest in manifest.files.items():
        if _digest(folder / name) != digest:
            raise BackupDamaged(f"{archive.name} 里的 {name} 与清单不符", field="FILE")
    return manifest


def _read_manifest(tar: tarfile.TarFile, archive: Path) -> Manifest:
    member = tar.getmember(MANIFEST)
    file = tar.extractfile(member)
    if file is None or member.size > LARGEST_MANIFEST:
        raise BackupDamaged(f"{archive.name} 里没有清单", field="FILE")
    read = json.loads(file.read())
    manifest = Manifest(**(read | {"steps": tuple(read["steps"])}))
    if manifest.format != FORMAT or DATABASE not in manifest.files:
        raise BackupDamaged(f"{archive.name} 不是本程序能读的备份", field="FILE")
    return manifest


def read_heads(place: Path) -> list[Anchor]:
    """How far the audit trail went by a backup, or by each backup of a folder; raise BackupDamaged.

    A backup of an earlier version does not tell.
    """
    paths = [path for _, path in read_backups(place)] if place.is_dir() else [place]
    if not paths:
        raise BackupDamaged(f"{place} 里没有备份", field="--against")
    heads = []
    for path in paths:
        try:
            with tarfile.open(path, "r:") as tar:
                told = _read_manifest(tar, path).audit_head
        except (tarfile.TarError, KeyError, OSError, ValueError, TypeError) as error:
            raise BackupDamaged(f"{path.name}：{error}", field="--against") from error
        heads += [parse_head(told)] if told else []
    if not heads:
        raise BackupDamaged("备份里没有审计链头（由更早的版本写成）", field="--against")
    return heads


def _check_whole(path: Path, archive: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        found = whole.find_damage(connection)
    if found:
        raise BackupDamaged(f"{archive.name} 里的数据库不完整：{found}", field="FILE")


def read_backups(folder: Path) -> Iterator[tuple[datetime, Path]]:
    """The backups of a folder with the instant each was made, oldest first."""
    for path in sorted(folder.glob(f"{PREFIX}*{SUFFIX}")):
        try:
            made = datetime.strptime(path.name[len(PREFIX) : -len(SUFFIX)], STAMP)  # noqa: DTZ007
        except ValueError:
            continue
        yield made, path


def plan_removal(made: Sequence[datetime], *, now: datetime) -> list[datetime]:
    """Which backups to remove: all of the last hour stay, the last of each hour for a day, the last
    of each day for thirty days, and the newest whatever its age."""
    kept: dict[tuple[str, str], datetime] = {}
    for each in sorted(made):
        age = now - each
        if age <= ALL_OF:
            kept["all", each.isoformat()] = each
        elif age <= HOURLY_OF:
            kept["hour", each.strftime("%Y%m%d%H")] = each
        elif age <= DAILY_OF:
            kept["day", each.strftime("%Y%m%d")] = each
    held = {*kept.values(), *sorted(made)[-1:]}
    return [each for each in sorted(made) if each not in held]


def thin_out(folder: Path, *, now: datetime) -> list[Path]:
    """Remove the backups that need not be kept; tell which."""
    held = dict(read_backups(folder))
    gone = [held[made] for made in plan_removal(list(held), now=now.replace(tzinfo=None))]
    for path in gone:
        path.unlink()
    return gone

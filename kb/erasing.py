"""Finding a person in everything that is kept, and taking them out of it.

Tickets are known by the number's keyed hash; everything else by what is written. The index is no
part of this: it is made anew of the database afterwards.
"""

from __future__ import annotations

import hashlib
import hmac
import mmap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from kb.auditing import note
from kb.backing import DAILY_OF, read_backups
from kb.database import Database
from kb.intake import NUMBER_KEY
from kb.masking import hash_number, mask_number
from kb.settings import Settings
from kb.store import personal, sessions
from kb.subject import Subject
from kb.times import to_beijing


@dataclass(frozen=True)
class Trace:
    """Where a person was found. ``texts``: rows by table.column; ``files``: outside the database.

    ``tickets``, ``calls``: known by the number. ``backups``: each with the day it is removed.
    """

    tickets: tuple[str, ...]
    calls: tuple[str, ...]
    texts: dict[str, int]
    files: tuple[str, ...]
    backups: dict[str, str]

    @property
    def is_empty(self) -> bool:
        """Nothing of the person is left, backups aside."""
        return not (self.tickets or self.calls or self.texts or self.files)


def find_person(
    database: Database, settings: Settings, subject: Subject, folders: Sequence[Path] = ()
) -> Trace:
    """Look through tables, files of the data folder, and backups (``folders``: more of them)."""
    with database.transaction() as connection:
        number_hash = _hash(database, subject)
        note(connection, f"pii:{_name(database, subject)}", action="pii.find")
    connection = database.connection
    tickets, calls = personal.find_hash(connection, number_hash) if number_hash else ([], [])
    needles = subject.encoded
    held = [*folders, *([settings.backups] if settings.backups else [])]
    return Trace(
        tickets=tuple(tickets),
        calls=tuple(calls),
        texts=personal.count_forms(connection, subject.forms),
        files=tuple(str(path) for path in find_files(settings.data, needles)),
        backups=dict(_find_backups(held, (*needles, *_as_bytes(number_hash)))),
    )


def _hash(database: Database, subject: Subject) -> str:
    if not subject.is_number:
        return ""
    with database.transaction() as connection:
        return hash_number(subject.text, key=sessions.read_secret(connection, NUMBER_KEY))


def _name(database: Database, subject: Subject) -> str:
    """What stands for the person in the audit trail: it meets itself and says nothing."""
    with database.transaction() as connection:
        key = sessions.read_secret(connection, NUMBER_KEY)
    return hmac.new(key, subject.text.encode(), hashlib.sha256).hexdigest()[:12]


def _as_bytes(number_hash: str) -> tuple[bytes, ...]:
    return (number_hash.encode(),) if number_hash else ()


def find_files(folder: Path, needles: Sequence[bytes]) -> Iterator[Path]:
    """Files under a folder in whose bytes one of the needles stands."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.stat().st_size and _holds(path, needles):
            yield path


def _holds(path: Path, needles: Sequence[bytes]) -> bool:
    with (
        path.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data,
    ):
        return any(data.find(needle) >= 0 for needle in needles)


def _find_backups(folders: Sequence[Path], needles: Sequence[bytes]) -> Iterator[tuple[str, str]]:
    """Backups that hold the person, and by which day thinning out removes each but the newest."""
    for folder in folders:
        for made, path in read_backups(folder):
            if _holds(path, needles):
                yield str(path), (to_beijing(made) + DAILY_OF).date().isoformat()


def erase_person(database: Database, subject: Subject) -> None:
    """Take a person out of every table, in one transaction, and write the file anew."""
    with database.transaction() as connection:
        number_hash = _hash(database, subject)
        if number_hash:
            tickets, _ = personal.find_hash(connection, number_hash)
            personal.forget_answers(connection, tickets)
            personal.erase_hash(connection, number_hash, mask=mask_number(subject.text))
        personal.erase_forms(connection, subject.forms)
        note(connection, f"pii:{_name(database, subject)}", action="pii.erase")
    personal.compact(database.connection)

"""Who would have found an archived article is shown the one that is read instead of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import date

from indexer.documents import Key
from kb.store import handbook
from kb.store.succession import Heir, read_heirs

Found = tuple[Key, float]


def inherit(
    connection: sqlite3.Connection, found: Sequence[Found], *, on: date
) -> tuple[list[Found], set[str]]:
    """What was found, its successor in place of each archived article, once; and the successors
    that are there for another's sake only.

    Only the last text an article had counts, as if it were still shown.
    """
    names = list({key.identity for key, _ in found if key.kind == "article"})
    heirs = find_heirs(connection, names, on=on)
    if not heirs:
        return list(found), set()
    shown = handbook.shown_numbers(connection, [each.article_id for each in heirs.values()], on=on)
    own = {(key.identity, key.version) for key, _ in found}
    taken: dict[str, Found] = {}
    kept: list[Found] = []
    for key, score in found:
        heir = heirs.get(key.identity)
        if heir is None:
            kept.append((key, score))
        elif key.version == str(heir.number) and heir.article_id not in taken:
            stand_in = Key("article", heir.article_id, str(shown[heir.article_id]))
            if (stand_in.identity, stand_in.version) not in own:
                taken[heir.article_id] = (stand_in, score)
                kept.append(taken[heir.article_id])
    return kept, set(taken)


def find_heirs(
    connection: sqlite3.Connection, names: Sequence[str], *, on: date
) -> Mapping[str, Heir]:
    """The successors of those of some articles that are archived, by the archived one."""
    shown = handbook.shown_numbers(connection, names, on=on)
    gone = [name for name in names if name not in shown]
    return read_heirs(connection, gone, on=on) if gone else {}

"""The handbook as the database holds it on a day."""

from __future__ import annotations

import sqlite3
from datetime import date

from kb.handbook import NO_TALK, Handbook
from kb.store import handbook as store
from kb.store.glossary import read_glossary
from kb.vocabulary import parse_vocabulary


def read_stored(connection: sqlite3.Connection, *, on: date) -> Handbook:
    """Articles shown on the day ``on`` with the tables beside them.

    Talk that is no complaint stays in the handbook's files: the database does not hold it.
    """
    kinds = ("words", "synonyms", "ambiguous", "confusions")
    words = parse_vocabulary({kind: store.read_vocabulary(connection, kind) for kind in kinds})
    return Handbook(
        articles=tuple(store.read_articles(connection, on=on)),
        categories=tuple(store.read_categories(connection).values()),
        limits=tuple(store.read_limits(connection).values()),
        figures=tuple(store.read_figures(connection)),
        words=words.words,
        synonyms=words.synonyms,
        ambiguous=tuple(store.read_vocabulary(connection, "ambiguous") or ()),
        confusions=words.confusions,
        never_mask=tuple(store.read_vocabulary(connection, "never_mask") or ()),
        workdays=store.read_vocabulary(connection, "workdays") or {},
        talk=NO_TALK,
        glossary=read_glossary(connection),
    )

"""What the handbook's changed files would do to judged answers, before they are taken in."""

from __future__ import annotations

import sqlite3
from collections.abc import Set as AbstractSet
from datetime import datetime

from indexer.engine import open_engine
from indexer.generation import UNUSABLE
from indexer.impact import ImpactStudy
from kb.database import Database
from kb.foresight import Foreseen
from kb.handbook import Handbook
from kb.holding import FREE, Ruling, rule
from kb.publishing import find_changed, find_reasons, import_handbook
from kb.settings import Settings

AUTHOR = "试算"


def judge_files(
    settings: Settings, database: Database, handbook: Handbook, *, now: datetime, reason: str = ""
) -> Ruling:
    """Which changed files may be taken in; ``reason``: why all of them are, whatever they do.

    Everything may while there is no index to measure with: a text that puts the handbook right
    does not wait for a measurement.
    """
    changed = find_changed(database, handbook, now=now)
    if not changed:
        return FREE
    reasons = dict.fromkeys(changed, reason) if reason else find_reasons(database, handbook)
    try:
        study = ImpactStudy(settings, database, open_engine(settings, database, prewarm=False))

        def measure(names: AbstractSet[str]) -> Foreseen:
            others = Ruling(held=dict.fromkeys(set(changed) - names, ""))
            return study.study(
                lambda scratch: import_handbook(
                    scratch, handbook, author=AUTHOR, now=now, ruling=others
                ),
                now=now,
                with_recent=False,
            ).foreseen

        return rule(changed, {name: reasons[name] for name in changed if name in reasons}, measure)
    except (*UNUSABLE, OSError, sqlite3.OperationalError):
        return FREE

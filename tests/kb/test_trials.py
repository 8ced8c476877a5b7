"""How far a trial of a proposed change is: told by the database, so by every process alike."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from kb.database import Database, create_database
from kb.foresight import Foreseen
from kb.store import trials
from kb.store.trials import LONGEST, Trial
from tests.kb.small import NOW

NAME = "limit_id T01"
FOUND = Foreseen(judged=14, up=11, down=3, mrr_before=0.8, mrr_after=0.82, chance=0.9)


def test_a_trial_is_at_work_then_tells_what_it_found_to_every_process(tmp_path: Path) -> None:
    database = create_database(tmp_path / "kb.db")
    other = Database(database.path)
    assert trials.read_trial(other.connection, NAME, now=NOW) == Trial()
    with database.transaction() as connection:
        trials.begin_trial(connection, NAME, now=NOW)
    assert trials.read_trial(other.connection, NAME, now=NOW) == Trial(is_running=True)
    later = NOW + LONGEST + timedelta(seconds=1)
    assert trials.read_trial(other.connection, NAME, now=later) == Trial()  # its process ended
    with database.transaction() as connection:
        trials.end_trial(connection, NAME, FOUND)
    assert trials.read_trial(other.connection, NAME, now=later) == Trial(foreseen=FOUND)
    with database.transaction() as connection:
        trials.begin_trial(connection, NAME, now=later)  # proposed anew
        trials.end_trial(connection, NAME, None)  # it could not be measured
    assert trials.read_trial(other.connection, NAME, now=later) == Trial()
    other.close()
    database.close()

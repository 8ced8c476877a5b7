"""The drill of kills in small: each kind of kill, and a ledger that sees what is missing."""

from __future__ import annotations

import sqlite3

from kb.settings import Settings
from tests.bench.kills import AGENTS, Drill, describe


def test_a_process_killed_while_it_works_on_the_database_loses_nothing(settings: Settings) -> None:
    drill = Drill(settings.data)
    drill.kill_writers(6, longest=0.5)
    found = drill.finish()
    assert found.is_clean, found
    assert found.kills == {"writer": 6}
    assert sum(each.acknowledged for each in found.counts) > 0
    assert describe(found)[-1] == "不符 0 处"


def test_a_server_killed_while_people_work_loses_nothing(settings: Settings) -> None:
    drill = Drill(settings.data)
    drill.kill_server(3, longest=0.5)
    found = drill.finish()
    assert found.is_clean, found
    assert sum(found.kills.values()) == 3
    assert len(found.agreed) == 3
    assert {each.name: each.acknowledged for each in found.counts}["办结"] >= AGENTS


def test_the_drill_sees_a_write_that_is_gone_or_there_twice(settings: Settings) -> None:
    drill = Drill(settings.data)
    drill.ledger.add("ticket", ["TS1"])
    drill.ledger.add("imported", ["gone"])
    found = drill.finish()
    assert (found.lost, found.is_clean) == (2, False)
    connection = sqlite3.connect(settings.database)
    connection.execute(
        "INSERT INTO revision SELECT article_id, number + 100 + rowid, title, body, categories,"
        " keywords, steps, time_limits, figures, sources, 'draft', author, reviewer, based_on,"
        " valid_from, valid_until, review_by, '演练1', created_at, body_hash, place, extra"
        " FROM revision LIMIT 2"
    )
    connection.execute("DELETE FROM audit_pending")
    connection.commit()
    connection.close()
    assert drill.finish().doubled == 1

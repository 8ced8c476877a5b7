"""The drills in small: agents at once, and a server killed under them."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from kb.database import create_database
from kb.settings import Settings
from tests.bench import editors
from tests.bench.drill import kill, run_drill, wait
from tests.bench.ledger import KINDS, Ledger, is_whole


def test_agents_at_once_lose_nothing_and_double_nothing(settings: Settings) -> None:
    drill = run_drill(settings.data, wait(0), agents=6, rounds=2)
    assert drill.is_clean, drill
    assert drill.closed == 12
    assert all(each.acknowledged == each.kept > 0 for each in drill.counts)


def test_a_killed_server_keeps_all_it_has_acknowledged(settings: Settings) -> None:
    drill = run_drill(settings.data, kill(2, between=0.2), agents=4, rounds=6)
    assert drill.is_clean, drill
    assert (drill.closed, len(drill.restarts)) == (24, 2)
    assert drill.asked_again > 0


def test_of_editors_who_save_at_once_one_wins_and_no_text_is_lost(settings: Settings) -> None:
    found = editors.run_drill(settings.data, editors=4, saves=4)
    assert found.is_clean, found
    assert found.saves == 16
    assert found.refused > 0


def test_the_ledger_sees_what_is_lost_doubled_or_unknown(tmp_path: Path) -> None:
    path = tmp_path / "kb.db"
    create_database(path).close()
    connection = sqlite3.connect(path)
    for name, ticket in (("s1", "TS1"), ("s2", "TS1"), ("s3", "TS3")):
        connection.execute(
            "INSERT INTO suggestion_session (id, ticket_no, agent, channel, query_masked,"
            " query_hash, created_at, index_generation, ranker_version, arm, mode, abstained,"
            " top_confidence, took_ms) VALUES (?, ?, '演练01', '', '', '', '', '', '', '', '', 0,"
            " '', 0)",
            (name, ticket),
        )
    connection.commit()
    connection.close()
    ledger = Ledger()
    ledger.add("session", ["s1", "s2", "s9"])
    found = dict(zip(KINDS, ledger.reconcile(path), strict=True))["session"]
    assert (found.acknowledged, found.kept) == (3, 3)
    assert (found.lost, found.doubled, found.extra) == (1, 1, 1)
    assert not is_whole(path)

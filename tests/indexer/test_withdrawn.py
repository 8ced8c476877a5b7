"""Withdrawn text is never returned, whatever editors do and whenever the index follows."""

from __future__ import annotations

import pytest

from indexer.sync import sync_index
from kb.database import Database
from kb.settings import Settings
from tests.bench.withdrawn import check, make_world, put, run_trials
from tests.conftest import START


def test_no_lane_returns_what_is_not_shown_that_day(settings: Settings, database: Database) -> None:
    world = make_world(settings, database, seed=1, now=START)
    assert run_trials(world, 30) > 50


def test_the_trials_would_notice_a_leak(
    settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make_world(settings, database, seed=3, now=START)
    put(world, "P060101", START.date(), None)
    sync_index(settings, database)
    assert check(world) == 3
    monkeypatch.setattr("tests.bench.withdrawn.shown_versions", lambda *_asked: set())
    with pytest.raises(AssertionError, match="P060101"):
        check(world)

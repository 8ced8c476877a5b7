"""Who would have found an archived article is shown its successor, in every lane."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import timedelta

import pytest

from indexer.engine import open_engine
from indexer.generation import CURRENT
from indexer.sync import sync_index
from kb.database import Database
from kb.searching import SearchQuery
from kb.settings import Settings
from kb.suggestion import SuggestionRequest
from tests.bench.withdrawn import World, make_world, put
from tests.conftest import START

GONE, HEIR, LAST = "P060101", "P010101", "P010102"


@pytest.fixture
def world(settings: Settings, database: Database) -> World:
    """A desk where GONE was published with a word of its own the day before."""
    world = make_world(settings, database, seed=3, now=START - timedelta(days=1))
    put(world, GONE, world.now.date(), None)
    world.now = START
    return world


def archive(world: World, article_id: str, successor: str) -> None:
    world.editor.archive(
        article_id, successor=successor, reason="并入另一条", actor="甲", now=world.now
    )
    sync_index(world.settings, world.database, language=world.language)


def found(world: World, *, days: int = 0, text: str = "") -> list[tuple[str, str]]:
    """What a search for the word finds of articles, and in whose place."""
    [word] = world.words.values()
    day = START.date() + timedelta(days=days)
    hits = world.engine.preview_search(SearchQuery(text or word, day, kind="article")).hits
    return [(hit.target_id, hit.instead_of) for hit in hits]


def suggested(world: World) -> list[str]:
    [word] = world.words.values()
    request = SuggestionRequest(f"{word}怎么办，家里宽带断网了，光猫 LOS 灯亮红灯", limit=10)
    return [item.target_id for item in world.engine.preview(request, now=START).procedures]


def test_a_search_shows_the_successor_in_the_place_of_what_is_archived(world: World) -> None:
    sync_index(world.settings, world.database, language=world.language)
    assert found(world)[0] == (GONE, "")
    archive(world, GONE, HEIR)
    assert found(world)[0] == (HEIR, GONE)
    assert GONE not in {name for name, _ in found(world)}
    assert found(world, days=-1)[0] == (GONE, "")  # as the desk stood the day before
    title = world.database.connection.execute(
        "SELECT title FROM revision WHERE article_id = ? ORDER BY number DESC", (HEIR,)
    ).fetchone()[0]
    assert found(world, text=title)[0] == (HEIR, "")  # found for itself: nothing is told


def test_the_line_of_successors_is_followed_and_ends_with_one_that_is_shown(world: World) -> None:
    archive(world, GONE, HEIR)
    archive(world, HEIR, LAST)
    assert found(world)[0] == (LAST, GONE)
    archive(world, LAST, "")
    assert not {GONE, HEIR, LAST} & {name for name, _ in found(world)}


def test_a_complaint_is_answered_by_the_successor(world: World) -> None:
    archive(world, GONE, "")
    without = suggested(world)
    assert GONE not in without
    assert HEIR not in without


def test_a_complaint_is_answered_by_the_successor_where_there_is_one(world: World) -> None:
    sync_index(world.settings, world.database, language=world.language)
    place = suggested(world).index(GONE)
    archive(world, GONE, HEIR)
    now = suggested(world)
    assert GONE not in now
    assert now.count(HEIR) == 1
    assert now.index(HEIR) <= place + 1


def test_words_alone_do_the_same_when_the_encoder_fails(world: World) -> None:
    archive(world, GONE, HEIR)
    fresh = replace(world, engine=open_engine(world.settings, world.database, prewarm=False))
    os.truncate(next(world.settings.encoders.glob("*/model.safetensors")), 4096)
    assert fresh.engine.preview(SuggestionRequest("断网"), now=START).mode == "lexical"
    assert found(fresh)[0] == (HEIR, GONE)
    assert HEIR in suggested(fresh)
    assert GONE not in suggested(fresh)


def test_the_database_does_the_same_without_an_index(world: World) -> None:
    archive(world, GONE, HEIR)
    (world.settings.index / CURRENT).unlink()
    fresh = replace(world, engine=open_engine(world.settings, world.database, prewarm=False))
    assert fresh.engine.preview(SuggestionRequest("断网"), now=START).mode == "database"
    assert found(fresh)[0] == (HEIR, GONE)
    assert HEIR in suggested(fresh)
    assert GONE not in suggested(fresh)

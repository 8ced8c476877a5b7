"""A build in several processes: the index one process makes, whoever writes which segment."""

from __future__ import annotations

import dataclasses
import sqlite3
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from indexer import workers
from indexer.analysis import Analyzer
from indexer.collection import Collection, commit_documents, create_collection
from indexer.documents import ticket_document
from indexer.postings import WordWeights
from indexer.progress import quiet
from indexer.recipe import read_recipe
from indexer.scoring import WordScorer
from indexer.workers import Source, open_workers, split
from kb.database import Database, create_database
from kb.store import indexable, tickets
from kb.ticket import Outcome, Ticket
from kb.vocabulary import Vocabulary
from tests.conftest import START

SAID = ["宽带断网了", "话费多扣，要求退", "5G信号差", "光猫红灯", "携号转网被拒", "千兆不到"]
COUNT = 70


def made_ticket(number: int) -> Ticket:
    return Ticket(
        ticket_no=f"TS20231101{number:06d}",
        accepted_at=START.isoformat(),
        category="060101" if number % 3 else "",
        description=f"{SAID[number % 6]}，第{number}回",
        status="closed" if number % 9 else "open",
        fix="换线",
        resolution=SAID[number % 5],
    )


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = create_database(tmp_path / "kb.db")
    cases = ((made_ticket(number), Outcome("", 0, "pending", "", None)) for number in range(COUNT))
    with database.transaction() as connection:
        tickets.load_tickets(
            connection,
            (
                (ticket, dataclasses.replace(outcome, ticket_no=ticket.ticket_no))
                for ticket, outcome in cases
            ),
        )
    yield database
    database.close()


def scores(collection: Collection, text: str) -> dict[str, float]:
    terms = {(term.text, term.is_word): 1.0 for term in Analyzer(Vocabulary()).terms(text)}
    found = WordScorer(collection).score(terms).tolist()
    return dict(zip(collection.keys(), found, strict=True))


@pytest.mark.parametrize(("most", "segments"), [(1_000, 2), (20, 4)])
def test_several_processes_index_what_one_does(
    tmp_path: Path,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    most: int,
    segments: int,
) -> None:
    monkeypatch.setattr(workers, "SEGMENT_DOCUMENTS", most)
    wanted = [*map(ticket_document, indexable.read_texts(database.connection))]
    assert len(wanted) == COUNT - len(range(0, COUNT, 9))
    alone, several = tmp_path / "alone", tmp_path / "several"
    for folder in (alone, several):
        create_collection(folder, WordWeights())
    commit_documents(
        alone, wanted, drop=(), analyzer=Analyzer(Vocabulary()), encoder=None, total=COUNT
    )
    told: list[int] = []
    with open_workers(Source(database.path, Vocabulary(), None), count=2) as crew:
        crew.start(tickets.read_ticket_nos(database.connection))
        added = crew.finish(several, lambda _, done, __: told.append(done), len(wanted))
    assert added == len(wanted) == told[-1]
    one, other = Collection(alone), Collection(several)
    assert len(other.segments) == segments
    assert other.keys() == one.keys()
    assert other.classes == one.classes
    assert np.array_equal(other.class_of, one.class_of)
    is_equal = read_recipe(several) == read_recipe(alone)
    assert is_equal == (segments == 2)  # a later round keeps the average lengths of the first
    for text in ("宽带断网，光猫红灯", "千兆5g", "第12回"):
        expected = scores(one, text)
        assert max(expected.values()) > 0
        for key, score in scores(other, text).items():
            assert (score > 0) == (expected[key] > 0)
            if is_equal:
                assert score == pytest.approx(expected[key], rel=1e-5)


def test_every_ticket_is_in_one_range() -> None:
    numbers = [f"{number:03d}" for number in range(10)]
    for parts in (1, 2, 3, 7, 10, 15):
        ranges = split(numbers, parts)
        assert len(ranges) == parts
        assert ranges[0][0] == ranges[-1][1] == ""
        assert all(one[1] == other[0] for one, other in pairwise(ranges))
        held = [
            number
            for after, until in ranges
            for number in numbers
            if after < number and (not until or number <= until)
        ]
        assert held == numbers
    assert split([], 2) == [("", ""), ("", "")]


def test_a_process_that_cannot_start_ends_the_build(tmp_path: Path) -> None:
    create_collection(tmp_path / "tickets", WordWeights())
    source = Source(tmp_path / "missing" / "kb.db", Vocabulary(), None)
    with open_workers(source, count=1) as crew:
        crew.start(["1"])
        with pytest.raises(sqlite3.OperationalError, match="open database"):
            crew.finish(tmp_path / "tickets", quiet, 1)
    assert len(Collection(tmp_path / "tickets")) == 0

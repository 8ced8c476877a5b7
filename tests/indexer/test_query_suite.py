"""The search box finds whatever an agent types.

The queries were written from what the handbook holds, not from what the engine answers. A query of
one or two characters that stands in more documents than are shown counts as found when every one
of the ten hits holds it. ``kb eval tests/data/query_suite.jsonl`` prints the same figures.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from indexer.engine import Engine
from indexer.language import Language
from indexer.suite import SuiteQuery, evaluate_suite, is_suite, read_suite
from kb.database import Database, open_database
from kb.errors import InvalidInput
from kb.settings import read_settings
from kb.store import handbook
from tests.conftest import START

DATA = Path(__file__).parent.parent / "data"
SUITE = DATA / "query_suite.jsonl"
CLASSES = {
    "one_character", "two_character", "mixed", "inside_word", "phrase", "pinyin", "initials",
    "typo", "homophone", "synonym", "traditional", "full_width", "spoken_digits", "unit",
    "exact_term",
}  # fmt: skip
EXACT = ("exact_term", "two_character", "mixed", "phrase")
"""Classes of queries that are written as the handbook writes them."""


@pytest.fixture(scope="module")
def opened(prepared_data: Path) -> Iterator[Database]:
    database = open_database(read_settings({"KB_DATA": str(prepared_data)}).database)
    yield database
    database.close()


@pytest.fixture(scope="module")
def engine(prepared_data: Path, opened: Database, language: Language) -> Engine:
    return Engine(read_settings({"KB_DATA": str(prepared_data)}), opened, language)


@pytest.fixture(scope="module")
def figures(engine: Engine, opened: Database) -> dict[str, Any]:
    return evaluate_suite(engine, opened.connection, read_suite(SUITE), now=START)


def test_nearly_everything_typed_is_found_in_the_first_ten(figures: dict[str, Any]) -> None:
    print(figures)  # noqa: T201 - shown when the test fails
    assert figures["found"] >= 0.99


@pytest.mark.parametrize("kind", EXACT)
def test_everything_typed_as_the_handbook_writes_it_is_found(
    figures: dict[str, Any], kind: str
) -> None:
    assert figures["classes"][kind] == 1.0, figures["missed"]


@pytest.mark.parametrize("kind", sorted(CLASSES))
def test_every_class_of_queries_is_found(figures: dict[str, Any], kind: str) -> None:
    assert figures["classes"][kind] >= 0.95, figures["missed"]


def test_the_suite_is_large_and_every_class_is_well_filled() -> None:
    queries = read_suite(SUITE)
    counts = Counter(query.kind for query in queries)
    assert len({(query.kind, query.text) for query in queries}) == len(queries) >= 540
    assert set(counts) == CLASSES
    assert min(counts.values()) >= 30


def test_every_target_is_in_the_handbook(opened: Database) -> None:
    known = {article.id for article in handbook.read_articles(opened.connection)}
    known |= set(handbook.read_limits(opened.connection))
    wanted = {target for query in read_suite(SUITE) for target in query.targets}
    assert wanted <= known


def test_what_is_not_found_is_counted_and_named(engine: Engine, opened: Database) -> None:
    queries = [
        SuiteQuery("发票", "exact_term", ("P180301",)),
        SuiteQuery("发票", "exact_term", ("P060101",)),
        SuiteQuery("猫", "one_character", ("nowhere",)),
    ]
    figures = evaluate_suite(engine, opened.connection, queries, now=START)
    assert figures["classes"] == {"exact_term": 0.5, "one_character": 1.0}
    assert figures["missed"] == ["exact_term 发票"]


def test_a_suite_is_told_from_labelled_sentences(tmp_path: Path) -> None:
    assert is_suite(SUITE)
    assert not is_suite(DATA / "labelled_complaints.jsonl")
    broken = tmp_path / "broken.jsonl"
    broken.write_text('{"query": "发票", "class": "unit"}\n', "utf-8")
    with pytest.raises(InvalidInput) as refused:
        read_suite(broken)
    assert refused.value.field == "broken.jsonl 第 1 行"

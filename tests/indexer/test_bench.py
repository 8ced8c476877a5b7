"""Generated corpora look like real tickets, measuring is fair, and a planted error is found."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from statistics import median

import numpy as np
import pytest

from indexer.bench.exact import ExactScores, agrees, compare
from indexer.bench.figures import LEAST_CALLS, Figure, alternate, single, spread
from indexer.bench.generator import (
    DAYS,
    LONGEST,
    START,
    Case,
    generate_articles,
    generate_complaints,
    generate_tickets,
)
from indexer.bench.machine import read_machine, read_memory, read_versions
from indexer.bench.material import Clause, Material, learn, to_clause
from indexer.bench.peers import PEERS, Tokens
from indexer.bench.vectors import measure_recall
from indexer.bench.words import WordCorpus, build_peer, cut_words, make_queries, open_ours
from indexer.collection import Collection
from indexer.language import Language
from kb.database import create_database, open_database
from kb.settings import read_settings
from kb.store import handbook, indexable, outcomes, tickets
from kb.ticket import CAME_BACK_REASONS
from kb.times import parse_instant
from tests.conftest import START as NOW

GENERATED = 3_000


@pytest.fixture(scope="module")
def material(prepared_data: Path, language: Language) -> Material:
    database = open_database(read_settings({"KB_DATA": str(prepared_data)}).database)
    connection = database.connection
    learnt = learn(
        list(indexable.read_indexable(connection)),
        handbook.read_articles(connection),
        list(handbook.read_categories(connection).values()),
        language.analyzer,
        seed=1,
    )
    database.close()
    return learnt


@pytest.fixture(scope="module")
def cases(material: Material) -> list[Case]:
    return list(generate_tickets(material, GENERATED, seed=1))


@pytest.fixture(scope="module")
def word_lists(cases: list[Case], language: Language) -> list[list[str]]:
    words = language.analyzer.words
    return [words(f"{case.ticket.description}\n{case.ticket.resolution}") for case in cases]


def test_equal_seeds_give_equal_tickets_and_others_do_not(
    material: Material, cases: list[Case]
) -> None:
    assert list(generate_tickets(material, GENERATED, seed=1)) == cases
    others = [case.ticket.description for case in generate_tickets(material, 50, seed=2)]
    assert not {case.ticket.description for case in cases} & set(others)


def test_what_is_learnt_does_not_depend_on_the_run(
    prepared_data: Path, language: Language, material: Material
) -> None:
    database = open_database(read_settings({"KB_DATA": str(prepared_data)}).database)
    connection = database.connection
    again = learn(
        list(indexable.read_indexable(connection)),
        handbook.read_articles(connection),
        list(handbook.read_categories(connection).values()),
        language.analyzer,
        seed=1,
    )
    database.close()
    assert again == material


def test_lengths_are_those_of_real_complaints(cases: list[Case]) -> None:
    for name in ("description", "resolution"):
        lengths = [len(getattr(case.ticket, name)) for case in cases]
        assert max(lengths) <= LONGEST
        assert sum(length >= 60 for length in lengths) >= 0.99 * len(lengths)
        assert 90 <= median(lengths) <= 140
        assert np.percentile(lengths, 95) >= 1.5 * median(lengths)


def test_the_vocabulary_keeps_growing_as_in_real_text(word_lists: list[list[str]]) -> None:
    words = [word for each in word_lists for word in each]
    quarter, whole = set(words[: len(words) // 4]), set(words)
    growth = np.log(len(whole) / len(quarter)) / np.log(4)
    assert 0.35 <= growth <= 0.7


def test_half_of_the_distinct_words_occur_once_and_few_make_most_of_the_text(
    word_lists: list[list[str]],
) -> None:
    counts = Counter(word for each in word_lists for word in each)
    assert 0.38 <= sum(count == 1 for count in counts.values()) / len(counts) <= 0.62
    commonest = sum(count for _, count in counts.most_common(1000))
    assert 0.6 <= commonest / counts.total() <= 0.9


def test_the_tail_holds_rare_words_of_the_dictionary_and_words_of_none(
    material: Material, word_lists: list[list[str]]
) -> None:
    counts = Counter(word for each in word_lists for word in each)
    assert sum(counts[word] == 1 for word in material.rare[2_000:]) > 500
    assert any(word.startswith(("hg", "zx", "gpon", "ty")) for word in counts)


def test_classes_and_fixes_are_skewed(material: Material, cases: list[Case]) -> None:
    classes = Counter(case.ticket.category for case in cases)
    assert len(classes) == len(material.classes)
    assert max(classes.values()) >= 4 * median(classes.values())
    known = {each.category.id: {*each.fixes, ""} for each in material.classes}
    assert all(case.ticket.fix in known[case.ticket.category] for case in cases)
    commonest = classes.most_common(1)[0][0]
    fixes = Counter(case.ticket.fix for case in cases if case.ticket.category == commonest)
    assert max(fixes.values()) >= 2 * min(fixes.values())


def test_dates_run_over_three_years_and_numbers_are_unique(cases: list[Case]) -> None:
    accepted = [parse_instant(case.ticket.accepted_at, field="") for case in cases]
    assert accepted == sorted(accepted)
    assert accepted[0] == START
    assert (accepted[-1] - START).days >= DAYS - 2
    assert len({case.ticket.ticket_no for case in cases}) == len(cases)
    assert all((case.ticket.closed_at or "") > case.ticket.accepted_at for case in cases)


def test_outcomes_have_their_shares_and_reasons(cases: list[Case]) -> None:
    states = Counter(case.outcome.state for case in cases)
    assert 0.86 <= states["stayed_closed"] / len(cases) <= 0.90
    assert 0.06 <= states["came_back"] / len(cases) <= 0.12
    for case in cases:
        assert case.outcome.ticket_no == case.ticket.ticket_no
        assert (case.outcome.reason in CAME_BACK_REASONS) == (case.outcome.state == "came_back")


def test_a_repeat_names_an_earlier_ticket_of_the_same_number_and_class(cases: list[Case]) -> None:
    by_number = {case.ticket.ticket_no: case for case in cases}
    repeats = [case for case in cases if case.ticket.is_repeat]
    assert len(repeats) > 0.02 * len(cases)
    for case in repeats:
        earlier = by_number[case.ticket.repeat_of or ""]
        assert earlier.ticket.number_hash == case.ticket.number_hash
        assert earlier.ticket.category == case.ticket.category
        assert (earlier.ticket.closed_at or "") < case.ticket.accepted_at
        assert earlier.outcome.reason == "repeat"
    callers = Counter(case.ticket.number_hash for case in cases)
    assert 0.7 <= len(callers) / len(cases) < 1


def test_about_one_ticket_in_fifty_is_nearly_an_earlier_one(cases: list[Case]) -> None:
    seen: set[str] = set()
    near = 0
    for case in cases:
        clauses = [each for each in case.ticket.description.rstrip("。").split("，") if each]
        near += sum(clause in seen for clause in clauses) >= len(clauses) - 2 and len(clauses) > 4
        seen |= {clause for clause in clauses if len(clause) >= 5}
    assert 0.005 <= near / len(cases) <= 0.06


def test_the_first_of_a_million_do_not_wait_for_the_last(material: Material) -> None:
    endless = generate_tickets(material, 10**9, seed=1)
    assert len(list(islice(endless, 20))) == 20


def test_complaints_asked_stand_in_no_ticket(material: Material, cases: list[Case]) -> None:
    asked = generate_complaints(material, 200, seed=1)
    assert asked == generate_complaints(material, 200, seed=1)
    assert not set(asked) & {case.ticket.description for case in cases}


def test_a_slot_keeps_the_size_of_its_number() -> None:
    assert to_clause("扣了86元") == Clause(("扣了", "元"), (2,))
    assert to_clause("12月29日") == Clause(("", "月", "日"), (-12, -28))
    assert to_clause("光猫HG8245坏了") == Clause(("光猫HG8245坏了",), ())


def test_generated_rows_are_what_the_store_reads_back(
    tmp_path: Path, material: Material, cases: list[Case]
) -> None:
    database = create_database(tmp_path / "kb.db")
    with database.transaction() as connection:
        loaded = tickets.load_tickets(connection, ((each.ticket, each.outcome) for each in cases))
        for article in generate_articles(material, 3, seed=1):
            assert handbook.save_article(connection, article, author="t", reason="t", now=NOW)
    assert loaded == len(cases)
    for case in cases[:20]:
        number = case.ticket.ticket_no
        assert tickets.read_ticket(database.connection, number) == case.ticket
        assert outcomes.read_outcomes(database.connection, number) == [case.outcome]
    shown = handbook.read_articles(database.connection, on=NOW.date())
    assert [article.id for article in shown] == ["B000001", "B000002", "B000003"]
    assert all(article.revision.steps and article.revision.categories for article in shown)
    database.close()


@pytest.fixture(scope="module")
def texts(cases: list[Case]) -> list[str]:
    return [case.ticket.description for case in cases[:600]]


@pytest.fixture(scope="module")
def word_corpus(
    texts: list[str], language: Language, tmp_path_factory: pytest.TempPathFactory
) -> WordCorpus:
    return cut_words(texts, language.analyzer, tmp_path_factory.mktemp("cut"))


@pytest.fixture(scope="module")
def queries(material: Material, language: Language) -> list[list[str]]:
    asked = generate_complaints(material, 12, seed=1)
    made = make_queries(asked, language.analyzer, seed=1)
    return [*made["short"], *made["long"], *made["whole"], ["没有这个词"]]


def exact_scores(corpus: WordCorpus, queries: Sequence[Tokens]) -> ExactScores:
    exact = ExactScores({term for query in queries for term in query}, corpus.dropped)
    exact.add_all(line.split(" ") for line in corpus.lines())
    return exact


def best_of(query: Tokens, source: ExactScores) -> list[int]:
    scores = source.scores(query)
    order: list[int] = np.argsort(-scores, kind="stable")[:10].tolist()
    return [number for number in order if scores[number] > 0]


def test_our_scores_are_exact_over_several_segments_with_deletions(
    language: Language,
    texts: list[str],
    word_corpus: WordCorpus,
    queries: list[list[str]],
    tmp_path: Path,
) -> None:
    search = open_ours(word_corpus, texts, language.analyzer, tmp_path)
    collection = Collection(tmp_path)
    assert len(collection.segments) >= 3
    assert len(collection.dead) == len(word_corpus.dropped) > 0
    exact = exact_scores(word_corpus, queries)
    average = exact.average_of(round(0.6 * len(word_corpus)))
    scores = [exact.scores(query, average=average) for query in queries]
    assert compare([search(query, 10) for query in queries], scores, 10).share == 1.0


def test_a_document_left_out_a_wrong_one_and_a_wrong_order_are_found(
    word_corpus: WordCorpus, queries: list[list[str]]
) -> None:
    exact = exact_scores(word_corpus, queries)
    whole = max(queries, key=len)
    scores, best = exact.scores(whole), best_of(whole, exact)
    assert agrees(best, scores, 10)
    assert not agrees(best[:9], scores, 10)
    assert not agrees([*best[:9], best[0]], scores, 10)
    assert not agrees([*best[:9], int(np.argmin(scores))], scores, 10)
    assert agrees([0, 1, 2], np.array([5.0, 4.0, 3.0, 2.0]), 3)
    assert not agrees([0, 2, 1], np.array([5.0, 4.0, 3.0, 2.0]), 3)


def test_a_scorer_that_drops_terms_or_forgets_deletions_is_found(
    word_corpus: WordCorpus, queries: list[list[str]]
) -> None:
    exact = exact_scores(word_corpus, queries)
    scores = [exact.scores(query) for query in queries]
    agreement = compare([best_of(query, exact) for query in queries], scores, 10)
    assert agreement.mismatches == ()
    assert agreement.overlap == 1.0
    fewer = compare([best_of(query[:3], exact) for query in queries], scores, 10)
    assert len(fewer.mismatches) >= 20
    assert fewer.overlap < 0.9
    forgetful = exact_scores(Whole(word_corpus.path, word_corpus.size), queries)
    kept = [best_of(query, forgetful) for query in queries]
    holding = {place for place, each in enumerate(kept) if word_corpus.dropped & {*each}}
    assert holding
    assert holding <= {*compare(kept, scores, 10).mismatches}


class Whole(WordCorpus):
    """The same documents with nothing dropped."""

    @property
    def dropped(self) -> frozenset[int]:
        return frozenset()


def test_equals_may_come_in_any_order() -> None:
    scores = np.array([2.0, 1.0, 1.0, 1.0, 0.0])
    assert agrees([0, 3], scores, 2)
    assert agrees([0, 1], scores, 2)
    assert not agrees([0, 4], scores, 2)


@pytest.mark.parametrize("name", ["tantivy", "bm25s_numpy", "fts5", "whoosh"])
def test_a_peer_finds_what_holds_the_terms_and_nothing_deleted(
    name: str, word_corpus: WordCorpus, tmp_path: Path
) -> None:
    if name in ("tantivy", "bm25s_numpy"):
        pytest.importorskip(name.removesuffix("_numpy"))
    peer = next(peer for peer in PEERS if peer.name == name)
    built = build_peer(peer, word_corpus, tmp_path / name)
    assert not isinstance(built, Figure)
    lines = [line.split(" ") for line in word_corpus.lines()]
    counts = Counter(word for words in lines for word in set(words))
    word = next(word for word in sorted(counts) if len(word) > 1 and 20 <= counts[word] <= 60)
    holding = {number for number, words in enumerate(lines) if word in words}
    found = built.search([word], 10)
    assert len(found) == 10
    assert set(found) <= holding
    assert set(built.search([word], len(lines))) == holding - word_corpus.dropped


def test_a_missing_peer_is_said_to_be_missing(
    word_corpus: WordCorpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tantivy", None)
    peer = next(peer for peer in PEERS if peer.name == "tantivy")
    built = build_peer(peer, word_corpus, tmp_path / "tantivy")
    assert isinstance(built, Figure)
    assert not built.values
    assert "没有安装" in built.note


def test_a_peer_that_would_take_hours_is_not_asked(word_corpus: WordCorpus, tmp_path: Path) -> None:
    peer = replace(PEERS[0], most=10)
    built = build_peer(peer, word_corpus, tmp_path / "slow")
    assert isinstance(built, Figure)
    assert "未测" in built.note


def test_contenders_take_turns_and_a_slow_one_drops_out() -> None:
    order: list[str] = []
    contenders = {
        "a": lambda place: order.append(f"a{place}"),
        "b": lambda place: order.append(f"b{place}"),
    }
    took = alternate(contenders, [0, 1, 2], most_seconds=60.0)
    assert order == ["a0", "b0", "a1", "b1", "a2", "b2"]
    assert {name: len(each) for name, each in took.items()} == {"a": 3, "b": 3}
    cut = alternate(contenders, range(50), most_seconds=0.0)
    assert {len(each) for each in cut.values()} == {LEAST_CALLS}


def test_queries_of_each_kind_hold_words_of_the_complaint(
    language: Language, cases: list[Case]
) -> None:
    complaints = [case.ticket.description for case in cases[:30]]
    made = make_queries(complaints, language.analyzer, seed=1)
    assert made == make_queries(complaints, language.analyzer, seed=1)
    for text, short, long, whole in zip(
        complaints, made["short"], made["long"], made["whole"], strict=True
    ):
        assert 1 <= len(short) <= 2
        assert 5 <= len(long) <= 15
        assert set(whole) == set(language.analyzer.words(text)) >= {*short, *long}


def test_recall_counts_what_was_found_of_the_exact() -> None:
    assert measure_recall([[1, 2], [5]], [[2, 3], [5]]) == pytest.approx(2 / 3, abs=1e-4)
    assert measure_recall([], []) == 1.0


def test_a_figure_without_measurements_says_so() -> None:
    assert spread("a", "甲", []).note == "没有测到"
    assert spread("a", "甲", [1.0, 3.0]).as_dict()["values"]["p50"] == 2.0
    assert "budget" not in single("b", "乙", 1.0).as_dict()


def test_the_machine_the_versions_and_the_memory_are_told() -> None:
    machine = read_machine()
    assert machine.cores >= 1
    versions = read_versions()
    assert versions["python"] == ".".join(map(str, sys.version_info[:3]))
    assert versions["numpy"] == np.__version__
    memory = read_memory(os.getpid())
    if Path("/proc/self/smaps_rollup").exists():
        assert memory is not None
        assert memory.rss >= memory.pss >= memory.private > 0
    assert read_memory(2**30) is None

"""A vocabulary changed while serving: found at once, and as if all had been built anew."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from indexer.build import WEIGHTS
from indexer.class_words import (
    learn_class_words,
    open_class_words,
    read_class_texts,
    save_class_words,
)
from indexer.collection import Collection, commit_documents, create_collection
from indexer.engine import Engine
from indexer.generation import MANIFEST, State, read_current, read_state, write_state
from indexer.language import Language, open_language
from indexer.recipe import RECIPE
from indexer.recutting import Relearning
from indexer.retrieval import retrieve
from indexer.sources import read_documents
from indexer.sync import Intake, sync_index, take_in
from indexer.trade import GATE_FILE
from kb.database import Database, open_database
from kb.rewording import propose, propose_rollback, publish
from kb.settings import Settings, read_settings
from kb.store import queue, vocabulary
from kb.store.vocabulary import Signed
from kb.suggestion import SuggestionRequest
from kb.vocabulary import format_rows
from tests.conftest import START

QUERIES = (
    "家里网断了,盒子上那个红灯一直亮", "孩子拿手机充了两千多游戏", "转网那个码失效了",
    "我流量包才20个G,后面跑超了收我钱", "装机师傅爽约两次", "短信验证码收不到",
    "千兆宽带测速只有九十多兆", "停机保号还在扣费", "靓号低消期满还收", "老人不会线上认证",
)  # fmt: skip


HAN = re.compile("[\u4e00-\u9fff]{3}")
BACK = Signed("乙", "错了", restored=1)


@dataclass(frozen=True)
class Live:
    """One served data folder of this module."""

    settings: Settings
    database: Database
    engine: Engine

    def change(self, **added: list[str]) -> None:
        """Add rows to tables of the vocabulary, as an editor does."""
        tables = vocabulary.read_tables(self.database.connection, self.version)
        lines = {kind: [*format_rows(kind, tables[kind]), *rows] for kind, rows in added.items()}
        proposal = propose(self.database, lines, base=self.version)
        publish(self.database, proposal, Signed("甲", "试"), now=START)

    @property
    def version(self) -> int:
        """The version in force."""
        return vocabulary.newest_number(self.database.connection)

    def answers(self, engine: Engine) -> list[list[str]]:
        """The first ten of each query: procedures suggested, passages and tickets of both lanes."""
        opened = engine.opened()
        found = []
        for text in QUERIES:
            answer = engine.preview(SuggestionRequest(text, limit=10), now=START)
            found.append([item.target_id for item in (*answer.procedures, *answer.past_fixes)])
            query = opened.language.builder.build(text)
            retrieved = retrieve(opened.snapshot, query, on=START.date())
            for lane, best in (
                (opened.snapshot.passages, retrieved.passages.best(10)),
                (opened.snapshot.tickets, retrieved.tickets.best(10)),
            ):
                keys = lane.collection.keys(np.array([place for place, _ in best], np.int64))
                scores = [round(-score, 5) for _, score in best]
                found.append([key for _, key in sorted(zip(scores, keys, strict=True))])
        return found


@pytest.fixture(scope="module")
def live(
    prepared_data: Path, language: Language, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Live]:
    folder = tmp_path_factory.mktemp("rewording") / "data"
    shutil.copytree(prepared_data, folder)
    settings = read_settings({"KB_DATA": str(folder), "KB_SWAP_RATE": "0"})
    database = open_database(settings.database)
    yield Live(settings, database, Engine(settings, database, language))
    database.close()


def build_anew(live: Live, folder: Path) -> Engine:
    """An engine over everything cut by the vocabulary in force; the gate is taken over."""
    current = read_current(live.settings.index)
    language = open_language(live.settings, live.database)
    folder.mkdir()
    for part, weights in WEIGHTS.items():
        create_collection(folder / part, weights)
        shutil.copy(current / part / RECIPE, folder / part)
        documents, total = read_documents(live.database, part)
        commit_documents(
            folder / part,
            documents,
            drop=(),
            analyzer=language.analyzer,
            encoder=language.encoder,
            total=total,
        )
    table = learn_class_words(read_class_texts(live.database.connection), language.analyzer)
    save_class_words(folder, table, version=live.version)
    for name in (GATE_FILE, MANIFEST):
        shutil.copy(current / name, folder / name)
    write_state(folder, State(0, 1, live.version))
    return Engine(live.settings, live.database, language, generation=folder)


def words_of(folder: Path) -> dict[str, dict[str, float]]:
    """Every word of a collection with the documents that hold it, deleted ones left out."""
    held = Collection(folder)
    found: dict[str, dict[str, float]] = {}
    for segment in held.segments:
        postings = segment.data.kinds["words"]
        keys = segment.data.keys.tolist()
        dead = set(segment.deleted.tolist())
        for row, term in enumerate(postings.all_terms()):
            alive = [place for place in postings.of(row)[0].tolist() if place not in dead]
            if alive:
                found.setdefault(term.decode(), {}).update(
                    (keys[place].decode(), 1) for place in alive
                )
    return found


@pytest.mark.parametrize("seed", range(2))
def test_a_live_change_ranks_as_a_rebuild_does(live: Live, tmp_path: Path, seed: int) -> None:
    random = np.random.default_rng(seed)
    known = live.engine.opened().language.words
    documents = [each.text for each in read_documents(live.database, "tickets")[0]]
    words: list[str] = []
    while len(words) < 1 + 3 * seed:
        text = documents[random.integers(len(documents))]
        start, length = random.integers(max(1, len(text) - 5)), random.integers(2, 6)
        word = text[start : start + length]
        if (
            all("\u4e00" <= char <= "\u9fff" for char in word)
            and len(word) > 1
            and word not in known
        ):
            words.append(word)
    live.change(words=list(dict.fromkeys(words)), synonyms=[f"宽带费{seed},网费{seed}"])
    assert sync_index(live.settings, live.database).changed
    rebuilt = build_anew(live, tmp_path / "anew")
    current = read_current(live.settings.index)
    for part in WEIGHTS:
        assert words_of(current / part) == words_of(tmp_path / "anew" / part)
    assert live.answers(live.engine) == live.answers(rebuilt)


def test_synonyms_serve_at_once_and_dictionary_words_when_the_index_has_them(live: Live) -> None:
    text = "紫薇光纤老是断"
    before = live.engine.opened().language
    live.change(synonyms=["榫卯,紫薇光纤"])
    asked = live.engine.opened().language
    assert asked.version == live.version
    assert (asked.cut, asked.analyzer) == (before.cut, before.analyzer)
    assert asked.builder.build(text).synonyms == (("紫薇光纤", "榫卯"),)
    assert live.engine.status().pending
    sync_index(live.settings, live.database)
    assert live.engine.opened().language.cut == live.version
    assert "紫薇光纤" in live.engine.analyzer.words(text)
    assert not live.engine.status().pending


def test_words_are_in_force_before_class_words_are_learnt_by_them(live: Live) -> None:
    folder = read_current(live.settings.index)
    before = read_state(folder)
    live.change(words=["网速上不"])
    language = open_language(live.settings, live.database)
    take_in(folder, live.database, language)
    opened = live.engine.opened()
    assert opened.language.cut == live.version
    assert opened.snapshot.state.class_words == before.class_words
    relearning = Relearning.owed(folder, live.database, language.analyzer)
    assert relearning
    relearning.finish()
    assert relearning.is_done()
    state = live.engine.opened().snapshot.state
    assert state.class_words == state.vocabulary == live.version
    learnt = learn_class_words(read_class_texts(live.database.connection), language.analyzer)
    found = open_class_words(folder, live.version)
    assert found.codes == learnt.codes
    assert np.array_equal(found.logs, learnt.logs)
    assert not Relearning.owed(folder, live.database, language.analyzer)


def common_word(live: Live, *, least: int) -> tuple[str, list[str]]:
    """A run of three characters that at least so many tickets and a passage hold and that is no
    word yet, and the keys of those tickets."""
    known = live.engine.opened().language
    holders: dict[str, list[str]] = {}
    for document in read_documents(live.database, "tickets")[0]:
        text = document.text
        runs = {text[place : place + 3] for place in range(len(text) - 2)}
        for run in filter(HAN.fullmatch, sorted(runs)):
            holders.setdefault(run, []).append(document.key)
    passages = "".join(each.text for each in read_documents(live.database, "passages")[0])
    return next(
        (run, keys)
        for run, keys in sorted(holders.items())
        if least <= len(keys) < 4 * least
        and run in passages
        and run not in known.words
        and known.analyzer.words(run) != [run]
    )


def steps(live: Live, intake: Intake) -> int:
    """Commit until nothing is left; return how many commits it took."""
    language = open_language(live.settings, live.database)
    taken = 1
    while intake.step(language).left:
        taken += 1
    return taken


def test_a_common_word_is_in_force_before_all_tickets_are_cut_by_it(
    live: Live, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("indexer.sync.RECUT_AT_ONCE", 5)
    word, holders = common_word(live, least=12)
    folder = read_current(live.settings.index)
    live.change(words=[word])
    intake = Intake(folder, live.database)
    assert intake.step(open_language(live.settings, live.database)).left >= len(holders)
    opened = live.engine.opened()
    assert opened.language.version == opened.language.cut == live.version
    assert opened.language.base < live.version
    assert live.engine.status().pending
    query = opened.language.builder.build(word)
    assert query.terms[word, True]
    assert any(is_word and (text, True) not in query.terms for text, is_word in query.older)
    tickets, passages = opened.snapshot.tickets, opened.snapshot.passages
    assert passages.words.document_counts([word], is_word=True) > [0]
    assert tickets.words.document_counts([word], is_word=True) == [0]
    scores = tickets.words.score({**query.older, **query.terms})
    found = dict(zip(tickets.collection.keys(), scores.tolist(), strict=True))
    assert all(found[key] > 0 for key in holders)
    with live.database.transaction() as connection:
        queue.enqueue(connection, "article", "P060101", now=START)
    assert intake.step(open_language(live.settings, live.database)).left
    assert not queue.count_queued(live.database.connection)
    words = live.engine.opened().snapshot.tickets.words
    assert words.document_counts([word], is_word=True) <= [5]
    assert steps(live, intake) > 1
    opened = live.engine.opened()
    assert (opened.language.base, opened.language.older) == (live.version, None)
    assert opened.snapshot.tickets.words.document_counts([word], is_word=True) == [len(holders)]
    rebuilt = build_anew(live, tmp_path / "anew")
    for part in WEIGHTS:
        assert words_of(folder / part) == words_of(tmp_path / "anew" / part)
    Relearning(folder, live.database, rebuilt.analyzer).finish()
    assert live.answers(live.engine) == live.answers(rebuilt)


def test_a_recut_that_was_killed_or_overtaken_ends_as_a_rebuild_does(
    live: Live, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("indexer.sync.RECUT_AT_ONCE", 5)
    folder = read_current(live.settings.index)
    first, _ = common_word(live, least=13)
    live.change(words=[first])
    language = open_language(live.settings, live.database)
    killed = Intake(folder, live.database)
    assert killed.step(language).left
    assert killed.step(language).left
    second, _ = common_word(live, least=14)
    live.change(words=[second])
    overtaken = Intake(folder, live.database)
    assert overtaken.step(open_language(live.settings, live.database)).left
    before = live.version
    live.change(synonyms=["榫卯甲,榫卯乙乙"])
    publish(live.database, propose_rollback(live.database, before - 1), BACK, now=START)
    assert live.engine.opened().language.base < before
    steps(live, overtaken)
    state = read_state(folder)
    assert (state.vocabulary, state.toward, state.left) == (live.version, (), 0)
    build_anew(live, tmp_path / "anew")
    for part in WEIGHTS:
        assert words_of(folder / part) == words_of(tmp_path / "anew" / part)


def test_a_rollback_is_a_new_version_and_answers_as_before(live: Live) -> None:
    old, before = live.version, live.answers(live.engine)
    live.change(confusions=["红灯,绿灯,safe"], words=["个红灯"])
    sync_index(live.settings, live.database)
    assert live.answers(live.engine) != before
    publish(live.database, propose_rollback(live.database, old), BACK, now=START)
    sync_index(live.settings, live.database)
    assert live.version == old + 2
    assert live.answers(live.engine) == before
    tables = [vocabulary.read_tables(live.database.connection, each) for each in (old, old + 2)]
    assert tables[0] == tables[1]

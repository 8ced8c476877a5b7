"""Fusion and evaluation on cases small enough to check by hand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from indexer.evaluation import compare_lanes, evaluate_folder, measure_ranking
from indexer.families import PARTS, group_matters, is_held_out, part_by_matter
from indexer.fitting import (
    PRIOR,
    SIGNALS,
    Fusion,
    choose_words,
    fit_fusion,
    fuse,
    measure_signals,
    reciprocal_ranks,
)
from indexer.labelled import read_labelled
from indexer.progress import quiet
from indexer.relevance import MOST_FACTOR, TermWeights, count_documents, learn_term_weights
from kb.errors import InvalidInput


def test_fusion_scales_each_lane_by_its_best() -> None:
    words = np.array([[4.0, 2.0, 0.0]], np.float32)
    meaning = np.array([[-1.0, 0.5, 0.25]], np.float32)
    assert fuse(words, meaning, 0.5).tolist() == [[0.5, 0.75, 0.25]]
    assert fuse(words, np.zeros_like(words), 0.0).tolist() == [[1.0, 0.5, 0.0]]


def lanes(count: int = 200) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A lane that finds each query's document, a lane of chance, and which document it is."""
    rng = np.random.default_rng(5)
    relevant = np.eye(count, dtype=bool)
    good = (relevant + 0.2 * rng.random((count, count))).astype(np.float32)
    return good, rng.random((count, count)).astype(np.float32), relevant


def test_meaning_is_trusted_only_where_it_clearly_helps() -> None:
    good, noise, relevant = lanes()
    assert fit_fusion(good, noise, relevant).alpha(good, noise).max() < 0.001
    assert fit_fusion(noise, good, relevant).alpha(noise, good).min() > 0.3


def test_few_queries_leave_the_default_fusion() -> None:
    good, noise, relevant = lanes(10)
    fusion = fit_fusion(noise, good, relevant)
    assert fusion == Fusion()
    assert fusion.alpha(noise, good) == pytest.approx([PRIOR] * 10)


def test_each_query_gets_the_lane_that_is_sure_of_it() -> None:
    rng = np.random.default_rng(7)
    relevant = np.eye(400, dtype=bool)
    asked_by_words = np.arange(400)[:, None] % 2 == 0
    found, chance, other = (rng.random((400, 400)) for _ in range(3))
    found = 0.6 * relevant + 0.6 * found
    words = np.where(asked_by_words, found, chance).astype(np.float32)
    meaning = np.where(asked_by_words, 0.3 * other, found).astype(np.float32)
    fusion = fit_fusion(words, meaning, relevant)
    alpha = fusion.alpha(words, meaning)
    assert alpha[::2].mean() < alpha[1::2].mean() - 0.2
    even, fused = fuse(words, meaning, 0.5), fusion.fuse(words, meaning)
    assert reciprocal_ranks(fused, relevant).mean() > reciprocal_ranks(even, relevant).mean()


def test_signals_of_a_query_are_what_its_lanes_show() -> None:
    words = np.array([[4.0, 3.0, 0.0]], np.float32)
    meaning = np.array([[0.2, 0.8, 0.4]], np.float32)
    signals = dict(zip(SIGNALS, measure_signals(words, meaning)[0].tolist(), strict=True))
    assert signals == pytest.approx(
        {
            "cosine": 0.8,
            "words_lead": 0.25,
            "meaning_lead": 0.4,
            "nearest_by_words": 0.75,
            "best_by_meaning": 0.25,
        }
    )
    assert measure_signals(words[:, :1], meaning[:, :1]).shape == (1, len(SIGNALS))


def test_other_word_settings_are_taken_only_when_clearly_better() -> None:
    good, noise, relevant = lanes()
    assert choose_words([good, noise], relevant) == 0
    assert choose_words([noise, good], relevant) == 1
    assert choose_words([good, good * 2], relevant) == 0
    assert choose_words([noise[:5], good[:5]], relevant[:5]) == 0


def test_reciprocal_rank_ends_at_ten() -> None:
    scores = np.arange(20, dtype=np.float32)[None, ::-1]
    relevant = np.zeros((1, 20), bool)
    relevant[0, 3] = True
    assert reciprocal_ranks(scores, relevant).tolist() == [0.25]
    assert reciprocal_ranks(scores, np.roll(relevant, 10)).tolist() == [0.0]


def test_measures_follow_their_definitions() -> None:
    measured = measure_ranking(["x", "a", "b"], {"a": 1, "c": 1})
    ideal = 1 + 1 / np.log2(3)
    assert measured.tolist() == pytest.approx([0, 0.5, 0.5, 0.5, (1 / np.log2(3)) / ideal])
    assert measure_ranking([], {}).tolist() == [0] * 5


def test_near_twins_are_held_out_together() -> None:
    rng = np.random.default_rng(2)
    one = rng.normal(size=(300, 16)).astype(np.float32)
    vectors = np.concatenate([one, one + 0.01 * rng.normal(size=one.shape).astype(np.float32)])
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    groups = group_matters(vectors, seed=1)
    assert (groups[:300] == groups[300:]).mean() > 0.95
    parts = part_by_matter(vectors, seed=1)
    assert set(parts.tolist()) == set(range(PARTS))
    assert parts.tolist() == part_by_matter(vectors, seed=1).tolist()
    assert not len(part_by_matter(vectors[:0], seed=1))


def test_a_pair_is_held_out_by_its_own_text_alone() -> None:
    pairs = [(f"问{number}", f"答{number}") for number in range(1000)]
    held = [pair for pair in pairs if is_held_out(pair, parts=10)]
    assert 60 < len(held) < 140
    assert [pair for pair in reversed(pairs) if is_held_out(pair, parts=10)] == held[::-1]


def test_words_that_never_come_back_in_the_answer_weigh_less() -> None:
    subjects = [(f"名{number}", True) for number in range(40)]
    asked, told = ("什么", True), ("规定", True)
    documents = [frozenset([subject, told]) for subject in subjects]
    pairs = [(frozenset([subject, asked]), frozenset([subject, told])) for subject in subjects]
    learned = learn_term_weights(count_documents(documents), pairs * 3)
    assert learned.factors[asked] < 0.5
    assert all(1 <= learned.factors[subject] <= MOST_FACTOR for subject in subjects)
    assert told not in learned.factors


def test_terms_that_weigh_nothing_are_not_asked_for() -> None:
    weights = TermWeights({("的", True): 0.0, ("宽带", True): 1.5})
    weighed = weights.weigh({("的", True): 1.0, ("宽带", True): 2.0, ("光猫", True): 0.3})
    assert weighed == {("宽带", True): 3.0, ("光猫", True): 0.3}


def test_the_interval_of_a_difference_holds_it() -> None:
    before = np.random.default_rng(3).random(500)
    told = compare_lanes(before + 0.1, before)
    assert (told["ndcg@10"], told["interval"]) == (0.1, [0.1, 0.1])
    noise = compare_lanes(before, before[::-1])
    assert noise["interval"][0] < 0 < noise["interval"][1]


def write_judged_set(folder: Path, pairs: bool = False) -> None:
    topics = [
        "宽带断网红灯",
        "话费多扣退费",
        "携号转网授权码",
        "师傅没来装机",
        "停机复机",
        "国际漫游",
    ]
    corpus = [
        {"id": f"d{number}", "title": "", "text": f"{topic}怎么处理，第{number}条说明"}
        for number, topic in enumerate(topics)
    ]
    queries = [{"id": f"q{number}", "text": topic} for number, topic in enumerate(topics)]
    parts = [("corpus", corpus), ("queries", queries)]
    if pairs:
        asked = ("什么情况下{}", "请问{}该找谁", "我的{}没人管", "{}要等几天", "为什么又{}了")
        told = [
            {"query": form.format(topic), "positive": f"{topic}怎么处理，第{number}条说明"}
            for number, topic in enumerate(topics)
            for form in asked * 5
        ]
        parts.append(("train_pairs", told))
    for name, rows in parts:
        lines = [json.dumps(row, ensure_ascii=False) for row in rows]
        (folder / f"{name}.jsonl").write_text("\n".join(lines), "utf-8")
    (folder / "qrels.tsv").write_text("".join(f"q{n}\td{n}\t1\n" for n in range(6)), "utf-8")


def test_a_judged_set_is_measured_with_the_products_own_pipeline(tmp_path: Path) -> None:
    write_judged_set(tmp_path)
    figures = evaluate_folder(tmp_path, progress=quiet)
    assert figures["lexical"]["ndcg@10"] == 1.0
    assert figures["hybrid"]["recall@1"] == 1.0
    assert (figures["queries"], figures["documents"]) == (6, 6)
    assert figures["chosen"]["held_out_pairs"] == figures["chosen"]["weighed_terms"] == 0
    assert figures["alpha"]["p50"] == pytest.approx(PRIOR)


def test_pairs_of_a_judged_set_are_learned_from_and_held_out(tmp_path: Path) -> None:
    write_judged_set(tmp_path, pairs=True)
    figures = evaluate_folder(tmp_path, progress=quiet)
    assert figures["chosen"]["held_out_pairs"] == 150
    assert figures["chosen"]["weighed_terms"] > 0
    assert figures["hybrid"]["ndcg@10"] == figures["lexical"]["ndcg@10"] == 1.0


@pytest.mark.parametrize("line", ["{", "[]", '{"category": "060101"}', "3"])
def test_a_broken_line_of_labelled_sentences_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "sentences.jsonl"
    path.write_text('{"text": "断网"}\n' + line, "utf-8")
    with pytest.raises(InvalidInput) as raised:
        read_labelled(path)
    assert "第 2 行" in raised.value.field

"""Measuring: retrieval on judged sets, and classes, procedures and abstention on labelled ones."""

from __future__ import annotations

import hashlib
import json
import math
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from indexer.analysis import Analyzer
from indexer.collection import Collection, commit_documents, create_collection
from indexer.documents import Document
from indexer.encoder import Encoder, StaticEncoder, Vectors
from indexer.fitting import PRIOR, Matrix, fit_alpha, fuse
from indexer.meaning import MeaningScorer
from indexer.postings import WordWeights
from indexer.progress import Progress
from indexer.queries import Query, QueryBuilder
from indexer.scoring import WordScorer
from indexer.training import TrainingPlan, TrainingSet, train_encoder
from kb.errors import InvalidInput
from kb.vocabulary import Vocabulary

BATCH = 256
CUTS = (1, 5, 20)
DEPTH = 20
HELD_OUT_PARTS = 10
MOST_JUDGED = 600
"""Training pairs held out to fit the fusion on."""
MOST_RIVALS = 4_000
"""Documents the held-out pairs compete with while the fusion is fitted."""


@dataclass(frozen=True)
class JudgedSet:
    """A corpus with queries and their relevant documents; pairs to train on where there are any."""

    documents: Sequence[Document]
    queries: Sequence[tuple[str, str]]
    relevant: Mapping[str, Mapping[str, int]]
    pairs: Sequence[tuple[str, str]]


def read_judged_set(folder: Path) -> JudgedSet:
    """Read corpus.jsonl, queries.jsonl, qrels.tsv and, if present, train_pairs.jsonl.

    Raise InvalidInput naming the file that is missing or wrong.
    """
    corpus = _read_jsonl(folder / "corpus.jsonl", ("id", "title", "text"))
    queries = _read_jsonl(folder / "queries.jsonl", ("id", "text"))
    relevant: dict[str, dict[str, int]] = {}
    path = folder / "qrels.tsv"
    if not path.is_file():
        raise InvalidInput("没有这个文件", field=str(path))
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        cells = line.split()
        if len(cells) != 3 or not cells[2].lstrip("-").isdigit():
            raise InvalidInput("应为 查询 文档 相关度 三列", field=f"{path.name} 第 {number} 行")
        relevant.setdefault(cells[0], {})[cells[1]] = int(cells[2])
    pairs: list[dict[str, Any]] = []
    if (folder / "train_pairs.jsonl").is_file():
        pairs = _read_jsonl(folder / "train_pairs.jsonl", ("query", "positive"))
    return JudgedSet(
        documents=[Document(row["id"], row["title"], row["text"]) for row in corpus],
        queries=[(row["id"], row["text"]) for row in queries],
        relevant=relevant,
        pairs=[(row["query"], row["positive"]) for row in pairs],
    )


def evaluate_folder(folder: Path, *, progress: Progress) -> dict[str, Any]:
    """Index a judged set with the product's own pipeline and measure each lane and their fusion."""
    judged = read_judged_set(folder)
    vocabulary = Vocabulary()
    analyzer = Analyzer(vocabulary)
    builder = QueryBuilder(analyzer, vocabulary)
    with tempfile.TemporaryDirectory() as scratch:
        started = time.monotonic()
        encoder, alpha = _prepare(judged, analyzer, builder, Path(scratch), progress)
        index = Path(scratch) / "index"
        create_collection(index, WordWeights())
        commit_documents(
            index, judged.documents, drop=(), analyzer=analyzer, encoder=encoder, progress=progress
        )
        seconds = time.monotonic() - started
        collection = Collection(index)
        result = _measure(judged, collection, builder, encoder, alpha)
    return {**result, "alpha": alpha, "index_seconds": round(seconds, 2)}


def _prepare(
    judged: JudgedSet,
    analyzer: Analyzer,
    builder: QueryBuilder,
    scratch: Path,
    progress: Progress,
) -> tuple[Encoder, float]:
    """Train the encoder on the corpus and nine tenths of the pairs; fit the fusion on the rest."""
    texts = [analyzer.tokens(each.text) for each in judged.documents]
    pairs = [(analyzer.tokens(left), analyzer.tokens(right)) for left, right in judged.pairs]
    held = hold_out([right for _, right in judged.pairs])
    kept = [pair for number, pair in enumerate(pairs) if number not in held]
    sides = [side for pair in kept for side in pair]
    folder = scratch / "encoder"
    folder.mkdir()
    train_encoder(folder, TrainingSet([*texts, *sides], kept), TrainingPlan(), progress=progress)
    encoder = StaticEncoder(folder, analyzer)
    if not held:
        return encoder, PRIOR
    step = max(1, len(held) // MOST_JUDGED)
    chosen = [judged.pairs[number] for number in sorted(held)[::step]]
    return encoder, _fit_on_pairs(judged, chosen, analyzer, builder, encoder, scratch / "fit")


def hold_out(partners: Sequence[str]) -> set[int]:
    """Numbers of the pairs to fit on: about a tenth, all pairs of one partner text together.

    A text that is trained on with another question would make the encoder look better than it is.
    """
    chosen = [
        number
        for number, text in enumerate(partners)
        if hashlib.sha256(text.encode()).digest()[0] < 256 // HELD_OUT_PARTS
    ]
    return set(chosen)


def _fit_on_pairs(
    judged: JudgedSet,
    pairs: Sequence[tuple[str, str]],
    analyzer: Analyzer,
    builder: QueryBuilder,
    encoder: Encoder,
    folder: Path,
) -> float:
    """Fit alpha where each held-out query must find its partner among partners and rivals."""
    partners = [Document(f"pair-{place}", "", right) for place, (_, right) in enumerate(pairs)]
    step = max(1, len(judged.documents) // MOST_RIVALS)
    create_collection(folder, WordWeights())
    commit_documents(
        folder,
        [*partners, *judged.documents[::step]],
        drop=(),
        analyzer=analyzer,
        encoder=encoder,
    )
    collection = Collection(folder)
    scorer = WordScorer(collection)
    queries = [builder.build(left) for left, _ in pairs]
    words = np.stack([scorer.score(query.terms) for query in queries])
    vectors = encoder.encode([query.text for query in queries])
    meaning = np.stack([MeaningScorer(collection).scan(vector) for vector in vectors])
    texts = [right for _, right in pairs] + [each.text.strip() for each in judged.documents[::step]]
    relevant = np.array([[text.strip() == right.strip() for text in texts] for _, right in pairs])
    return fit_alpha(words, meaning, relevant)


def _measure(
    judged: JudgedSet,
    collection: Collection,
    builder: QueryBuilder,
    encoder: Encoder,
    alpha: float,
) -> dict[str, Any]:
    scorer = WordScorer(collection)
    keys = collection.keys()
    places = {key: place for place, key in enumerate(keys)}
    sums: dict[str, list[npt.NDArray[np.float64]]] = {}
    took: list[float] = []
    for start in range(0, len(judged.queries), BATCH):
        batch = judged.queries[start : start + BATCH]
        words, meaning = _score_batch(batch, collection, scorer, builder, encoder, took)
        for row, (query_id, _) in enumerate(batch):
            own = places.get(query_id)
            if own is not None and query_id not in judged.relevant.get(query_id, {}):
                words[row, own] = meaning[row, own] = -1
        lanes = {"lexical": words, "semantic": meaning, "hybrid": fuse(words, meaning, alpha)}
        for name, scores in lanes.items():
            for row, (query_id, _) in enumerate(batch):
                ranked = [keys[place] for place in _best(scores[row])]
                sums.setdefault(name, []).append(
                    measure_ranking(ranked, judged.relevant.get(query_id, {}))
                )
    names = (*(f"recall@{cut}" for cut in CUTS), "mrr@10", "ndcg@10")
    means = {
        name: dict(zip(names, np.mean(rows, axis=0).round(4).tolist(), strict=True))
        for name, rows in sums.items()
    }
    p50, p95, p99 = np.percentile(took, (50, 95, 99)).round(3).tolist()
    return {
        **means,
        "queries": len(judged.queries),
        "documents": len(judged.documents),
        "query_ms": {"p50": p50, "p95": p95, "p99": p99},
    }


def _score_batch(
    batch: Sequence[tuple[str, str]],
    collection: Collection,
    scorer: WordScorer,
    builder: QueryBuilder,
    encoder: Encoder,
    took: list[float],
) -> tuple[Matrix, Matrix]:
    """Scores of both lanes, shape (queries, documents); each query is timed from text to scores."""
    nearest = MeaningScorer(collection)
    words: list[Matrix] = []
    meaning: list[Vectors] = []
    for _, text in batch:
        started = time.perf_counter()
        query: Query = builder.build(text)
        words.append(scorer.score(query.terms))
        meaning.append(nearest.scan(encoder.encode([query.text])[0]))
        took.append((time.perf_counter() - started) * 1000)
    return np.stack(words), np.stack(meaning)


def _best(scores: Matrix) -> list[int]:
    depth = min(DEPTH, len(scores))
    chosen = np.argpartition(-scores, depth - 1)[:depth]
    ordered = chosen[np.lexsort((chosen, -scores[chosen]))]
    return [int(place) for place in ordered if scores[place] > 0]


def measure_ranking(ranked: Sequence[str], relevant: Mapping[str, int]) -> npt.NDArray[np.float64]:
    """Recall at each of CUTS, MRR@10 and nDCG@10 (Järvelin & Kekäläinen 2002, linear gain)."""
    wanted = {key for key, grade in relevant.items() if grade > 0}
    recalls = [
        len(wanted.intersection(ranked[:cut])) / len(wanted) if wanted else 0.0 for cut in CUTS
    ]
    first = next((place for place, key in enumerate(ranked[:10], 1) if key in wanted), 0)
    gain = sum(
        relevant.get(key, 0) / math.log2(place + 1) for place, key in enumerate(ranked[:10], 1)
    )
    grades = sorted((grade for grade in relevant.values() if grade > 0), reverse=True)[:10]
    ideal = sum(grade / math.log2(place + 1) for place, grade in enumerate(grades, 1))
    return np.array([*recalls, 1 / first if first else 0.0, gain / ideal if ideal else 0.0])


def _read_jsonl(path: Path, names: Sequence[str]) -> list[dict[str, Any]]:
    if not path.is_file():
        raise InvalidInput("没有这个文件", field=str(path))
    rows = []
    number = 0
    try:
        for line in path.read_text("utf-8").split("\n"):
            number += 1
            if line.strip():
                row = json.loads(line)
                rows.append({name: str(row[name]) for name in names})
    except (ValueError, KeyError, TypeError):
        raise InvalidInput(f"第 {number} 行应有 {'、'.join(names)}", field=path.name) from None
    return rows

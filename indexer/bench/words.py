"""The word lane against its peers: one field of words, the same terms for all, taken in turn.

Before anything is timed every contender's first ten are compared with exact BM25 from the tokens,
over an index of several segments from which some documents were deleted.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from indexer.analysis import ANALYSIS_VERSION, Analyzer
from indexer.bench.exact import K1, Agreement, B, ExactScores, compare
from indexer.bench.figures import Figure, absent, alternate, single, spread
from indexer.bench.machine import folder_mib
from indexer.bench.peers import PEERS, Peer, Searcher, Tokens
from indexer.bench.step import Bench
from indexer.collection import Collection, commit_documents, create_collection
from indexer.documents import Document
from indexer.postings import WordWeights
from indexer.scoring import WordScorer, top
from indexer.sources import read_vocabulary
from kb.database import open_database
from kb.store import indexable

TOP = 10
OURS = "ours"
COMMITS = (0.0, 0.6, 0.9, 1.0)
"""Edges of the commits the documents come in, as shares: several segments of several sizes."""
DROPPED_EVERY, DROPPED_AT = 100, 37
SLOW = "whoosh"
"""Compares short queries only: a whole complaint takes it seconds."""
PIVOT = "pivot"
"""Exact BM25 with the average length of the first commit, which the index keeps as it grows."""
KINDS = {"short": "1–2 词", "long": "5–15 词", "whole": "整段投诉"}
BUDGETS = {"long": "本品 ≤ tantivy（中位）", "whole": "本品 ≤ tantivy（中位）"}


@dataclass(frozen=True)
class WordCorpus:
    """The corpus' tickets cut into words, in a file, a line each."""

    path: Path
    size: int

    @property
    def dropped(self) -> frozenset[int]:
        """Numbers of the documents deleted after they were written."""
        return frozenset(range(DROPPED_AT, self.size, DROPPED_EVERY))

    def __len__(self) -> int:
        return self.size

    def lines(self) -> Iterator[str]:
        """Each document as words joined by blanks."""
        with self.path.open(encoding="utf-8") as file:
            for line in file:
                yield line.rstrip("\n")


@dataclass(frozen=True)
class Contender:
    """An engine that is ready to be asked, with what building its index took."""

    name: str
    title: str
    search: Searcher
    docs_per_second: float
    mib: float


def measure_words(bench: Bench) -> list[Figure]:
    """Build every contender, check them, then time them in turn."""
    database = open_database(bench.settings.database)
    analyzer = Analyzer(read_vocabulary(database))
    texts = [
        f"{ticket.description}\n{ticket.resolution}"
        for ticket in indexable.read_indexable(database.connection)
    ]
    database.close()
    corpus = cut_words(texts, analyzer, bench.corpus.settings.data)
    contenders = [_build_ours(corpus, texts, analyzer, bench.scratch / OURS)]
    missing: list[Figure] = []
    for peer in PEERS:
        built = build_peer(peer, corpus, bench.scratch / peer.name)
        if isinstance(built, Figure):
            missing.append(built)
        else:
            contenders.append(built)
    queries = make_queries(bench.complaints, analyzer, seed=bench.corpus.plan.seed)
    return [
        *(_size(each, corpus) for each in contenders),
        *missing,
        *_check(contenders, corpus, queries, bench.amounts.checks),
        *_time(contenders, queries, bench.amounts.most_seconds),
    ]


def cut_words(texts: Sequence[str], analyzer: Analyzer, folder: Path) -> WordCorpus:
    """The texts cut into words; kept in ``folder``, which belongs to these texts."""
    path = folder / f"words-{ANALYSIS_VERSION}.txt"
    if not path.is_file():
        temporary = path.with_suffix(".new")
        with temporary.open("w", encoding="utf-8") as file:
            file.writelines(" ".join(analyzer.words(text)) + "\n" for text in texts)
        temporary.replace(path)
    return WordCorpus(path, len(texts))


def make_queries(
    complaints: Sequence[str], analyzer: Analyzer, *, seed: int
) -> dict[str, list[list[str]]]:
    """For each kind one query a complaint: its words, without repetition."""
    rng = random.Random(f"queries {seed}")  # noqa: S311 - repeatable, not secret
    queries: dict[str, list[list[str]]] = {kind: [] for kind in KINDS}
    for text in complaints:
        words = list(dict.fromkeys(analyzer.words(text)))
        telling = [word for word in words if len(word) > 1] or words
        queries["short"].append(rng.sample(telling, min(rng.randint(1, 2), len(telling))))
        queries["long"].append(rng.sample(words, min(rng.randint(5, 15), len(words))))
        queries["whole"].append(words)
    return queries


def _build_ours(
    corpus: WordCorpus, texts: Sequence[str], analyzer: Analyzer, folder: Path
) -> Contender:
    started = time.perf_counter()
    search = open_ours(corpus, texts, analyzer, folder)
    rate = len(corpus) / (time.perf_counter() - started)
    return Contender(OURS, "本品", search, rate, folder_mib(folder))


def open_ours(
    corpus: WordCorpus, texts: Sequence[str], analyzer: Analyzer, folder: Path
) -> Searcher:
    """Our index of one field in several commits, with deletions, and our scorer over its words."""
    create_collection(folder, WordWeights(k1=K1, b=B))
    edges = [round(len(texts) * share) for share in COMMITS]
    for start, end in pairwise(edges):
        documents = (_document(number, texts[number]) for number in range(start, end))
        commit_documents(folder, documents, drop=(), analyzer=analyzer, encoder=None)
    drop = [_document(number, "").key for number in sorted(corpus.dropped)]
    commit_documents(folder, (), drop=drop, analyzer=analyzer, encoder=None)
    collection = Collection(folder)
    scorer = WordScorer(collection)
    keys = collection.keys()
    numbers = np.array([int(key.split("|")[1]) for key in keys])

    def search(terms: Tokens, count: int) -> Sequence[int]:
        scores = scorer.score({(term, True): 1.0 for term in terms})
        found: list[int] = numbers[top(scores, count)].tolist()
        return found

    return search


def _document(number: int, text: str) -> Document:
    return Document(key=f"t|{number}|", complaint=text)


def build_peer(peer: Peer, corpus: WordCorpus, folder: Path) -> Contender | Figure:
    """The peer over the corpus, or why there is none."""
    key = f"words.{peer.name}"
    if len(corpus) > peer.most * 1.1:
        return absent(key, peer.title, f"未测：超过 {peer.most} 篇")
    folder.mkdir(parents=True)
    started = time.perf_counter()
    try:
        search = peer.build(corpus, folder)
    except ImportError as error:
        missing = error.name or str(error)
        return absent(key, peer.title, f"没有安装（{missing}），可用 pip install .[bench]")
    rate = len(corpus) / (time.perf_counter() - started)
    return Contender(peer.name, peer.title, search, rate, folder_mib(folder))


def _size(contender: Contender, corpus: WordCorpus) -> Figure:
    note = f"{len(corpus)} 篇，{contender.mib:g} MiB"
    if contender.name == OURS:
        note += "；单进程，含分词和字对；其余收已切好的词"
    title = f"{contender.title}：建词索引"
    rate = round(contender.docs_per_second)
    return single(f"words.build.{contender.name}", title, rate, "篇/s", note=note)


def _check(
    contenders: Sequence[Contender],
    corpus: WordCorpus,
    queries: dict[str, list[list[str]]],
    checks: int,
) -> list[Figure]:
    """How many queries each contender answers exactly; ours must answer all."""
    asked = [query for kind in KINDS for query in queries[kind][:checks]]
    exact = ExactScores({term for query in asked for term in query}, corpus.dropped)
    exact.add_all(line.split(" ") for line in corpus.lines())
    scores = [exact.scores(query) for query in asked]
    figures = []
    for contender in contenders:
        most = len(asked) if contender.name != SLOW else checks
        answers = [contender.search(query, TOP) for query in asked[:most]]
        agreement = compare(answers, scores[:most], TOP)
        figures.append(_agreement(contender, "", agreement, asked))
        if contender.name == OURS:
            average = exact.average_of(round(COMMITS[1] * len(corpus)))
            pivoted = [exact.scores(query, average=average) for query in asked]
            figures.append(_agreement(contender, PIVOT, compare(answers, pivoted, TOP), asked))
    return figures


def _agreement(
    contender: Contender, variant: str, agreement: Agreement, asked: Sequence[Sequence[str]]
) -> Figure:
    suffix, said = (f".{PIVOT}", "（平均长取首次提交）") if variant else ("", " ")
    return single(
        f"words.exact.{contender.name}{suffix}",
        f"{contender.title}：前 {TOP} 与精确 BM25{said}一致",
        agreement.share,
        budget="1" if contender.name == OURS else "",
        note=describe(agreement, asked),
    )


def describe(agreement: Agreement, asked: Sequence[Sequence[str]]) -> str:
    """How many queries were compared, and the terms of the first that differ."""
    note = f"{agreement.queries} 条查询，重合 {agreement.overlap:.1%}"
    if agreement.mismatches:
        examples = "；".join(" ".join(asked[place][:6]) for place in agreement.mismatches[:3])
        note += f"，{len(agreement.mismatches)} 条不同，如 {examples}"
    return note


def _time(
    contenders: Sequence[Contender], queries: dict[str, list[list[str]]], most_seconds: float
) -> list[Figure]:
    figures = []
    for kind, title in KINDS.items():
        asked = queries[kind]
        for contender in contenders:
            contender.search(asked[-1], TOP)
        took = alternate(
            {
                each.name: lambda terms, each=each: each.search(terms, TOP)  # type: ignore[misc]
                for each in contenders
            },
            asked,
            most_seconds=most_seconds,
        )
        figures += [
            spread(
                f"words.{kind}.{each.name}",
                f"{each.title}：{title}",
                took[each.name],
                budget=BUDGETS.get(kind, "") if each.name == OURS else "",
            )
            for each in contenders
        ]
    return figures

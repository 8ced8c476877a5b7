"""Training the desk's own encoder: term vectors, first from what occurs together, then from pairs.

Start: a truncated singular value decomposition of the tf-idf matrix (latent semantic analysis,
Deerwester et al. 1990), so that texts without pairs already gain. Then the ranking loss of
Henderson et al. (2017) over pairs: each text's partner must win against the partners of the others
in its batch and against texts drawn from the corpus. A text equal to the partner is no rival: where
questions share an answer, that would teach the opposite.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from indexer.encoder import RECIPE, UNKNOWN, digest_of, unit_rows
from indexer.progress import Progress, quiet

Tokens = Sequence[str]


@dataclass(frozen=True)
class TrainingPlan:
    """How to train. ``dimension``: of the vectors. ``smallest``: texts a term must occur in.
    ``rivals``: corpus texts a batch must win against; ``sharpness``: factor on the cosines."""

    dimension: int = 256
    smallest: int = 2
    largest_vocabulary: int = 120_000
    epochs: int = 3
    batch: int = 256
    rivals: int = 512
    rate: float = 0.1
    sharpness: float = 20.0
    seed: int = 20261122


@dataclass(frozen=True)
class TrainingSet:
    """What to train on, cut into terms: texts alone, and pairs that mean the same."""

    texts: Sequence[Tokens]
    pairs: Sequence[tuple[Tokens, Tokens]]


@dataclass(frozen=True)
class Start:
    """Where training on pairs begins. ``vectors``: shape (terms, dimension), by vocabulary id."""

    vocabulary: Mapping[str, int]
    vectors: npt.NDArray[np.float32]

    def embed(self, texts: Sequence[Tokens]) -> npt.NDArray[np.float32]:
        """Unit vectors of texts."""
        rows = [
            self.vectors[[self.vocabulary[term] for term in text if term in self.vocabulary]]
            for text in texts
        ]
        sums = np.array([row.sum(axis=0) for row in rows], np.float32)
        return unit_rows(sums.reshape(len(rows), self.vectors.shape[1]))


def find_start(training: TrainingSet, plan: TrainingPlan) -> Start:
    """Vectors of what occurs together in the texts; pairs only add to the vocabulary."""
    vocabulary, idf = choose_vocabulary(training, plan)
    return Start(vocabulary, latent_vectors(training.texts, vocabulary, idf, plan))


def train_encoder(
    folder: Path,
    training: TrainingSet,
    plan: TrainingPlan,
    *,
    start: Start | None = None,
    progress: Progress = quiet,
) -> str:
    """Train an encoder and save it in ``folder``; return its identity.

    ``start``: of the same texts, where it is known already.
    """
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding

    torch.manual_seed(plan.seed)
    start = start or find_start(training, plan)
    vocabulary = dict(start.vocabulary)
    module = StaticEmbedding(_tokenizer(vocabulary), embedding_weights=start.vectors.copy())
    model = SentenceTransformer(modules=[module], device="cpu")
    numbered = _number(training, vocabulary)
    if numbered.lefts:
        _fit_pairs(module, numbered, plan, progress)
    model.save(str(folder), create_model_card=False)
    identity = f"static-{plan.dimension}-{digest_of(folder)}"
    recipe = {"identity": identity, "pairs": len(training.pairs), "terms": len(vocabulary)}
    (folder / RECIPE).write_text(json.dumps(recipe), "utf-8")
    return identity


def choose_vocabulary(
    training: TrainingSet, plan: TrainingPlan
) -> tuple[dict[str, int], npt.NDArray[np.float32]]:
    """Terms worth a vector, most frequent first, with their idf; id 0 is the unknown term."""
    frequency: Counter[str] = Counter()
    for text in training.texts:
        frequency.update(set(text))
    for left, right in training.pairs:
        frequency.update(set(left) | set(right))
    count = len(training.texts) + len(training.pairs)
    ordered = sorted(frequency.items(), key=lambda item: (-item[1], item[0]))
    kept = [term for term, df in ordered if df >= plan.smallest]
    vocabulary = {UNKNOWN: 0}
    for term in kept[: plan.largest_vocabulary]:
        vocabulary[term] = len(vocabulary)
    idf = np.zeros(len(vocabulary), np.float32)
    for term, place in vocabulary.items():
        if place:
            idf[place] = math.log(1 + count / frequency[term])
    return vocabulary, idf


def latent_vectors(
    texts: Sequence[Tokens],
    vocabulary: dict[str, int],
    idf: npt.NDArray[np.float32],
    plan: TrainingPlan,
) -> npt.NDArray[np.float32]:
    """Start vectors, shape (terms, dimension): right singular vectors of tf-idf, times idf."""
    import torch

    rows: list[int] = []
    columns: list[int] = []
    values: list[float] = []
    for row, text in enumerate(texts):
        counts = Counter(place for term in text if (place := vocabulary.get(term)))
        norm = math.sqrt(sum((1 + math.log(n)) ** 2 * idf[p] ** 2 for p, n in counts.items())) or 1
        for place, n in counts.items():
            rows.append(row)
            columns.append(place)
            values.append(float((1 + math.log(n)) * idf[place] / norm))
    size = (max(len(texts), 1), len(vocabulary))
    places = torch.tensor([rows, columns])
    matrix = torch.sparse_coo_tensor(places, torch.tensor(values), size, check_invariants=True)
    rank = min(plan.dimension, *size)
    generator = torch.random.get_rng_state()
    torch.manual_seed(plan.seed)
    _, scale, right = torch.svd_lowrank(matrix.coalesce(), q=rank, niter=4)
    torch.random.set_rng_state(generator)
    spread = (scale / scale.max()).sqrt() if len(scale) else scale
    vectors = np.zeros((len(vocabulary), plan.dimension), np.float32)
    vectors[:, :rank] = (right * spread).numpy() * idf[:, None]
    vectors *= 1.0 / max(float(np.abs(vectors).std()), 1e-6) * 0.1
    return vectors


def _tokenizer(vocabulary: dict[str, int]) -> Any:
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import WhitespaceSplit

    tokenizer = Tokenizer(WordLevel(vocab=vocabulary, unk_token=UNKNOWN))
    tokenizer.pre_tokenizer = WhitespaceSplit()
    return tokenizer


@dataclass(frozen=True)
class _Numbered:
    """A training set as rows of the table; ``same[i]``: texts with one number are equal."""

    texts: Sequence[npt.NDArray[np.int64]]
    lefts: Sequence[int]
    rights: Sequence[int]
    same: npt.NDArray[np.int64]
    rivals: npt.NDArray[np.int64]


def _number(training: TrainingSet, vocabulary: dict[str, int]) -> _Numbered:
    """Known terms only, as the encoder reads texts; pairs with a side of none are left out."""
    sides = [side for pair in training.pairs for side in pair]
    rows = [
        np.array([vocabulary[term] for term in text if term in vocabulary], np.int64)
        for text in (*training.texts, *sides)
    ]
    first = len(training.texts)
    numbers: dict[bytes, int] = {}
    same = np.array([numbers.setdefault(row.tobytes(), len(numbers)) for row in rows], np.int64)
    usable = [
        place for place in range(first, len(rows), 2) if len(rows[place]) and len(rows[place + 1])
    ]
    rivals = np.array([place for place in range(first) if len(rows[place])], np.int64)
    return _Numbered(rows, usable, [place + 1 for place in usable], same, rivals)


def _fit_pairs(module: Any, numbered: _Numbered, plan: TrainingPlan, progress: Progress) -> None:
    import torch

    optimiser = torch.optim.Adam(module.parameters(), lr=plan.rate)
    count = len(numbered.lefts)
    steps = plan.epochs * math.ceil(count / plan.batch)
    schedule = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, 0.05, total_iters=max(steps, 1))
    rng = np.random.default_rng(plan.seed)
    lefts, rights = np.array(numbered.lefts), np.array(numbered.rights)
    module.train()
    done = 0
    for _ in range(plan.epochs):
        order = rng.permutation(count)
        for start in range(0, count, plan.batch):
            chosen = order[start : start + plan.batch]
            drawn = min(plan.rivals, len(numbered.rivals))
            rivals = rng.choice(numbered.rivals, drawn, replace=False)
            optimiser.zero_grad()
            loss = _ranking_loss(module, numbered, lefts[chosen], rights[chosen], rivals, plan)
            loss.backward()
            optimiser.step()
            schedule.step()
            done += 1
            progress("训练编码器", done, steps)
    module.eval()


def _ranking_loss(
    module: Any,
    numbered: _Numbered,
    lefts: npt.NDArray[np.int64],
    rights: npt.NDArray[np.int64],
    rivals: npt.NDArray[np.int64],
    plan: TrainingPlan,
) -> Any:
    """Cross entropy of each left text over its own right text, the others' and the rivals."""
    import torch

    others = np.concatenate([rights, rivals])
    cosines = _embed(module, numbered.texts, lefts) @ _embed(module, numbered.texts, others).T
    equal = numbered.same[rights][:, None] == numbered.same[others][None, :]
    np.fill_diagonal(equal, val=False)
    scores = (plan.sharpness * cosines).masked_fill(torch.from_numpy(equal), -torch.inf)
    return torch.nn.functional.cross_entropy(scores, torch.arange(len(rights)))


def _embed(
    module: Any, texts: Sequence[npt.NDArray[np.int64]], places: npt.NDArray[np.int64]
) -> Any:
    import torch

    rows = [texts[place] for place in places.tolist()]
    offsets = np.cumsum([0, *(len(row) for row in rows[:-1])])
    features = {
        "input_ids": torch.from_numpy(np.concatenate(rows)),
        "offsets": torch.from_numpy(offsets),
    }
    embedded = module(features)["sentence_embedding"]
    return torch.nn.functional.normalize(embedded, dim=1, eps=1e-9)

"""Text to unit vectors: our own static encoder, or any sentence-transformers model.

Our own reads the analysis' terms and is served by model2vec, without importing torch.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from indexer.analysis import Analyzer, characters
from indexer.postings import Counts
from kb.errors import EncoderUnavailable

Vectors = npt.NDArray[np.float32]
"""Shape (texts, dimension), rows of length 1, or 0 for a text without a known term."""

RECIPE = "recipe.json"
UNKNOWN = "[UNK]"


class Encoder(Protocol):
    """What the index needs of an encoder."""

    identity: str
    dimension: int

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of ``texts``, float32, shape (len(texts), dimension)."""


class StaticEncoder:
    """The desk's own encoder: mean of trained term vectors."""

    def __init__(self, folder: Path, analyzer: Analyzer) -> None:
        """Load what training saved in ``folder``; raise EncoderUnavailable when it is not whole."""
        from model2vec import StaticModel

        try:
            recipe = json.loads((folder / RECIPE).read_text("utf-8"))
            model = StaticModel.from_pretrained(folder)
        except (OSError, ValueError, KeyError) as error:
            raise EncoderUnavailable(f"{folder.name}：{error}") from error
        self.folder = folder
        self._analyzer = analyzer
        self._rows: dict[str, int] = model.tokenizer.get_vocab()
        self._rows.pop(UNKNOWN, None)
        self._table = np.ascontiguousarray(model.embedding, np.float32)
        self.identity: str = recipe["identity"]
        self.dimension = int(model.dim)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of ``texts``."""
        return self.encode_tokens([self._analyzer.tokens(text) for text in texts])

    def encode_tokens(self, token_lists: Sequence[Sequence[str]]) -> Vectors:
        """Unit vectors of texts that are cut already: the mean over the known terms.

        What model2vec's ``encode`` gives, without joining the terms to text and cutting it again.
        """
        return unit_rows(self._sum_tokens(token_lists))

    def encode_counts(self, counts: Sequence[Counts], read: Sequence[Sequence[bool]]) -> Vectors:
        """Unit vectors of documents whose terms are counted already, by field; of each vocabulary
        the terms marked in ``read``, and the characters of all words (the first of ``counts``)."""
        total = np.zeros((len(counts[0].lengths), self.dimension), np.float32)
        for kind, (each, marks) in enumerate(zip(counts, read, strict=True)):
            pieces = [
                [*([term] if mark else []), *(characters(term) if kind == 0 else "")]
                for term, mark in zip(each.vocabulary, marks, strict=True)
            ]
            vectors = self._sum_tokens(pieces)
            bounds = np.searchsorted(each.documents, np.arange(len(total) + 1))
            shape = (len(total), len(vectors))
            total += csr_array((each.counts, each.codes, bounds), shape=shape) @ vectors
        return unit_rows(total)

    def _sum_tokens(self, token_lists: Sequence[Sequence[str]]) -> Vectors:
        """For each list the sum of its known tokens' vectors."""
        known = self._rows.get
        places = [[row for row in map(known, tokens) if row is not None] for tokens in token_lists]
        bounds = np.zeros(len(places) + 1, np.int64)
        np.cumsum([len(each) for each in places], out=bounds[1:])
        columns = np.fromiter(chain.from_iterable(places), np.int64, int(bounds[-1]))
        shape = (len(places), len(self._table))
        ones = np.ones(len(columns), np.float32)
        sums = csr_array((ones, columns, bounds), shape=shape) @ self._table
        return np.asarray(sums, np.float32)


class LibraryEncoder:
    """Any model that sentence-transformers loads, by name or folder."""

    def __init__(self, name: str) -> None:
        """Load the model; raise EncoderUnavailable with the library's reason."""
        try:
            from sentence_transformers import SentenceTransformer

            self._model = SentenceTransformer(name, device="cpu")
        except (ImportError, OSError, ValueError, RuntimeError) as error:
            raise EncoderUnavailable(f"{name}：{error}") from error
        self.dimension = int(self._model.get_embedding_dimension() or 0)
        self.identity = f"{name}#{self.dimension}"

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of ``texts``, computed in batches."""
        vectors = self._model.encode(list(texts), batch_size=32, show_progress_bar=False)
        return unit_rows(np.asarray(vectors, np.float32).reshape(len(texts), self.dimension))


def unit_rows(vectors: Vectors) -> Vectors:
    """Rows scaled to length 1; a row of zeros stays zero."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled: Vectors = np.divide(vectors, norms, out=np.zeros_like(vectors), where=norms > 1e-12)
    return scaled


def digest_of(folder: Path) -> str:
    """Short digest of a trained encoder's weights and vocabulary."""
    digest = hashlib.sha256()
    for name in sorted(path.name for path in folder.iterdir() if path.is_file()):
        if name.endswith((".safetensors", "tokenizer.json")):
            digest.update((folder / name).read_bytes())
    return digest.hexdigest()[:12]

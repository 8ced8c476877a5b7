"""Text to unit vectors: our own static encoder, or any sentence-transformers model.

Our own reads the analysis' terms and is served by model2vec, without importing torch.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from indexer.analysis import Analyzer
from kb.errors import EncoderUnavailable

Vectors = npt.NDArray[np.float32]
"""Shape (texts, dimension), rows of length 1, or 0 for a text without a known term."""

RECIPE = "recipe.json"


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
            self._model = StaticModel.from_pretrained(folder)
        except (OSError, ValueError, KeyError) as error:
            raise EncoderUnavailable(f"{folder.name}：{error}") from error
        self._analyzer = analyzer
        self.identity: str = recipe["identity"]
        self.dimension = int(self._model.dim)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of ``texts``."""
        return self.encode_tokens([self._analyzer.tokens(text) for text in texts])

    def encode_tokens(self, token_lists: Sequence[Sequence[str]]) -> Vectors:
        """Unit vectors of texts that are cut already."""
        joined = [" ".join(tokens) for tokens in token_lists]
        if not joined:
            return np.zeros((0, self.dimension), np.float32)
        return unit_rows(np.asarray(self._model.encode(joined, max_length=None), np.float32))


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

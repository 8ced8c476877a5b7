"""The desk's words: synonym groups, speech-recognition confusions, terms never masked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kb.errors import HandbookInvalid
from kb.tables import read_lines, read_table

CONFUSION_COLUMNS = ("wrong", "correct", "apply")


@dataclass(frozen=True)
class Confusion:
    """A word as the recogniser wrote it and what was said.

    ``is_safe``: may be put right anywhere; otherwise only beside a telecom word, because the
    wrong form is a word of its own (款待, 花费).
    """

    wrong: str
    correct: str
    is_safe: bool


@dataclass(frozen=True)
class Vocabulary:
    """All vocabulary tables. ``synonyms``: groups, the standard term first. ``ambiguous``: terms
    that are expanded at the lowest weight only."""

    synonyms: tuple[tuple[str, ...], ...] = ()
    ambiguous: frozenset[str] = frozenset()
    confusions: tuple[Confusion, ...] = ()


def read_synonyms(path: Path) -> tuple[tuple[str, ...], ...]:
    """Groups of one comma-separated line each; raise HandbookInvalid for a word in two groups."""
    groups = tuple(
        tuple(word.strip() for word in line.split(",") if word.strip()) for line in read_lines(path)
    )
    seen: dict[str, str] = {}
    for group in groups:
        for word in group:
            if word in seen:
                raise HandbookInvalid(f"「{word}」在两组同义词中", field=path.name)
            seen[word] = group[0]
    return groups


def read_words(path: Path) -> tuple[str, ...]:
    """One word a line; lines that start with # are remarks."""
    return tuple(read_lines(path))


def read_confusions(path: Path) -> tuple[Confusion, ...]:
    """Rows wrong, correct, apply (safe or context)."""
    rows = read_table(path, CONFUSION_COLUMNS)
    for row in rows:
        if row["apply"] not in ("safe", "context"):
            raise HandbookInvalid(f"{row['wrong']}：apply 应为 safe 或 context", field=path.name)
    return tuple(Confusion(row["wrong"], row["correct"], row["apply"] == "safe") for row in rows)


def parse_vocabulary(tables: Mapping[str, Any]) -> Vocabulary:
    """Build the vocabulary from the tables as the database keeps them (kind → JSON)."""
    confusions: Sequence[Sequence[Any]] = tables.get("confusions") or ()
    return Vocabulary(
        synonyms=tuple(tuple(group) for group in tables.get("synonyms") or ()),
        ambiguous=frozenset(tables.get("ambiguous") or ()),
        confusions=tuple(Confusion(wrong, right, safe) for wrong, right, safe in confusions),
    )

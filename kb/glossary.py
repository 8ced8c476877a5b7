"""Words of the trade explained in one sentence, each with the article that says more."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from kb.errors import HandbookInvalid
from kb.tables import read_table

GLOSSARY_COLUMNS = ("term", "definition", "article")


@dataclass(frozen=True)
class GlossaryTerm:
    """A word, what it means, and the id of its article."""

    term: str
    definition: str
    article: str


def read_glossary(path: Path) -> tuple[GlossaryTerm, ...]:
    """The table of a handbook's folder, which may have none; raise HandbookInvalid."""
    if not path.is_file():
        return ()
    terms = tuple(GlossaryTerm(**row) for row in read_table(path, GLOSSARY_COLUMNS))
    seen: set[str] = set()
    for each in terms:
        if not each.term or not each.definition:
            raise HandbookInvalid("词和解释都要写", field=f"{path.name}: {each.term}")
        if each.term in seen:
            raise HandbookInvalid("词重复", field=f"{path.name}: {each.term}")
        seen.add(each.term)
    return terms


class Explained:
    """Finds each word of the glossary once over all the texts of one page."""

    def __init__(self, glossary: Iterable[GlossaryTerm]) -> None:
        """Longer words go before those they hold."""
        self._waiting = {each.term: each for each in glossary}
        longest = sorted(self._waiting, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest)) or r"(?!)")

    def pieces(self, text: str) -> Iterator[tuple[str, GlossaryTerm | None]]:
        """The text in pieces; a word met for the first time comes with its explanation."""
        place = 0
        for found in self._pattern.finditer(text):
            term = self._waiting.get(found[0])
            if term is None or not _stands_alone(text, found):
                continue
            del self._waiting[found[0]]
            yield text[place : found.start()], None
            yield found[0], term
            place = found.end()
        yield text[place:], None


def _stands_alone(text: str, found: re.Match[str]) -> bool:
    """Whether Latin letters of a word are not part of a longer one."""
    around = text[max(0, found.start() - 1) : found.start()] + text[found.end() : found.end() + 1]
    return not (found[0].isascii() and any(each.isascii() and each.isalnum() for each in around))

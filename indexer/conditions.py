"""The query language of explicit search: here is what was typed, is this document meant?

What Whoosh's query language calls phrases, AND, OR, NOT, parentheses and field:term. Which
documents are looked at, and their order, comes from the words asked for; the condition decides.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from indexer.closeness import flat
from kb.article import Article
from kb.errors import InvalidInput
from kb.limit import TimeLimit
from kb.searching import FIELD_NAMES
from kb.store.tickets import ResolvedTicket

Texts = Mapping[str, str]
"""Field → its text in normal form without blanks."""
Test = Callable[[Texts], bool]
_TOKEN = re.compile(
    r'\s*(?:(?P<mark>[()])|(?P<field>\w+):(?=\S)|"(?P<phrase>[^"]*)"|(?P<word>[^\s()"]+))'
)
_QUOTES = str.maketrans("“”「」『』", '""""""')
_LATIN = re.compile(r"[\x21-\x7e]+")
OPERATORS = ("AND", "OR", "NOT")
MOST_DEPTH = 20


@dataclass(frozen=True)
class Condition:
    """A condition over a document's texts. ``wanted``: the texts asked for, not those excluded."""

    holds: Test
    wanted: tuple[str, ...]


def parse_condition(text: str, words: Callable[[str], Sequence[str]]) -> Condition:
    """Read what was typed; ``words`` cuts a text without blanks. Raise InvalidInput, in Chinese."""
    condition = _Parser(text, words).parse()
    if not condition.wanted:
        raise InvalidInput("只有 NOT 找不出东西，请再加一个要找的词", field="q")
    return condition


class _Parser:
    """Reads one query from left to right."""

    def __init__(self, text: str, words: Callable[[str], Sequence[str]]) -> None:
        text = unicodedata.normalize("NFKC", text).translate(_QUOTES).strip()
        if text.count('"') % 2:
            raise InvalidInput("引号没有成对", field="q")
        self._tokens = [found for found in _TOKEN.finditer(text) if found[0].strip()]
        self._place = 0
        self._depth = 0
        self._words = words

    def parse(self) -> Condition:
        """The whole of it."""
        found = self._either("")
        if self._peek() is not None:
            raise InvalidInput("多了一个右括号", field="q")
        return found

    def _peek(self) -> str | None:
        """The operator or bracket that comes next, "" for anything else, None at the end."""
        if self._place >= len(self._tokens):
            return None
        token = self._tokens[self._place]
        return token["mark"] or (token["word"] if token["word"] in OPERATORS else "")

    def _either(self, field: str) -> Condition:
        parts = [self._every(field)]
        while self._peek() == "OR":
            self._place += 1
            parts.append(self._every(field))
        return parts[0] if len(parts) == 1 else _joined(any, parts)

    def _every(self, field: str) -> Condition:
        parts = [self._single(field)]
        while self._peek() not in (None, ")", "OR"):
            if self._peek() == "AND":
                self._place += 1
            parts.append(self._single(field))
        return parts[0] if len(parts) == 1 else _joined(all, parts)

    def _single(self, field: str) -> Condition:
        kind = self._peek()
        if kind is None:
            raise InvalidInput("末尾少了要找的词", field="q")
        if kind in ("AND", "OR", ")"):
            name = "右括号" if kind == ")" else kind
            raise InvalidInput(f"{name} 前面少了要找的词", field="q")
        token = self._tokens[self._place]
        self._place += 1
        if kind == "NOT":
            inner = self._single(field)
            return Condition(lambda texts: not inner.holds(texts), ())
        if kind == "(":
            return self._group(field)
        if token["field"]:
            return self._single(_field(token["field"]))
        if token["phrase"] is not None:
            return _phrase(field, token["phrase"])
        return self._word(field, token["word"])

    def _group(self, field: str) -> Condition:
        self._depth += 1
        if self._depth > MOST_DEPTH:
            raise InvalidInput("括号套得太深", field="q")
        inner = self._either(field)
        if self._peek() != ")":
            raise InvalidInput("少了一个右括号", field="q")
        self._place += 1
        self._depth -= 1
        return inner

    def _word(self, field: str, word: str) -> Condition:
        """Every word of a text without blanks; Latin letters and digits stand whole, but for *."""
        stem = word.rstrip("*")
        if not stem:
            raise InvalidInput("* 前面少了词头", field="q")
        if _LATIN.fullmatch(stem):
            end = "" if word.endswith("*") else r"(?![a-z0-9])"
            pattern = re.compile(rf"(?<![a-z0-9]){re.escape(flat(stem))}{end}")
            return Condition(lambda texts: bool(pattern.search(texts.get(field, ""))), (stem,))
        parts = [flat(part) for part in self._words(stem)] or [flat(stem)]
        return Condition(lambda texts: all(part in texts.get(field, "") for part in parts), (stem,))


def _phrase(field: str, phrase: str) -> Condition:
    whole = flat(phrase)
    if not whole:
        raise InvalidInput("引号里没有文字", field="q")
    return Condition(lambda texts: whole in texts.get(field, ""), (phrase,))


def _joined(join: Callable[[Sequence[bool]], bool], parts: Sequence[Condition]) -> Condition:
    wanted = tuple(dict.fromkeys(text for part in parts for text in part.wanted))
    return Condition(lambda texts: join([part.holds(texts) for part in parts]), wanted)


def _field(name: str) -> str:
    for code, chinese in FIELD_NAMES.items():
        if name.lower() == code or name == chinese:
            return code
    known = "、".join(f"{chinese}（{code}）" for code, chinese in FIELD_NAMES.items())
    raise InvalidInput(f"没有“{name}”这个字段，可用：{known}", field="q")


def article_fields(article: Article) -> Texts:
    """The texts of an article by field."""
    revision = article.revision
    return _fields(
        title=revision.title,
        keywords="|".join(revision.keywords),
        steps="|".join(revision.steps),
        body=revision.body,
        dept=article.responsible_dept,
        source="|".join(revision.sources),
    )


def limit_fields(limit: TimeLimit) -> Texts:
    """The texts of a time limit by field."""
    return _fields(
        title=limit.subject,
        body=f"{limit.condition}|{limit.from_event}",
        region=limit.region,
        dept=limit.responsible_dept,
        source=limit.source,
    )


def ticket_fields(ticket: ResolvedTicket) -> Texts:
    """The texts of a ticket by field."""
    return _fields(
        title=ticket.title,
        body=f"{ticket.description}|{ticket.root_cause}",
        fix=f"{ticket.fix}|{ticket.resolution}",
        region=ticket.region,
    )


def _fields(**texts: str) -> Texts:
    found = {name: flat(text) for name, text in texts.items()}
    return {**found, "": "|".join(found.values())}

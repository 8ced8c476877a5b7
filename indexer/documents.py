"""What is indexed of articles, time limits and tickets, and the keys that lead back to them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from kb.article import SECTIONS, Article
from kb.category import Category
from kb.limit import TimeLimit, describe_amount
from kb.store.indexable import TicketText
from kb.ticket import Ticket

_HEADING = re.compile(r"^## *(?P<name>.+?) *$", re.MULTILINE)
_MARKUP = re.compile(r"\[([^\]]*)\]\([^)]*\)|[*_`>#|-]{1,3}")
OPEN_END = 2**31 - 1
CLASS_DIGITS = 6
QUESTION_SECTIONS = ("一句话", "怎么认", "适用情形")
"""Headings whose text says how callers put it."""


@dataclass(frozen=True)
class Document:
    """What is indexed of one passage or ticket.

    ``complaint``: how a caller would say it; ``keywords``: names it goes by; ``steps``,
    ``resolution``: what is to be done, what was told or done. ``label``: code of its third-level
    class, or "". ``valid_from``, ``valid_until``: days as date.toordinal(), the end exclusive.
    """

    key: str
    title: str = ""
    complaint: str = ""
    keywords: str = ""
    steps: str = ""
    resolution: str = ""
    label: str = ""
    valid_from: int = 0
    valid_until: int = OPEN_END

    @property
    def fields(self) -> tuple[str, ...]:
        """Texts in the order of FIELDS."""
        return (self.title, self.keywords, self.complaint, self.steps, self.resolution)

    @property
    def fingerprint(self) -> int:
        """63 bits that differ whenever anything of it does: how the index is held to the
        database."""
        said = "\x1f".join((*self.fields, self.label, f"{self.valid_from} {self.valid_until}"))
        return int.from_bytes(hashlib.sha256(said.encode()).digest()[:8], "little") >> 1

    @property
    def text(self) -> str:
        """All of it: what the encoder reads."""
        return "\n".join(filter(None, self.fields))


@dataclass(frozen=True)
class Key:
    """Where a document came from. ``kind``: article, time_limit or ticket."""

    kind: str
    identity: str
    version: str


KINDS: Mapping[str, str] = {"a": "article", "l": "time_limit", "t": "ticket"}


def parse_key(key: str) -> Key:
    """The object a document's key names."""
    kind, identity, version = key.split("|")
    return Key(KINDS[kind], identity, version)


def object_start(kind: str, identity: str) -> str:
    """How the keys of all documents of an object begin."""
    letter = next(letter for letter, name in KINDS.items() if name == kind)
    return f"{letter}|{identity}|"


def article_document(article: Article, categories: Mapping[str, Category]) -> Document:
    """One revision of an article as a document."""
    revision = article.revision
    sections = split_sections(revision.body)
    said = [sections.get(name, "") for name in QUESTION_SECTIONS]
    names = [categories[code].name for code in revision.categories if code in categories]
    rest = [text for name, text in sections.items() if name not in QUESTION_SECTIONS]
    until = revision.valid_until.toordinal() if revision.valid_until else OPEN_END
    return Document(
        key=f"a|{article.id}|{revision.number}",
        title=revision.title,
        keywords="，".join((*revision.keywords, *names)),
        complaint="\n".join(filter(None, said)),
        steps="\n".join(revision.steps),
        resolution="\n".join((*rest, SECTIONS[article.section])),
        label=_only_class(revision.categories),
        valid_from=revision.valid_from.toordinal(),
        valid_until=until,
    )


def _only_class(codes: Sequence[str]) -> str:
    """The class an article is about: it speaks for a class only when it serves just that one."""
    return codes[0] if len(codes) == 1 and len(codes[0]) == CLASS_DIGITS else ""


def limit_document(limit: TimeLimit) -> Document:
    """One time limit as a document."""
    return Document(
        key=f"l|{limit.id}|{limit.revision}",
        title=f"{limit.subject} {describe_amount(limit)}",
        complaint=f"{limit.condition} {limit.region}",
        resolution=f"{limit.from_event} {limit.source} {limit.responsible_dept}",
    )


def ticket_document(ticket: Ticket | TicketText) -> Document:
    """One closed ticket as a document: what was said, and what was found and done."""
    return Document(
        key=f"t|{ticket.ticket_no}|",
        title=ticket.title,
        complaint=ticket.description,
        resolution="\n".join(filter(None, (ticket.root_cause, ticket.fix, ticket.resolution))),
        label=ticket.category,
    )


def split_sections(body: str) -> dict[str, str]:
    """Plain text under each second-level heading of a Markdown body; "" before the first."""
    parts: dict[str, str] = {}
    name, start = "", 0
    for heading in _HEADING.finditer(body):
        _keep(parts, name, body[start : heading.start()])
        name, start = heading["name"], heading.end()
    _keep(parts, name, body[start:])
    return parts


def _keep(parts: dict[str, str], name: str, text: str) -> None:
    plain = _MARKUP.sub(r"\1", text)
    lines: Iterable[str] = (line.strip() for line in plain.splitlines())
    joined = "\n".join(line for line in lines if line)
    if joined:
        parts[name] = joined

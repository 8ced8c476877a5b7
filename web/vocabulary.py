"""What the vocabulary's calls and forms take, and what is done with it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Annotated, Any

from flask import request
from pydantic import Field

from indexer.generation import UNUSABLE
from kb.errors import InvalidInput, VersionMissing
from kb.rewording import Proposal, propose, propose_rollback, publish
from kb.store import vocabulary as store
from kb.store.vocabulary import Signed
from kb.vocabulary import KINDS, MOST_ROWS, format_rows
from web.bodies import Body
from web.fields import Words
from web.impacts import impacts
from web.parsing import agent_name, read_version
from web.services import current

Rows = Annotated[list[Annotated[str, Field(max_length=500)]], Field(max_length=MOST_ROWS)]


class TablesBody(Body):
    """Tables, a row a line as in the handbook's files; what is left out stays as it is."""

    words: Rows | None = None
    synonyms: Rows | None = None
    ambiguous: Rows | None = None
    confusions: Rows | None = None
    never_mask: Rows | None = None


class VocabularyPreviewBody(Body):
    """POST /vocabulary/preview"""

    tables: TablesBody


class VocabularyBody(VocabularyPreviewBody):
    """PUT /vocabulary; ``despite``: why it is published although it makes answers worse."""

    reason: Words
    despite: Words = ""


class RollbackBody(Body):
    """POST /vocabulary/rollback"""

    version: Annotated[int, Field(ge=1, le=1_000_000)]
    reason: Words
    despite: Words = ""


def lines_of(body: TablesBody) -> dict[str, list[str]]:
    """The tables that were given."""
    return {kind: rows for kind, rows in body.model_dump().items() if rows is not None}


def form_lines() -> dict[str, list[str]]:
    """The tables of the page's form as typed; those the form did not send stay as they are."""
    sent = {kind: request.form.get(kind) for kind in KINDS}
    return {kind: text.splitlines() for kind, text in sent.items() if text is not None}


def form_base() -> int:
    """The version the form started from; raise InvalidInput."""
    given = request.form.get("base", "")
    if not (given.isascii() and given.isdigit() and len(given) < 8):
        raise InvalidInput("应为版本号", field="base")
    return int(given)


def read_base() -> int:
    """The version a call is based on: ``If-Match: "v3"``; raise VersionMissing."""
    base = read_version()
    if base is None:
        raise VersionMissing(field="If-Match")
    return base


def proposed(lines: dict[str, list[str]], *, base: int) -> Proposal:
    """The tables as they would be; raise what ``kb.rewording.propose`` raises."""
    return propose(current().database, lines, base=base)


def save(proposal: Proposal, *, reason: str, despite: str, restored: int | None = None) -> int:
    """Put a proposal in force once what it changes is measured; return the version."""
    if not proposal.changed:
        raise InvalidInput("词表没有变化", field="tables")
    foreseen = impacts().of_vocabulary(proposal, with_recent=False).foreseen
    return publish(
        current().database,
        proposal,
        Signed(agent_name(), reason, restored),
        now=current().clock(),
        foreseen=foreseen,
        despite=despite,
    )


def roll_back(version: int, *, reason: str, despite: str) -> int:
    """Put the tables of an old version in force as a new one."""
    proposal = propose_rollback(current().database, version)
    return save(proposal, reason=reason, despite=despite, restored=version)


def current_texts() -> tuple[int, dict[str, list[str]]]:
    """The version in force and its tables, a row a line."""
    connection = current().database.connection
    number = store.newest_number(connection)
    tables = store.read_tables(connection, number)
    return number, {kind: format_rows(kind, tables[kind]) for kind in KINDS}


def vocabulary_json() -> dict[str, Any]:
    """The vocabulary in force as JSON."""
    number, texts = current_texts()
    return {"version": number, "tables": texts, **asdict(how_far())}


@dataclass(frozen=True)
class HowFar:
    """How far the vocabulary serves. ``in_force``: articles and queries are cut by it;
    ``indexed``: so is every ticket; ``left``: tickets that are not yet."""

    in_force: bool
    indexed: bool
    left: int


def how_far() -> HowFar:
    """How far the vocabulary in force serves now."""
    try:
        opened = current().engine.opened()
    except UNUSABLE:
        return HowFar(in_force=False, indexed=False, left=0)
    language = opened.language
    return HowFar(
        in_force=language.version == language.cut,
        indexed=language.version == language.base,
        left=opened.snapshot.state.left,
    )

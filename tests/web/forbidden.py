"""A desk with an article and tickets that bound accounts must not see, made by the product's own
parts: published, asked for, linked, closed, repeated, looked for in vain, under review.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from indexer.sync import sync_index
from kb.account import Role
from kb.desk import Closing
from kb.linking import Target
from kb.practice.path import PathItem
from kb.store import accounts, handbook, practice_path, shelf
from kb.store.editing import set_successor
from kb.store.practice_drills import Drill, add_drill
from kb.store.practice_path import Certificate
from kb.store.queue import enqueue
from kb.store.rows import insert, row_values
from kb.times import format_instant
from tests.conftest import START
from tests.kb.small import make_ticket
from tests.web.people import add_person, client_of
from web.app import create_app
from web.services import Services

ROLES = (Role.AGENT, Role.LEARNER, Role.EDITOR, Role.REVIEWER, Role.SUPERVISOR)
OPEN_CHAPTERS = tuple(range(1, 8))
HIDDEN_CHAPTER, HIDDEN_REGION, OPEN_REGION = 8, "广东", "河南"
ASKED = "缥缈令牌"
"""Stands in all that is hidden; anybody may ask for it, and it is echoed."""
LATIN = "zorvexin"
NEAR_LATIN = "zorvexim"
ARTICLE, DRAFT, LIMIT, NEIGHBOUR = "P889901", "S889902", "TL889903", "S889904"
CHAPTER_SECRETS = ("玉玺回执", "琥珀手续", LATIN, ARTICLE, DRAFT, LIMIT)
REGION_SECRETS = ("凤凰电塔", "麒麟补偿", "TS20991")
NOTHING = '{"said": []}'
WORDS = "客户说缥缈令牌失灵,要求赔偿缥缈令牌的费用,宽带也断网了"


@dataclass(frozen=True)
class World:
    """The desk and who works at it: clients by role and what they are bound to."""

    app: Flask
    services: Services
    clients: Mapping[tuple[str, str], FlaskClient]
    ticket: str
    hidden_ticket: str
    hidden_open: str
    hidden_session: str

    def client(self, role: str, bound: str = "") -> Any:
        """Somebody of this role, bound by "chapter", by "region" or not at all."""
        return self.clients[role, bound]


def hire(app: Flask, services: Services) -> dict[tuple[str, str], FlaskClient]:
    """Somebody of each role and bounds, signed in."""
    found: dict[tuple[str, str], FlaskClient] = {}
    for role in (*ROLES, Role.AUDITOR):
        for bound in ("", "chapter", "region"):
            account = add_person(services.database, f"{role}{bound}", role, now=START)
            changed = replace(
                account,
                chapters=OPEN_CHAPTERS if bound == "chapter" else (),
                regions=(OPEN_REGION,) if bound == "region" else (),
            )
            with services.database.transaction() as connection:
                accounts.save_account(connection, changed)
            found[role, bound] = client_of(app, services.database, changed, now=START)
    return found


def add_articles(services: Services) -> None:
    """Put the hidden article on the desk with all that hangs on it, and take it into the index."""
    _add_handbook(services)
    _add_marks(services)
    sync_index(services.settings, services.database)


def add_tickets(services: Services, asker: FlaskClient) -> tuple[str, str, str]:
    """Put the hidden tickets on the desk: a closed and an open one; and a session of the first."""
    hidden = _take_in(
        services,
        "TS20991101000001",
        f"{HIDDEN_REGION}省广州市",
        title=f"{ASKED}凤凰电塔",
        description=f"{ASKED}凤凰电塔旁断网，光猫红灯",
    )
    asked = asker.post("/api/v1/suggestions", json={"text": WORDS, "ticket_no": hidden}).json
    assert asked is not None
    first = next(item for item in asked["procedures"] if item["target_id"] == ARTICLE)
    services.desk.close(
        hidden,
        Closing(
            f"{ASKED}旁更换后测速正常，按麒麟补偿办理，客户认可，宽带已通。",
            fix="麒麟补偿",
            solution=Target(impression_id=first["impression_id"]),
        ),
        agent="别人",
        now=START,
    )
    still_open = _take_in(
        services, "TS20991101000002", HIDDEN_REGION, description=f"{ASKED}凤凰电塔又断网"
    )
    asker.post("/api/v1/suggestions", json={"text": f"{ASKED}凤凰电塔", "region": HIDDEN_REGION})
    asker.get("/api/v1/search", query_string={"q": "凤凰电塔查无", "region": HIDDEN_REGION})
    with services.database.transaction() as connection:
        connection.execute(
            "UPDATE ticket_outcome SET state = 'stayed_closed', settled_at = closed_at"
            " WHERE ticket_no = ?",
            (hidden,),
        )
        for name in _names():
            at = format_instant(START)
            given = Drill(f"d{name}", name, hidden, 0, "060101", "", at, at, NOTHING, "[]", 0.5)
            add_drill(connection, given)
    sync_index(services.settings, services.database)
    return hidden, still_open, str(asked["session_id"])


def add_open_ticket(services: Services, asker: FlaskClient, hidden: str) -> str:
    """A ticket everybody may see, tied to what is hidden."""
    ticket = services.desk.create(
        make_ticket(
            region=OPEN_REGION,
            accepted_at=format_instant(START),
            repeat_of=hidden,
            is_repeat=True,
        ),
        agent="别人",
        now=START,
    )
    asker.post("/api/v1/suggestions", json={"text": WORDS, "ticket_no": ticket.ticket_no})
    target = Target(target_type="procedure", target_id=ARTICLE)
    services.desk.link(ticket.ticket_no, target, "reference", agent="别人", now=START)
    return ticket.ticket_no


def _take_in(services: Services, number: str, region: str, **texts: str) -> str:
    made = make_ticket(ticket_no=number, region=region, accepted_at=format_instant(START), **texts)
    return services.desk.create(made, number="13800000001", agent="别人", now=START).ticket_no


def _names() -> list[str]:
    return [f"{role}{bound}" for role in ROLES for bound in ("", "chapter", "region")]


def _add_handbook(services: Services) -> None:
    with services.database.transaction() as connection:
        model = handbook.read_article(connection, "P060101")
        limit = next(iter(handbook.read_limits(connection).values()))
        values = row_values(
            replace(limit, id=LIMIT, subject="琥珀手续", categories=("060101",), region="",
                    condition="玉玺回执", area="", priority="")
        )  # fmt: skip
        insert(connection, "time_limit", values)
        handbook.touch_reference(connection)
        enqueue(connection, "time_limit", LIMIT, now=START)
        revision = replace(
            model.revision,
            title=f"{ASKED}的玉玺回执",
            keywords=(ASKED, LATIN),
            steps=(f"先验{ASKED}，再发玉玺回执。", "查断网的光猫红灯。"),
            body=f"## 一句话\n{ASKED}失灵就办琥珀手续，{LATIN}。宽带断网也看这里。\n",
            categories=("060101",),
            time_limits=(LIMIT,),
            review_by=START.date() + timedelta(days=3),
            status="published",
        )
        article = replace(
            model, id=ARTICLE, chapter=8, section="8.1", slug="jade", revision=revision
        )
        handbook.save_article(connection, article, author="test", reason="", now=START)
        draft = replace(article, id=DRAFT, slug="jade-two", revision=replace(
            revision, article_id=DRAFT, status="in_review", author="别人"))  # fmt: skip
        handbook.add_revision(connection, draft, now=START)
        gone = replace(model, id=NEIGHBOUR, section="4.1", slug="gone", revision=replace(
            model.revision, title="旧条目", valid_until=date(2026, 2, 1),
            valid_from=date(2026, 1, 1), time_limits=()))  # fmt: skip
        handbook.save_article(connection, gone, author="test", reason="", now=START)
        set_successor(connection, NEIGHBOUR, ARTICLE)
        insert(connection, "glossary",
               {"term": ASKED, "definition": "一种令牌", "article": ARTICLE})  # fmt: skip


def _add_marks(services: Services) -> None:
    """What people keep of the hidden article from before they were bound."""
    with services.database.transaction() as connection:
        connection.execute(
            "INSERT INTO review_task (target_type, target_id, target_version, category,"
            " compared_with, title, owner, came_back, settled, others_came_back, others_settled,"
            " chance, adjusted, evidence_until, opened_at) VALUES ('procedure', ?, '1', '060101',"
            " '060101', ?, '', 9, 10, 1, 10, 0.01, 0.02, '', ?)",
            (ARTICLE, f"{ASKED}的玉玺回执", format_instant(START)),
        )
        for name in _names():
            shelf.set_favourite(connection, name, ARTICLE, wanted=True, now=START)
            shelf.note_read(connection, name, ARTICLE, now=START)
            given = Certificate(name, HIDDEN_CHAPTER, format_instant(START), 0.8, 0.9, 9)
            practice_path.add_certificate(connection, given)
        known = practice_path.read_path(connection)
        items = known.items if known else (PathItem(1, "article", "P060101"),)
        more = (PathItem(1, "article", ARTICLE), PathItem(1, "cards", ARTICLE))
        practice_path.add_path(connection, (*items, *more), agent="别人", now=START)


def make_world(
    services: Services, look: Callable[[Mapping[tuple[str, str], FlaskClient]], None]
) -> World:
    """The whole of it. ``look`` is called before anything hidden is there, with the articles, and
    with the tickets."""
    app = create_app(services)
    clients = hire(app, services)
    asker = clients[Role.AGENT, ""]
    with services.database.transaction() as connection:
        practice_path.add_path(
            connection, [PathItem(1, "article", "P060101")], agent="别人", now=START
        )
    look(clients)
    add_articles(services)
    look(clients)
    hidden, still_open, session = add_tickets(services, asker)
    look(clients)
    ticket = add_open_ticket(services, asker, hidden)
    return World(app, services, clients, ticket, hidden, still_open, session)

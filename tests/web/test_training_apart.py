"""What is asked while learning is recorded as such, and no figure of the work counts it."""

from __future__ import annotations

from datetime import timedelta

from flask.testing import FlaskClient

from kb.dictionary import FILES
from kb.reports import building
from kb.reports.measures import Filters
from kb.store.exports import read_export
from kb.store.gaps import read_evidence
from kb.store.ranker import read_choices
from kb.store.reports import read_first_days
from kb.store.searches import read_history
from kb.times import format_instant
from web.services import Services

NOTHING = "qzxwvkjh"
WHO = {"X-Agent": "novice"}


def figures(services: Services) -> dict[str, object]:
    """Every figure of the work there is."""
    connection, now = services.database.connection, services.clock()
    filters = Filters(samples=True)
    by = [building.build_outcomes(connection, filters, by=each, now=now)
          for each in ("", "tenure", "category", "department")]  # fmt: skip
    return {
        "outcomes": by,
        "searches": building.build_searches(connection, filters),
        "articles": building.build_articles(connection, filters),
        "gaps": read_evidence(connection, filters, now=format_instant(now)),
        "learn": read_choices(connection, repeat_days=30, now=now + timedelta(days=60)),
        "tenure": read_first_days(connection),
        "history": read_history(connection, "novice", most=10),
    }


def practise(client: FlaskClient) -> None:
    """Search, find nothing, ask for suggestions, look at them, click."""
    for words in ("红灯", NOTHING, "光猫红灯"):
        page = client.get("/search", query_string={"q": words, "training": "1"}, headers=WHO)
        assert "这是练习" in page.text
        assert "提交缺口" not in page.text
    for text in ("家里网断了,盒子上那个红灯一直亮", NOTHING):
        answer = client.post(
            "/api/v1/suggestions", json={"text": text, "is_training": True}, headers=WHO
        ).json
        assert answer is not None
        for item in answer["procedures"][:2]:
            client.post(
                f"/api/v1/impressions/{item['impression_id']}/events",
                json={"action": "answer_copied"},
                headers=WHO,
            )
        assert (
            client.post(
                f"/api/v1/suggestions/{answer['session_id']}/decisions",
                json={"decision": "gap"},
                headers=WHO,
            ).status_code
            == 201
        )


def test_practice_changes_no_figure_of_the_work(client: FlaskClient, services: Services) -> None:
    before = figures(services)
    practise(client)
    assert figures(services) == before


def test_the_same_done_at_work_would_change_them(client: FlaskClient, services: Services) -> None:
    """Without this the test above could not fail."""
    before = figures(services)
    client.get("/search", query_string={"q": "红灯"}, headers=WHO)
    client.get("/search", query_string={"q": NOTHING}, headers=WHO)
    after = figures(services)
    changed = {name for name in before if before[name] != after[name]}
    assert {"searches", "gaps", "tenure", "history"} <= changed


def test_exports_say_what_was_practice(client: FlaskClient, services: Services) -> None:
    practise(client)
    now = services.clock()
    since, until = format_instant(now), format_instant(now + timedelta(seconds=1))
    for name in ("sessions", "searches"):
        file = next(each for each in FILES if each.name == name)
        rows = [dict(zip(file.names, row, strict=True)) for row in read_export(
            services.database.connection, file, since=since, until=until)]  # fmt: skip
        mine = [row for row in rows if row["agent"] == "novice"]
        assert any(row["is_training"] for row in mine)


def test_a_practice_session_is_never_of_a_ticket(client: FlaskClient, ticket_no: str) -> None:
    body = {"text": "网断了", "is_training": True, "ticket_no": ticket_no}
    answer = client.post("/api/v1/suggestions", json=body, headers=WHO)
    assert answer.status_code == 422

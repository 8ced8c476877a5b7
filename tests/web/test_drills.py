"""Drills by forms alone, and as JSON: never one's own case, never personal data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient

from kb.desk import Closing
from kb.linking import Target
from kb.masking import find_personal_data
from kb.practice.drilling import open_drill, read_sheet
from kb.returning import settle_quiet
from kb.store import practice_drills as store
from kb.store.handbook import read_vocabulary
from kb.ticket import Ticket
from kb.times import format_instant
from tests.conftest import START, Clock
from web.parsing import AGENT_COOKIE
from web.services import Services

CLASS = "060101"
LATER = {"days": 40}


def be(client: FlaskClient, name: str) -> None:
    client.set_cookie(AGENT_COOKIE, quote(name))


@pytest.fixture(scope="module")
def real(services: Services) -> str:
    """A real ticket of 老张, closed with an article and quiet since; its words name a number."""
    clock = services.clock
    assert isinstance(clock, Clock)
    ticket = Ticket(
        "", format_instant(clock.now), region="河南", area="urban", category=CLASS,
        description="我叫王建国,电话13912345678,家里光猫红灯一直亮",
    )  # fmt: skip
    made = services.desk.create(ticket, number="13912345678", agent="老张", now=clock.now)
    services.desk.close(
        made.ticket_no,
        Closing("更换尾纤后恢复", solution=Target(target_type="article", target_id="P060102")),
        agent="老张",
        now=clock.advance(hours=3),
    )
    clock.advance(**LATER)
    with services.database.transaction() as connection:
        settle_quiet(connection, repeat_days=30, most=10, now=clock.now)
    return made.ticket_no


def start(send: Callable[..., Any], category: str = CLASS) -> str:
    answer = send("/learn/drill", {"category": category}, page="/learn")
    assert answer.status_code == 303
    return str(answer.headers["Location"])


def test_a_real_case_comes_first_but_never_to_the_one_who_had_it(
    services: Services, real: str
) -> None:
    connection, now = services.database.connection, services.clock()
    case = store.find_case(connection, "新人", CLASS)
    assert case is not None
    assert case.ticket_no == real
    own = store.find_case(connection, "老张", CLASS)
    assert own is not None
    assert own.ticket_no != real
    assert not store.is_eligible(connection, "老张", real)
    drill = open_drill(services.database, category=CLASS, agent="接手人", now=now)
    assert drill.ticket_no == real
    with services.database.transaction():
        connection.execute("UPDATE ticket SET assignee = '接手人' WHERE ticket_no = ?", (real,))
    again = open_drill(services.database, agent="接手人", now=now)
    assert again.ticket_no != real
    with services.database.transaction():
        connection.execute("UPDATE ticket SET assignee = '' WHERE ticket_no = ?", (real,))


def test_nothing_that_is_not_settled_or_that_nothing_fitted_is_a_case(services: Services) -> None:
    now = services.clock()
    for number, closing in enumerate([Closing("好了", none_fit=True), None]):
        ticket = Ticket("", format_instant(now), category="060102", description=f"断网{number}")
        made = services.desk.create(ticket, agent="老李", now=now)
        if closing:
            services.desk.close(made.ticket_no, closing, agent="老李", now=now)
        assert not store.is_eligible(services.database.connection, "新人", made.ticket_no)


def test_what_closed_it_is_the_truth_and_the_article_opens_at_it(
    client: FlaskClient, services: Services, real: str, send: Callable[..., Any]
) -> None:
    be(client, "小周")
    url = start(send)
    page = client.get(url).text
    assert "真实工单（已打码）" in page
    assert real not in page
    drill = store.find_open(services.database.connection, "小周")
    assert drill is not None
    sheet = read_sheet(services.database.connection, drill, now=services.clock())
    assert sheet.truth.is_linked
    assert sheet.truth.articles[0] == "P060102"
    first = sheet.truth.strictest
    assert first is not None
    assert first.due_at is not None
    right = {
        "category": f"{CLASS} LOS",
        "article": "P060102 任意",
        "limit": first.limit.id,
        "due_at": f"{first.due_at:%Y-%m-%dT%H:%M}",
        "dept": sheet.truth.dept,
        "own_words": "您好，我的号码13812345678，马上办",
    }
    fields = {**right, "said": [str(n) for n, line in enumerate(sheet.lines) if line.allowed]}
    answer = send(url, fields, page=url)
    assert answer.status_code == 303
    result = client.get(answer.headers["Location"]).text
    assert "100 分" in result
    assert "这样办结，没有再来" in result
    assert "办结时记为解决的" in result
    assert "不要承诺" in result
    assert f'/articles/P060102#{quote("part-话术")}"' in result
    assert "更换尾纤后恢复" in result
    assert "13812345678" not in result
    again = send(url, {"category": "010101"}, page=url)
    assert again.status_code == 303
    assert "100 分" in client.get(url).text


def test_a_case_that_came_back_tells_what_went_wrong(
    client: FlaskClient, services: Services, send: Callable[..., Any]
) -> None:
    be(client, "小吴")
    row = services.database.connection.execute(
        "SELECT ticket.ticket_no, category FROM ticket JOIN ticket_outcome USING (ticket_no)"
        " WHERE state = 'came_back' AND is_sample = 1 ORDER BY 1 LIMIT 1"
    ).fetchone()
    url = ""
    for _ in range(12):
        url = start(send, row["category"])
        drill = store.find_open(services.database.connection, "小吴")
        assert drill is not None
        send(url, {}, page=url)
        if drill.ticket_no == row["ticket_no"]:
            break
    page = client.get(url).text
    assert "错在哪里" in page
    assert "同类里站得住的处理" in page
    assert "样例（编写的）" in page


def test_no_page_of_a_drill_holds_personal_data(
    client: FlaskClient, services: Services, real: str, send: Callable[..., Any]
) -> None:
    """N8: over the real case, and a case of every eighth class, before and after the answer."""
    be(client, "小郑")
    connection = services.database.connection
    never = tuple(read_vocabulary(connection, "never_mask") or ())
    for category in [CLASS, *store.read_pool_classes(connection, "小郑")[::8]]:
        url = start(send, category)
        pages = [client.get(url).text]
        send(url, {"category": "060101"}, page=url)
        pages.append(client.get(url).text)
        for page in pages:
            assert "王建国" not in page
            body = page.split("<main", 1)[1]
            assert find_personal_data(body, never=never) == []


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"category": "没有这一类"}, "category"),
        ({"article": "P999999"}, "article"),
        ({"due_at": "昨天"}, "due_at"),
        ({"said": "19"}, "said"),
        ({"x": "1"}, "不认识这一项"),
        ({"own_words": "长" * 3000}, "own_words"),
    ],
)
def test_a_bad_answer_is_refused_by_name_and_keeps_what_was_chosen(
    client: FlaskClient, send: Callable[..., Any], fields: dict[str, str], words: str
) -> None:
    be(client, "小孙")
    url = start(send)
    answer = send(url, {"dept": "财务部", **fields}, page=url)
    assert answer.status_code == 422
    assert words in answer.text
    assert "<option selected>财务部" in answer.text


def test_a_drill_belongs_to_its_learner(client: FlaskClient, send: Callable[..., Any]) -> None:
    be(client, "小钱")
    url = start(send)
    be(client, "小冯")
    assert client.get(url).status_code == 404
    assert client.get("/learn/drill/none").status_code == 404
    assert send("/learn/drill", {"category": "999999"}, page="/learn").status_code == 404


def test_drills_leave_tickets_as_they_are(
    client: FlaskClient, services: Services, send: Callable[..., Any]
) -> None:
    """7.6: not a ticket, event, link or outcome is written."""
    tables = ("ticket", "ticket_event", "ticket_knowledge_link", "ticket_outcome",
              "suggestion_session", "impression", "search_record")  # fmt: skip

    def count() -> list[int]:
        connection = services.database.connection
        return [connection.execute(f"SELECT count(*) FROM {each}").fetchone()[0] for each in tables]

    before = count()
    be(client, "小陈")
    url = start(send)
    send(url, {"category": CLASS}, page=url)
    client.get(url)
    assert count() == before
    assert services.clock() > START

"""A repeat complaint over HTTP and on the page: flagged without a click, with the last promise."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.conftest import START
from web.services import Services

OUTAGE = "家里宽带断了，光猫上面红灯一直闪"
AGAIN = "光猫还是红灯，说好上门的师傅到现在没来"
_numbers = itertools.count(13700000000)


@pytest.fixture
def number() -> str:
    """A number no other test uses."""
    return str(next(_numbers))


def post(client: FlaskClient, path: str, body: dict[str, Any], *, status: int = 200) -> Any:
    answer = client.post(f"/api/v1{path}", json=body)
    assert answer.status_code == status, answer.text
    return answer.json


@pytest.fixture
def earlier(client: FlaskClient, number: str) -> str:
    """A closed ticket of the number, taken in eight days ago, with a promise that is overdue."""
    accepted = "2026-11-12T10:00:00+08:00"
    body = {"description": OUTAGE, "category": "060101", "service_number": number}
    ticket_no = str(
        post(client, "/tickets", {**body, "accepted_at": accepted}, status=201)["ticket_no"]
    )
    closing = {"resolution": "远程重启光猫，承诺11月20日上午9点前上门", "none_fit": True}
    clock = _clock_of(client)
    now, clock.now = clock.now, START.replace(day=13)
    post(client, f"/tickets/{ticket_no}/close", closing)
    clock.now = now
    return ticket_no


def _clock_of(client: FlaskClient) -> Any:
    services: Services = client.application.extensions["services"]
    return services.clock


def test_a_suggestion_flags_the_repeat_of_a_bare_number(
    client: FlaskClient, earlier: str, number: str
) -> None:
    found = post(client, "/suggestions", {"text": AGAIN, "service_number": f"+86 {number}"})
    repeat = found["repeat"]
    assert repeat["ticket_no"] == earlier
    assert repeat["status"] == "closed"
    assert repeat["category"] == "060101"
    assert 0.3 < repeat["probability"] <= 1
    assert repeat["count_in_window"] == 1
    assert repeat["promise"] == {
        "text": "承诺11月20日上午9点前上门",
        "said_at": "2026-11-13T10:00:00+08:00",
        "due_at": "2026-11-20T09:00:00+08:00",
        "overdue": True,
    }


def test_without_a_number_or_of_another_matter_there_is_no_repeat(
    client: FlaskClient, earlier: str, number: str
) -> None:
    assert post(client, "/suggestions", {"text": AGAIN})["repeat"] is None
    other = {"text": "我想问一下去泰国漫游怎么开通", "service_number": number}
    assert post(client, "/suggestions", other)["repeat"] is None


@pytest.mark.parametrize("wrong", ["138****5678", "12345", "我的号码", "1381234567890123456"])
def test_what_is_no_whole_number_is_refused_without_being_repeated(
    client: FlaskClient, wrong: str
) -> None:
    answer = client.post("/api/v1/suggestions", json={"text": AGAIN, "service_number": wrong})
    assert answer.status_code == 422
    assert answer.json is not None
    assert answer.json["errors"][0]["pointer"] == "/service_number"
    assert "完整号码" in answer.text
    assert wrong not in answer.text


def test_the_number_is_kept_nowhere(
    client: FlaskClient, services: Services, number: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO"):
        found = post(client, "/suggestions", {"text": AGAIN, "service_number": number})
    assert number not in caplog.text
    assert number not in client.get(f"/api/v1/suggestions/{found['session_id']}").text
    assert number not in "\n".join(services.database.connection.iterdump())


def test_a_ticket_is_tied_to_what_it_repeats_by_the_same_decision(
    client: FlaskClient, earlier: str, number: str
) -> None:
    body = {"description": AGAIN, "service_number": number}
    created = post(client, "/tickets", body, status=201)
    assert (created["is_repeat"], created["repeat_of"]) == (True, earlier)
    told = client.get(f"/api/v1/tickets/{created['ticket_no']}").json
    assert told is not None
    assert (told["is_repeat"], told["repeat_of"]) == (True, earlier)
    found = post(client, "/suggestions", {"text": AGAIN, "ticket_no": created["ticket_no"]})
    assert found["repeat"]["ticket_no"] == earlier
    thanks = {"description": "网修好了，谢谢师傅", "service_number": number}
    assert not post(client, "/tickets", thanks, status=201)["is_repeat"]


def test_the_desk_shows_the_repeat_without_script_and_in_the_fragment(
    send: Callable[..., Any], earlier: str, number: str
) -> None:
    fields = {"description": AGAIN, "number": number}
    for page in (send("/", fields).text, send("/desk/fragment", fields).text):
        assert "重复投诉：8 天前投诉过同一件事" in page
        assert f'href="/tickets/{earlier}"' in page
        assert "上次答复：远程重启光猫" in page
        assert "承诺：11月20日上午9点前上门" in page
        assert "2026-11-20 周五 09:00" in page
        assert "已超 1 小时 0 分" in page
        assert page.index("重复投诉") < page.index("识别分类")


def test_a_number_still_being_typed_stops_nothing(send: Callable[..., Any]) -> None:
    answer = send("/desk/fragment", {"description": AGAIN, "number": "1371"})
    assert answer.status_code == 200
    assert "重复投诉" not in answer.text
    assert "规程" in answer.text


def test_an_open_ticket_shows_what_it_repeats_before_anything_is_asked(
    client: FlaskClient, earlier: str, number: str
) -> None:
    body = {"description": AGAIN, "service_number": number}
    created = post(client, "/tickets", body, status=201)
    page = client.get(f"/tickets/{created['ticket_no']}").text
    assert "重复投诉：8 天前投诉过同一件事" in page
    assert "已超" in page


def test_without_a_written_promise_the_time_limit_of_the_ticket_is_shown(
    client: FlaskClient, send: Callable[..., Any], number: str
) -> None:
    body = {
        "description": OUTAGE,
        "category": "060101",
        "service_number": number,
        "accepted_at": "2026-11-17T10:00:00+08:00",
    }
    open_ticket = post(client, "/tickets", body, status=201)
    page = send("/", {"description": AGAIN, "number": number}).text
    assert open_ticket["due_at"] is not None
    assert "办理时限" in page
    assert "承诺：" not in page

"""The pages without JavaScript: every step of the agent's work is a plain form."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from web.services import Services

COMPLAINT = "家里网断了,盒子上那个红灯一直亮"
Send = Callable[..., Any]


def mark_of(page: str, usage: str, place: int = 0) -> str:
    return str(re.findall(rf'name="mark" value="({usage}:[0-9a-f]+)"', page)[place])


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found
    return str(found[1])


def opened(client: FlaskClient, ticket_no: str) -> dict[str, Any]:
    found = client.get(f"/api/v1/tickets/{ticket_no}").json
    assert found is not None
    return dict(found)


def test_the_desk_starts_with_the_box_focused(client: FlaskClient) -> None:
    page = client.get("/").text
    assert re.search(r'<textarea id="q"[^>]* autofocus', page)
    assert '<html lang="zh-CN">' in page


def test_a_complaint_gets_three_columns(send: Send) -> None:
    page = send("/", {"description": COMPLAINT}).text
    for head in ("规程", "时限", "过往处理", "识别分类"):
        assert head in page
    assert "宽带完全中断" in page
    assert "把握高" in page
    assert "<mark>" in page
    assert "到期" in page
    assert 'href="/articles/P060101#step-' in page


def test_the_page_has_no_inline_style_or_script(send: Send, ticket_no: str) -> None:
    pages = [send("/", {"description": COMPLAINT}).text]
    pages += [send(f"/tickets/{ticket_no}/suggest", {"description": COMPLAINT}).text]
    for page in pages:
        assert " style=" not in page
        assert not re.search(r"<script(?![^>]*src=)", page)
        assert not re.search(r"\son\w+=", page)


def test_an_empty_complaint_is_refused_and_an_overlong_one_is_not_lost(send: Send) -> None:
    empty = send("/", {"description": "  "})
    assert empty.status_code == 422
    assert 'role="alert"' in empty.text
    overlong = send("/", {"description": "红" * 20_001, "region": "河南"})
    assert overlong.status_code == 422
    assert "红" * 20_001 in overlong.text
    assert 'value="河南"' in overlong.text


def test_what_the_customer_says_is_never_markup(send: Send) -> None:
    page = send("/", {"description": "<script>alert(1)</script>网断了红灯亮"}).text
    assert "<script>alert" not in page


def test_abstention_is_said_and_the_nearest_classes_are_shown(send: Send) -> None:
    page = send("/", {"description": "今天天气不错啊"}).text
    assert "没有足够把握的建议" in page
    assert "最接近的分类" in page
    assert hidden(page, "guessed_category") == ""


def test_a_class_can_be_chosen_by_its_button(send: Send) -> None:
    page = send("/", {"description": "今天天气不错啊", "use_category": "060101"}).text
    assert '<option value="060101" selected>' in page
    assert "/articles/P060101" in page


def test_the_page_records_what_it_showed(client: FlaskClient, send: Send) -> None:
    page = send("/", {"description": COMPLAINT}).text
    recorded = client.get(f"/api/v1/suggestions/{hidden(page, 'session_id')}").json
    assert recorded is not None
    shown = [each for each in recorded["impressions"] if each["displayed_at"]]
    assert shown
    folded = [each for each in recorded["impressions"] if not each["displayed_at"]]
    assert {each["target_type"] for each in folded} <= {"time_limit"}


def test_from_complaint_to_closing_and_back_without_a_script(
    client: FlaskClient, send: Send
) -> None:
    desk = send("/", {"description": COMPLAINT, "area": "urban"}).text
    kept = {
        "description": COMPLAINT,
        "area": "urban",
        "session_id": hidden(desk, "session_id"),
        "guessed_category": hidden(desk, "guessed_category"),
        "number": "13812345678",
    }
    made = send("/tickets", {**kept, "mark": mark_of(desk, "reference")})
    assert made.status_code == 303
    place = made.headers["Location"].split("#")[0]
    ticket_no = place.rsplit("/", 1)[1]
    page = client.get(place).text
    assert "✓ 已参考" in page
    assert "宽带完全中断" in page
    assert "13812345678" not in page
    solved = mark_of(page, "solution", -1)
    marked = send(place, {"mark": solved, "resolution": "换了尾纤"})
    assert marked.status_code == 303
    page = client.get(place).text
    assert "✓ 已选为解决办法" in page
    assert "换了尾纤</textarea>" in page
    closing = {"solution": solved.split(":")[1], "resolution": "换了尾纤", "satisfaction": "9"}
    assert send(f"{place}/close", closing).status_code == 303
    page = client.get(place).text
    for word in ("待回访", "9 分", "未定", "回访", "重开"):
        assert word in page
    assert send(f"{place}/callback", {"satisfied": "yes"}).status_code == 303
    assert send(f"{place}/reopen", {"reason": "又断了"}).status_code == 303
    page = client.get(place).text
    assert "重开 1 次" in page
    assert "待受理" in page
    assert [each["state"] for each in opened(client, ticket_no)["outcomes"]] == ["came_back"]


def test_a_closing_without_a_decision_keeps_what_was_typed(
    client: FlaskClient, send: Send, ticket_no: str
) -> None:
    answer = send(f"/tickets/{ticket_no}/close", {"resolution": "换了尾纤", "satisfaction": "7"})
    assert answer.status_code == 422
    assert "都不适用" in answer.text
    assert "换了尾纤</textarea>" in answer.text
    assert '<option value="7" selected>' in answer.text
    assert opened(client, ticket_no)["status"] == "open"


def test_a_ticket_is_closed_as_none_fits_even_after_a_mark(
    client: FlaskClient, send: Send, ticket_no: str
) -> None:
    place = f"/tickets/{ticket_no}"
    send(f"{place}/suggest", {"description": COMPLAINT})
    page = client.get(place).text
    send(place, {"mark": mark_of(page, "solution")})
    done = send(f"{place}/close", {"resolution": "自己好了", "solution": "none"})
    assert done.status_code == 303
    ticket = opened(client, ticket_no)
    assert ticket["none_fit"]
    assert [link["knowledge_usage"] for link in ticket["links"]] == []


def test_the_last_solution_marked_counts(client: FlaskClient, send: Send, ticket_no: str) -> None:
    place = f"/tickets/{ticket_no}"
    send(f"{place}/suggest", {"description": COMPLAINT})
    page = client.get(place).text
    first, second = mark_of(page, "solution", 0), mark_of(page, "solution", 1)
    assert send(place, {"mark": first}).status_code == 303
    assert send(place, {"mark": second}).status_code == 303
    (link,) = opened(client, ticket_no)["links"]
    assert link["impression_id"] == second.split(":")[1]


def test_a_solution_chosen_in_the_list_is_kept_by_saving_and_by_taking_in(
    client: FlaskClient, send: Send, ticket_no: str
) -> None:
    place = f"/tickets/{ticket_no}"
    send(f"{place}/suggest", {"description": COMPLAINT})
    chosen = mark_of(client.get(place).text, "solution", 0).split(":")[1]
    assert send(place, {"solution": chosen, "resolution": "理顺重插"}).status_code == 303
    (link,) = opened(client, ticket_no)["links"]
    assert (link["knowledge_usage"], link["impression_id"]) == ("solution", chosen)
    assert send(place, {"solution": "none"}).status_code == 303
    assert opened(client, ticket_no)["links"] == []
    answer = client.post("/api/v1/suggestions", json={"text": COMPLAINT}).json
    assert answer is not None
    shown = answer["procedures"][0]["impression_id"]
    fields = {"description": COMPLAINT, "session_id": answer["session_id"], "solution": shown}
    made = send("/tickets", fields).headers["Location"].partition("#")[0].rsplit("/", 1)[1]
    assert [each["impression_id"] for each in opened(client, made)["links"]] == [shown]


def test_a_save_on_an_old_version_keeps_what_was_typed(
    client: FlaskClient, send: Send, ticket_no: str
) -> None:
    client.patch(f"/api/v1/tickets/{ticket_no}", json={"customer_demand": "先来的"})
    answer = send(f"/tickets/{ticket_no}", {"version": "1", "customer_demand": "后来的"})
    assert answer.status_code == 412
    assert "后来的</textarea>" in answer.text
    assert opened(client, ticket_no)["customer_demand"] == "先来的"


def test_a_tickets_suggestions_are_told_from_the_record_after_a_restart(
    services: Services, client: FlaskClient, send: Send, ticket_no: str
) -> None:
    from web.app import create_app

    send(f"/tickets/{ticket_no}/suggest", {"description": COMPLAINT})
    before = client.get(f"/tickets/{ticket_no}").text
    after = create_app(services).test_client().get(f"/tickets/{ticket_no}").text
    found = re.compile(r'data-impression="(\w+)"')
    assert found.findall(after) == found.findall(before)
    assert "到期" in after


def test_a_ticket_taken_in_without_suggestions_is_asked_for_once_when_opened(
    client: FlaskClient,
) -> None:
    taken = client.post(
        "/api/v1/tickets",
        json={"description": COMPLAINT, "accepted_at": "2026-03-02T09:00:00+08:00"},
    ).get_json()
    ticket_no = taken["ticket_no"]
    assert opened(client, ticket_no)["sessions"] == []
    page = client.get(f"/tickets/{ticket_no}").text
    assert "option-P060101" in page
    assert client.get(f"/tickets/{ticket_no}").text.count("option-P060101") >= 1
    (session,) = opened(client, ticket_no)["sessions"]
    assert any(item["displayed_at"] for item in session["impressions"])


def test_the_fragment_holds_only_the_results(send: Send, ticket_no: str) -> None:
    free = send("/desk/fragment", {"description": COMPLAINT}).text
    assert "<html" not in free
    assert 'id="results"' in free
    assert "option-P060101" in free
    bound = send("/desk/fragment", {"description": COMPLAINT, "ticket_no": ticket_no}).text
    assert 'id="clocks"' in bound
    assert "办结</span>" in bound


def test_an_encoder_that_is_gone_is_said(
    services: Services, tmp_path: Any, client: FlaskClient
) -> None:
    import shutil

    from kb.settings import read_settings
    from web.app import create_app
    from web.wsgi import build_services

    folder = tmp_path / "data"
    shutil.copytree(services.settings.data, folder, ignore=shutil.ignore_patterns("encoders"))
    poorer = build_services(read_settings({"KB_DATA": str(folder)}))
    other = create_app(poorer).test_client()
    token = hidden(other.get("/").text, "csrf_token")
    page = other.post("/", data={"csrf_token": token, "description": COMPLAINT}).text
    assert "仅按词检索" in page
    poorer.database.close()


def test_a_key_term_can_be_left_out_and_put_back(send: Send) -> None:
    page = send("/", {"description": COMPLAINT}).text
    assert 'name="without" value="红灯"' in page
    without = send("/", {"description": COMPLAINT, "without": "红灯"}).text
    assert 'type="hidden" form="desk" name="without" value="红灯"' in without
    assert 'name="put_back" value="红灯"' in without
    assert "<mark>红灯</mark>" not in without
    back = send("/", {"description": COMPLAINT, "without": "红灯", "put_back": "红灯"}).text
    assert 'name="put_back"' not in back
    assert "<mark>红灯</mark>" in back


def test_a_call_is_closed_in_one_go_with_record_and_references(
    client: FlaskClient, send: Send
) -> None:
    desk = send("/", {"description": COMPLAINT}).text
    first = mark_of(desk, "reference").split(":")[1]
    solution = mark_of(desk, "solution", 0).split(":")[1]
    fields = {
        "description": COMPLAINT,
        "session_id": hidden(desk, "session_id"),
        "guessed_category": hidden(desk, "guessed_category"),
        "customer_demand": "今天修好",
        "reference": first,
    }
    refused = send("/desk/close", {**fields, "solution": solution})
    assert refused.status_code == 422
    assert "今天修好</textarea>" in refused.text
    done = send("/desk/close", {**fields, "solution": solution, "resolution": "换了尾纤"})
    assert done.status_code == 303
    ticket = opened(client, done.headers["Location"].rsplit("/", 1)[1])
    assert ticket["status"] == "closed"
    assert ticket["customer_demand"] == "今天修好"
    assert ticket["category"] == "060101"
    used = {link["knowledge_usage"]: link["impression_id"] for link in ticket["links"]}
    assert used == {"reference": first, "solution": solution}


def test_a_refused_closing_leaves_no_ticket(client: FlaskClient, send: Send) -> None:
    before = client.get("/api/v1/tickets?limit=1").json
    refused = send("/desk/close", {"description": COMPLAINT, "resolution": "换了尾纤"})
    assert refused.status_code == 422
    assert "都不适用" in refused.text
    assert client.get("/api/v1/tickets?limit=1").json == before


def test_the_record_starts_with_the_demand_and_the_class(send: Send) -> None:
    page = send("/", {"description": f"{COMPLAINT}，要求赔偿"}).text
    assert "要求赔偿</textarea>" in page
    assert "宽带完全中断(LOS红灯)</textarea>" in page


def test_a_gap_is_reported_without_a_script(client: FlaskClient, send: Send) -> None:
    desk = send("/", {"description": "今天天气不错啊"}).text
    session = hidden(desk, "session_id")
    page = send("/desk/gap", {"description": "今天天气不错啊", "session_id": session})
    assert page.status_code == 200
    assert "已报缺口" in page.text
    assert "今天天气不错啊</textarea>" in page.text
    recorded = client.get(f"/api/v1/suggestions/{session}").json
    assert recorded is not None
    assert [each["decision"] for each in recorded["decisions"]] == ["gap"]


def test_an_escalation_needs_its_reason_and_is_shown(
    client: FlaskClient, send: Send, ticket_no: str
) -> None:
    place = f"/tickets/{ticket_no}/escalate"
    assert send(place, {"escalate_reason": " "}).status_code == 422
    assert send(place, {"escalate_reason": "客户要找班长"}).status_code == 303
    assert "已升级" in client.get(f"/tickets/{ticket_no}").text


def test_a_link_is_taken_back_and_put_back_on_the_tickets_page(
    client: FlaskClient, send: Send, ticket_no: str
) -> None:
    place = f"/tickets/{ticket_no}"
    page = send(f"{place}/suggest", {"description": COMPLAINT}).text
    page = client.get(place).text
    send(place, {"mark": mark_of(page, "solution")})
    link = re.findall(r'name="link" value="([^"]+)"', client.get(place).text)[0]
    assert send(f"{place}/unlink", {"link": link, "root_cause": "尾纤断"}).status_code == 303
    page = client.get(place).text
    assert "已取消关联" in page
    assert "尾纤断</textarea>" in page
    assert opened(client, ticket_no)["links"] == []
    assert send(f"{place}/relink", {}).status_code == 303
    assert [each["knowledge_usage"] for each in opened(client, ticket_no)["links"]] == ["solution"]
    assert "已取消关联" not in client.get(place).text


@pytest.mark.parametrize(
    ("step", "fields", "status", "words"),
    [
        ("unlink", {"link": "solution:procedure:P060101"}, 404, "P060101"),
        ("unlink", {"link": "solution"}, 422, "没有指明是哪一条"),
        ("unlink", {}, 422, "没有指明是哪一条"),
        ("relink", {}, 404, "没有可以恢复的关联"),
    ],
)
def test_a_link_that_is_not_there_is_refused_in_words(
    send: Send, ticket_no: str, step: str, fields: dict[str, str], status: int, words: str
) -> None:
    refused = send(f"/tickets/{ticket_no}/{step}", {**fields, "root_cause": "写到一半"})
    assert refused.status_code == status
    assert words in refused.text
    assert "写到一半" in refused.text


def test_none_fits_can_be_said_long_before_closing(
    client: FlaskClient, send: Send, ticket_no: str
) -> None:
    session = hidden(send("/", {"description": COMPLAINT}).text, "session_id")
    fields = {"description": COMPLAINT, "session_id": session}
    assert "已记：这些建议都不适用" in send("/desk/none-fit", fields).text
    recorded = client.get(f"/api/v1/suggestions/{session}").json
    assert recorded is not None
    assert [each["decision"] for each in recorded["decisions"]] == ["none_fit"]
    bound = send("/desk/none-fit", {**fields, "ticket_no": ticket_no})
    assert bound.location == f"/tickets/{ticket_no}"


def test_limits_run_from_acceptance_and_say_so_before(
    client: FlaskClient, send: Send, ticket_no: str
) -> None:
    fresh = send("/", {"description": COMPLAINT}).text
    assert "建单起算" in fresh
    assert 'data-state="waiting"' in fresh
    assert "data-due=" not in fresh
    send(f"/tickets/{ticket_no}/suggest", {"description": COMPLAINT})
    kept = client.get(f"/tickets/{ticket_no}").text
    assert "建单起算" not in kept
    assert "data-due=" in kept


def test_a_question_to_the_caller_is_not_put_down_as_a_measure(send: Send) -> None:
    page = send("/", {"description": "手机没信号，打电话断断续续，问断的时候是在走动还是坐着"}).text
    written = re.findall(r'data-resolution="([^"]*)"', page)
    assert any(words.endswith("处理。") for words in written)
    assert not any(re.search("处理：(先)?问", words) for words in written)

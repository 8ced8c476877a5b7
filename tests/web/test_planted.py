"""Personal data and secrets pass through every call and form of a served desk, and stay nowhere."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from kb.access import Permission
from kb.backing import back_up
from kb.database import Database, open_database
from kb.outcome_files import Export, export_outcomes
from kb.settings import Settings
from kb.store.personal import count_forms
from kb.times import now_beijing
from kb.tokens import GRANTABLE
from kb.totp import code_at
from tests.bench.planting import (
    DIGITS,
    NEEDLES,
    PERSON,
    TEXTS,
    Browser,
    call_everything,
    fill_forms,
    find_plants,
    scan,
)
from tests.bench.schema import DRAFT, NAMED
from tests.bench.service import Service
from tests.conftest import START
from tests.web.people import add_person
from tests.web.test_guard import FORMS, NO_FORMS

PASSWORD, WRONG = "Geheim-9-wort-xyz", "Falsch-8-wort-abc"
YEAR = timedelta(days=366)
TEMPLATES = Path(__file__).parent.parent.parent / "web/templates"
SKIPPED = (
    *("as_of", "until", "from", "valid_until", "called_at", "escalated_at", "happened_at"),
    *("search_id", "successor", "extra", "content", "limit_id", "impression", "format"),
    *("retired", "retired_on", "cursor", "repeat_of"),
)
"""Days and ids that a text cannot be: left out, so that the rest is taken."""
PERMITTED = [each.value for each in GRANTABLE if each != Permission.NAME_AGENTS]
SPARED = ("/sign-out", "/agent", "/account/", "/accounts", "/sign-in", "/welcome")
"""Forms of sign-ins and of accounts, whose names are those of staff: sent with their own values."""


def field_names() -> list[str]:
    text = "".join(path.read_text("utf-8") for path in TEMPLATES.glob("*.html"))
    return sorted(set(re.findall(r'name="([a-z_]+)"', text)) - {"csrf_token", "viewport"})


@pytest.mark.parametrize(
    "written", [PERSON, "１３９－１２３４ 5678", "139.1234.5678", "\\u53f8\\u9a6c\\u9752\\u886b"]
)
def test_a_plant_is_seen_however_it_is_written(written: str) -> None:
    assert list(find_plants(b"\0\xff" + written.encode() + b"\xfe", {}))
    assert list(find_plants("没有的 139****5678".encode(), {})) == []


def test_nothing_planted_stays_in_any_file(settings: Settings, tmp_path: Path) -> None:
    with closing(open_database(settings.database)) as database:
        add_people(database)
    service = Service(settings.data, tmp_path / "log")
    service.start()
    try:
        secrets = work(f"http://127.0.0.1:{service.port}")
    finally:
        service.stop()
    with closing(open_database(settings.database)) as database:
        tables = count_forms(database.connection, [*NEEDLES, *DIGITS])
        export_outcomes(
            database, Export(settings.data / "exports", "jsonl", START - YEAR, START + YEAR)
        )
    back_up(settings, settings.data / "backups", now=now_beijing())
    assert tables == {}
    assert scan(settings.data, secrets) == {}
    assert list(find_plants((tmp_path / "log").read_bytes(), secrets)) == []


def add_people(database: Database) -> None:
    for name, *roles in (
        ("李管", "administrator", "agent"),
        ("全能", "agent", "editor", "reviewer", "supervisor", "learner"),
    ):
        add_person(database, name, *roles, now=now_beijing(), password=PASSWORD)


def work(address: str) -> Mapping[str, str]:
    """Everything that can be sent, by people and a program; the secrets that were in use."""
    boss, agent, program = (Browser(address) for _ in range(3))
    for browser, name in ((boss, "李管"), (agent, "全能")):
        browser.send("/sign-in", {"name": name, "password": WRONG}, page="/sign-in")
        browser.send("/sign-in", {"name": WRONG, "password": PASSWORD}, page="/sign-in")
        browser.send("/sign-in", {"name": name, "password": PASSWORD}, page="/sign-in")
        assert name in browser.get("/account")
    secrets = {"password": PASSWORD, "wrong password": WRONG}
    secrets |= turn_on_codes(agent)
    made = boss.send(
        "/accounts/tokens",
        {
            "name": "话务",
            "days": "30",
            "permissions": PERMITTED,
        },
        page="/accounts/tokens",
    )[1]
    program.token = secrets["token"] = re.findall(r"kb_[\w-]{43}", made)[0]
    known = make_known(agent)
    for browser in (agent, program):
        call_everything(browser, known)
    forms = [path.format(no=known["ticket_no"]) for path in (*FORMS, *sorted(NO_FORMS))]
    for text in TEXTS:
        live_through(agent, text)
    known |= dict.fromkeys(("call_id", "session_id", "ticket_no", "place"))
    fill_forms(agent, [each for each in forms if not each.startswith(SPARED)], field_names(), known)
    for query in ("q", "next", "ticket_no", "text"):
        agent.ask("GET", f"/search?{query}=13912345678")
    wait_for_index(agent)
    calls = [(path, status) for path, status in agent.answers + program.answers if "/api/" in path]
    taken = [path for path, status in calls if status < 300]
    assert len(taken) > 0.9 * len(calls), sorted(
        Counter(call for call in calls if call[1] >= 300).items()
    )
    assert len({path for path, status in agent.answers if status < 300}) > 55
    secrets["sign-in"] = agent.cookie("kb_sign_in")
    secrets["form"] = agent.cookie("kb_form")
    assert all(len(each) > 8 for each in secrets.values()), secrets
    return secrets


def turn_on_codes(browser: Browser) -> dict[str, str]:
    """Codes of an app for this person; the secret and a recovery code."""
    page = browser.get("/account")
    secret = re.findall(r'name="secret" value="(\w+)"', page)[0]
    code = code_at(secret, int(time.time()) // 30)
    fields = {"secret": secret, "code": code, "old": PASSWORD}
    shown = browser.send("/account/codes", fields, page="/account")[1]
    codes = re.findall(r"<li><code>([A-Z2-9-]{19})</code>", shown)
    other = Browser(browser.address)
    typed = {"name": "全能", "password": PASSWORD, "code": codes[0]}
    other.send("/sign-in", typed, page="/sign-in")
    assert "全能" in other.get("/account")
    return {"secret of an app": secret, "recovery code": codes[0], "another": codes[1]}


def make_known(browser: Browser) -> dict[str, Any]:
    """One thing of each kind that a path may name; texts in them are planted from the start."""
    asked = browser.post("/suggestions", {"text": "家里网断了,盒子上那个红灯一直亮，" + PERSON})
    ticket = browser.post("/tickets", {"description": PERSON, "category": "060101"})
    session, impression = asked["session_id"], asked["procedures"][0]["impression_id"]
    known = {
        **NAMED,
        "session_id": session,
        "impression_id": impression,
        "impression_ids": [impression],
        "ticket_no": ticket["ticket_no"],
        "drill_id": browser.post("/learning/drills", {})["id"],
        "decision_id": browser.post(
            f"/suggestions/{session}/decisions", {"decision": "gap", "comment": PERSON}
        )["decision_id"],
        "event_id": browser.post(
            f"/impressions/{impression}/events", {"action": "flagged", "comment": PERSON}
        )["event_id"],
        "task_id": "1",
        "article_id": "P060101",
        "assignee": "全能",
        "person": "全能",
        "service_number": "13912345678",
        "number": "139 1234 5678",
        "none_fit": True,
        "due_at": "2099-06-01T09:20",
        "due_by": "2099-06-01T09:20",
        "learner": "全能",
        "agent": "全能",
        "old": "1",
        **dict.fromkeys(SKIPPED),
    }  # fmt: skip
    del known["tables"]
    draft = {name: NAMED[name] for name in ("section", "slug", "valid_from", "review_by")}
    browser.post(
        f"/articles/{DRAFT}/draft", draft | {"title": "一条草稿", "body": "写一句。"},
        "PUT", If_None_Match="*",
    )  # fmt: skip
    return known


def live_through(browser: Browser, text: str) -> None:
    """What comes one after the other, in its order, with a text in all that is written."""
    number = browser.post("/tickets", {"description": text, "category": "060101"})["ticket_no"]
    link = {"target_type": "procedure", "target_id": "P060101", "knowledge_usage": "reference"}
    place, draft = f"/tickets/{number}", f"/articles/{DRAFT}"
    asked = browser.post("/suggestions", {"text": text + "，家里网断了，红灯一直亮"})
    impression = asked["procedures"][0]["impression_id"]
    decided = browser.post(
        f"/suggestions/{asked['session_id']}/decisions", {"decision": "gap", "comment": text}
    )
    flagged = browser.post(
        f"/impressions/{impression}/events", {"action": "flagged", "comment": text}
    )
    for path, body in (
        (f"{place}/links", link),
        (f"{place}/unlink", link),
        (f"{place}/dispatch", {"department": "网络部", "text": text, "due_at": "2099-06-01T09:20"}),
        (f"{place}/close", {"resolution": text, "root_cause": text, "none_fit": True}),
        (f"{place}/callback", {"satisfied": None, "comment": text}),
        (f"{place}/escalate", {"reason": text}),
        (f"{place}/reopen", {"reason": text}),
        (f"/decisions/{decided['decision_id']}/undo", {}),
        (f"/events/{flagged['event_id']}/undo", {}),
        (f"{draft}/comments", {"revision": 1, "comment": text}),
    ):
        assert browser.post(path, body) is not None, path


def wait_for_index(browser: Browser) -> None:
    """Until all that was written is in the index."""
    for _ in range(600):
        if re.search(r"^kb_index_pending 0", browser.get("/metrics"), re.MULTILINE):
            return
        time.sleep(0.1)
    raise AssertionError("the index does not catch up")

"""Texts put into every field there is, through the product's own calls."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import cycle
from typing import Any
from urllib.parse import quote

from flask import Flask
from flask.testing import FlaskClient

from kb import limiting, tokens
from kb.glossary import GlossaryTerm
from kb.people import check_duties, invite
from kb.store import glossary, handbook
from kb.store.class_changes import save_categories
from tests.bench.identities import EVERYTHING, Identity
from tests.bench.schema import environ
from web.services import Services

LONGEST = 190
"""Characters of a short field that texts share."""
NAME, TOKEN, WORD = 64, 40, 40


def pack(texts: Sequence[str]) -> Iterator[list[str]]:
    """Texts in groups that fit into one short field together."""
    group: list[str] = []
    for text in texts:
        if group and len(" ".join([*group, text])) > LONGEST:
            yield group
            group = []
        group.append(text)
    if group:
        yield group


def _has_no_link(text: str) -> bool:
    return re.search(r"\]\(|\]:|<javascript:", text) is None


class Planter:
    """Puts texts into every field there is, through the product's own calls."""

    def __init__(self, services: Services, app: Flask, people: Mapping[str, Identity]) -> None:
        """``people``: of a desk with accounts; the first writes, a second one approves."""
        self._services, self._app, self._people = services, app, people
        self._made = 0
        self.values: dict[str, list[str]] = {}

    def plant(self, texts: Sequence[str]) -> None:
        """A ticket, an article, a call, a gap, a limit and a drill that hold these texts in all
        their fields; what stands in the addresses of their pages joins ``values``."""
        self._made += 1
        whole, short = "红灯一直亮 " + "\n\n".join(texts), " ".join(texts)[:LONGEST]
        self._add("ticket_no", self._plant_ticket(whole, short))
        self._add("article_id", self._plant_article(texts))
        self._add("drill_id", str(self._call("POST", "/api/v1/learning/drills", {})["id"]))
        self._add("limit_id", self._plant_limit(short))
        self._add("slug", quote(texts[0], safe=""))
        self.values |= {"code": ["060101"], "chapter": ["1"]}
        self._call("POST", "/pop", {"call_id": " ".join(texts)[:LONGEST], "text": whole})

    def _add(self, name: str, value: str) -> None:
        self.values.setdefault(name, []).append(value)

    def _plant_ticket(self, whole: str, short: str) -> str:
        made = self._call("POST", "/api/v1/tickets", {
            "description": whole, "title": short, "customer_demand": whole,
            "region": short, "responsible_dept": short, "category": "060101",
        })  # fmt: skip
        ticket = f"/api/v1/tickets/{made['ticket_no']}"
        self._call("PATCH", ticket, {"root_cause": whole, "resolution": whole, "fix": short})
        self._call("POST", f"{ticket}/assign", {"assignee": short})
        self._call("POST", f"{ticket}/dispatch",
                   {"department": short, "person": short, "text": whole})  # fmt: skip
        self._call("POST", f"{ticket}/escalate", {"reason": whole})
        asked = self._call("POST", "/api/v1/suggestions",
                           {"text": whole, "ticket_no": made["ticket_no"]})  # fmt: skip
        self._call("POST", f"/api/v1/suggestions/{asked['session_id']}/decisions",
                   {"decision": "gap", "comment": whole})  # fmt: skip
        self._call("POST", f"{ticket}/close", {"resolution": whole, "root_cause": whole,
                                               "fix": short, "none_fit": True})  # fmt: skip
        self._call("POST", f"{ticket}/callback", {"satisfied": False, "comment": whole})
        gap = f"/api/v1/reports/gaps/none_fit:{made['ticket_no']}-0/mark"
        self._client("everything").post(gap, json={"state": "ignored", "reason": whole})
        self._call("POST", f"{ticket}/reopen", {"reason": whole})
        return str(made["ticket_no"])

    def _plant_article(self, texts: Sequence[str]) -> str:
        whole, short = "\n\n".join(texts), " ".join(texts)[:LONGEST]
        article_id = f"S9{self._made:03d}"
        path = f"/api/v1/articles/{article_id}"
        draft = {
            "title": short, "section": "2.1", "slug": f"planted-{self._made}",
            "owner": short, "responsible_dept": short, "keywords": list(texts),
            "sources": list(texts), "steps": list(texts), "body": f"## {short}\n\n{whole}",
            "reason": whole, "valid_from": "2026-01-01", "review_by": "2027-01-01",
        }  # fmt: skip
        self._call("PUT", f"{path}/draft", draft, {"If-None-Match": "*"})
        self._call("POST", f"{path}/comments", {"revision": 1, "comment": whole})
        # a link that leads nowhere is refused at submission: what is published has none
        draft |= {
            "title": f"{short} 2",
            "body": "\n\n".join(["写一句。", *filter(_has_no_link, texts)]),
        }
        self._call("PUT", f"{path}/draft", draft, {"If-Match": '"rev-1"'})
        self._call("POST", f"{path}/submit", {"revision": 2, "comment": whole})
        step = {"revision": 2, "comment": whole}
        self._call("POST", f"{path}/approve", step, who="second")
        return article_id

    def _plant_limit(self, short: str) -> str:
        """A limit that binds and says so, and a change of it that waits; both hold the texts."""
        database, now = self._services.database, self._services.clock()
        limit_id = f"TL9{self._made:03d}"
        texts = dict.fromkeys(
            ("subject", "condition", "from_event", "responsible_dept", "escalation", "source"),
            short,
        )
        typed = texts | {
            "limit_value": "9", "limit_unit": "hour", "kind": "max", "categories": "060101",
            "authority": "handbook", "confidence": "high", "starts": "event", "reason": short,
        }  # fmt: skip
        limiting.propose_limit(database, limit_id, typed, base=0, author=short, now=now)
        for actor in (f"{short} 2", f"{short} 3"):
            limiting.decide(database, limit_id, "approve", actor=actor, comment=short, now=now)
        typed |= {"region": short, "limit_value": "8"}
        limiting.propose_limit(database, limit_id, typed, base=1, author=short, now=now)
        return limit_id

    def plant_words(self, texts: Sequence[str]) -> None:
        """Texts in the glossary, as classes, as words never masked, and as names: of agents, of
        accounts, of tokens."""
        self._plant_classes(texts)
        version = self._client(EVERYTHING).get("/api/v1/vocabulary").headers["ETag"]
        words = [text for text in texts
                 if len(text) <= WORD and text.isprintable() and text[0] != "#"]  # fmt: skip
        body = {"tables": {"never_mask": words}, "reason": " ".join(texts)[:LONGEST]}
        self._call("PUT", "/api/v1/vocabulary", body, {"If-Match": version})
        with self._services.database.transaction() as connection:
            terms = [GlossaryTerm(text, text, "P060101") for text in texts]
            kept = [GlossaryTerm("光猫", texts[0], "P060101"), *terms]
            glossary.save_glossary(connection, kept)
        database, now = self._services.database, self._services.clock()
        for text in texts:
            if len(text) > NAME or "\n" in text:
                continue
            named = {"X-Agent": quote(text)}
            self._call("POST", "/api/v1/tickets", {"description": text}, named, who="token")
            duties = check_duties(["learner", "supervisor"], regions=[text[:20]])
            account, link = invite(database, text, duties, by=text, now=now)
            self.values.setdefault("account_id", []).append(str(account.id))
            self.values.setdefault("token", []).append(link)
            if len(text) <= TOKEN:
                tokens.add(database, text, ["read_handbook"], days=9, by=text, now=now)

    def _plant_classes(self, texts: Sequence[str]) -> None:
        """Each group of texts as what a class of the taxonomy is called and says."""
        with self._services.database.transaction() as connection:
            classes = handbook.read_categories(connection)
            groups = cycle(" ".join(group) for group in pack(texts))
            planted = [
                replace(each, name=text, responsible_dept=text, typical_fix=text, miit_class=text,
                        watch_scene=text)
                for each, text in zip(classes.values(), groups, strict=False)
                if each.level == 3
            ]  # fmt: skip
            held = classes | {each.id: each for each in planted}
            save_categories(connection, list(held.values()), now=self._services.clock())

    def _client(self, who: str) -> FlaskClient:
        client = self._app.test_client(use_cookies=False)
        headers = self._people[who].sign_in(self._services)
        client.environ_base.update(environ(headers))
        return client

    def _call(
        self, method: str, path: str, body: object, headers: Any = None, *, who: str = EVERYTHING
    ) -> dict[str, Any]:
        answer = self._client(who).open(path, method=method, json=body, headers=headers)
        if answer.status_code >= 400:
            raise RuntimeError(f"{method} {path}: {answer.text[:500]}")
        return dict(answer.json or {}) if answer.is_json else {}

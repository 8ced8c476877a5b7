"""Everybody who may call: each role, one person with all roles, programs with tokens, nobody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from flask import Flask

from kb.access import STRANGER, Permission, Viewer, viewer_of
from kb.account import Account, Role
from kb.signing_in import Place, open_sign_in
from kb.store import accounts
from kb.tokens import GRANTABLE
from kb.tokens import add as add_token
from kb.tokens import viewer_of as viewer_of_token
from tests.web.people import add_person
from web.access import FROM_HERE, allows, table
from web.services import Services
from web.signed import COOKIE

EVERYTHING = "everything"
PREFIX = "演练-"


@dataclass(frozen=True)
class Identity:
    """Somebody, and the headers that say so; ``account``: of a person, who signs in anew."""

    name: str
    viewer: Viewer
    account: Account | None = None
    headers: Mapping[str, str] | None = None

    def sign_in(self, services: Services) -> dict[str, str]:
        """The headers that say who asks; a sign-in ends when it is idle for long."""
        if self.account is None:
            return dict(self.headers or {})
        now = services.clock()
        with services.database.transaction() as connection:
            token = open_sign_in(connection, self.account, Place("", "drill"), now=now)
        return {"Cookie": f"{COOKIE}={token}"}


def make_identities(services: Services) -> dict[str, Identity]:
    """An identity of each kind, by name; from then on the desk has accounts."""
    database, now = services.database, services.clock()
    people = [add_person(database, f"{PREFIX}{role}", role, now=now) for role in Role]
    found = [Identity(role, viewer_of(each), each)
             for role, each in zip(Role, people, strict=True)]  # fmt: skip
    with database.transaction() as connection:
        # the store takes what the rules of roles forbid: one person for whom all is allowed
        every = replace(people[0], name=f"{PREFIX}{EVERYTHING}", roles=tuple(Role))
        every = accounts.add_account(connection, every)
    found.append(Identity(EVERYTHING, viewer_of(every), every))
    scopes = {"token": GRANTABLE, "narrow token": (Permission.READ_HANDBOOK,)}
    for name, permissions in scopes.items():
        token, text = add_token(database, name, permissions, days=9, by="drill", now=now)
        headers = {"Authorization": f"Bearer {text}"}
        found.append(Identity(name, viewer_of_token(database.connection, token), headers=headers))
    found += [
        Identity("nobody", STRANGER),
        Identity("wrong cookie", STRANGER, headers={"Cookie": f"{COOKIE}={'x' * 43}"}),
        Identity("wrong token", STRANGER, headers={"Authorization": f"Bearer kb_{'x' * 43}"}),
    ]
    return {each.name: each for each in found}


def may_call(app: Flask, viewer: Viewer, method: str, rule: str) -> bool:
    """Whether the table lets a viewer call what stands at a rule of the URL map."""
    endpoint = next(
        each.endpoint
        for each in app.url_map.iter_rules()
        if each.rule == rule and method in (each.methods or ())
    )
    return endpoint in FROM_HERE or allows(viewer, table().get(endpoint, ""))

"""Who a request is of: the cookie of a sign-in, read and set here and nowhere else."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Response, current_app, g, request

from kb.access import ANYBODY, STRANGER, Viewer, viewer_of
from kb.account import Account
from kb.passwords import POLICIES, Policy, is_too_old
from kb.sealing import KeyFile
from kb.signing_in import Place, find_signed_in, hash_token, note_use
from kb.store import tokens
from kb.store.accounts import has_accounts
from kb.store.sign_ins import SignIn
from kb.tokens import note_use as note_token_use
from kb.tokens import viewer_of as viewer_of_token
from web.services import current

COOKIE = "kb_sign_in"
PASSIVE = frozenset({"editing.show_state"})
"""Asked again and again by an open page: nobody need be sitting there."""
_SYSTEMS = {
    "Android": "Android", "iPhone": "iPhone", "iPad": "iPad", "Windows": "Windows",
    "Mac OS": "macOS", "Linux": "Linux",
}  # fmt: skip
_BROWSERS = {
    "MicroMessenger": "微信", "Edg/": "Edge", "Firefox/": "Firefox", "Chrome/": "Chrome",
    "Safari/": "Safari",
}  # fmt: skip
"""What browsers say of themselves, the telling word first."""
_PLACE = re.compile(r"/(?![/\\])[^\s\\]*")


def identify() -> Viewer:
    """Whoever asks; ANYBODY as long as there are no accounts."""
    if not _is_claimed():
        return ANYBODY
    if "Authorization" in request.headers:
        return _identify_program()
    token = request.cookies.get(cookie_name(), "")
    services, now = current(), current().clock()
    found = find_signed_in(services.database.connection, token, now=now) if token else None
    if found is None:
        return STRANGER
    sign_in, account = found
    g.sign_in, g.account = sign_in, account
    g.must_change = is_too_old(account.password_set_at, policy(), now=now)
    if request.endpoint not in PASSIVE:
        _note_use(sign_in)
    return viewer_of(account)


def _identify_program() -> Viewer:
    """The program whose token this is; a cookie beside it counts for nothing."""
    kind, _, text = request.headers["Authorization"].partition(" ")
    services, now = current(), current().clock()
    connection = services.database.connection
    found = tokens.find_token(connection, hash_token(text.strip()), now=now)
    if kind.lower() != "bearer" or found is None:
        return STRANGER
    g.is_program = True
    with _unless_busy():
        note_token_use(services.database, found, now=now)
    return viewer_of_token(connection, found)


def _is_claimed() -> bool:
    """Whether there are accounts; once there are, there always will be."""
    if not current_app.extensions.get("is-claimed"):
        current_app.extensions["is-claimed"] = has_accounts(current().database.connection)
    return bool(current_app.extensions["is-claimed"])


def _note_use(sign_in: SignIn) -> None:
    services = current()
    with _unless_busy():
        note_use(services.database, sign_in, now=services.clock())


@contextmanager
def _unless_busy() -> Iterator[None]:
    """A disk that is full or held by others keeps nobody from reading, nor waiting twice."""
    try:
        yield
    except sqlite3.OperationalError as error:
        current().database.hurry(error)


def signed_in() -> tuple[SignIn, Account]:
    """The sign-in of this request and its account, where the table asks for one."""
    return g.sign_in, g.account


def policy() -> Policy:
    """The rules of passwords here."""
    return POLICIES[current().settings.password_policy]


def key_file() -> KeyFile:
    """What the secrets of apps are sealed with."""
    return KeyFile(current().settings.key_file)


def is_secure() -> bool:
    """Whether the browser reached us by https, at the latest proxy."""
    return request.is_secure or current().settings.url.startswith("https://")


def cookie_name() -> str:
    """Name of the cookie; by https one that no other host or path can set."""
    return f"__Host-{COOKIE}" if is_secure() else COOKIE


def set_cookie(response: Response, token: str) -> None:
    """Give the browser its token, until it is closed."""
    response.set_cookie(
        cookie_name(), token, httponly=True, samesite="Lax", secure=is_secure(), path="/"
    )


def drop_cookie(response: Response) -> None:
    """Take the token back, and what the browser keeps of our pages."""
    response.delete_cookie(cookie_name(), secure=is_secure(), httponly=True, samesite="Lax")
    response.headers["Clear-Site-Data"] = '"cache", "storage"'


def place_of_request() -> Place:
    """Where the request comes from, for the list of one's own sign-ins."""
    agent = request.headers.get("User-Agent", "")
    words = [name for name in (*_SYSTEMS, *_BROWSERS) if name in agent]
    system = next((_SYSTEMS[name] for name in words if name in _SYSTEMS), "")
    browser = next((_BROWSERS[name] for name in words if name in _BROWSERS), "")
    return Place(request.remote_addr or "", " · ".join(filter(None, (browser, system))))


def safe_place(place: str, *, otherwise: str) -> str:
    """An address of this site to go back to."""
    return place if _PLACE.fullmatch(place) else otherwise

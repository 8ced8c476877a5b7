"""Signing in with the identity provider of the house: out to it, and back.

Reached by a link, not by a form: the page's own policy lets forms go nowhere else. What ties the
way back to this browser is a signed cookie that lives ten minutes; each way back is gone once.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from hashlib import sha256

from flask import Blueprint, Response, abort, current_app, redirect, request

from kb.access import STRANGER
from kb.errors import IdentityRefused, KBError
from kb.oidc import Flow, Provider, begin_flow
from kb.signing_in import hash_token, note_attempt, sign_in_as
from kb.store import sign_ins
from kb.store.calls import use_link
from web.access import seen_viewer
from web.pages.signing import Answered, enter, go_on, refuse
from web.services import Services, current
from web.signed import is_secure, place_of_request, safe_place

blueprint = Blueprint("unified", __name__)
COOKIE = "kb_oidc"
CALLBACK = "/sign-in/oidc/callback"
SECONDS = 600
MAX_PLACE = 1000


def open_provider(services: Services) -> Provider | None:
    """The provider of the settings; nothing is asked of it yet."""
    settings = services.settings
    return Provider(settings.oidc, settings.address + CALLBACK) if settings.oidc else None


def _provider() -> Provider:
    found: Provider | None = current_app.extensions["provider"]
    if found is None:
        abort(404)
    return found


@blueprint.get("/sign-in/oidc")
def begin() -> Answered:
    """Out to the provider; who is signed in already goes on."""
    provider = _provider()
    place = safe_place(request.args.get("next", "")[:MAX_PLACE], otherwise="")
    if seen_viewer() != STRANGER:
        return go_on(place)
    flow = begin_flow(_key())
    try:
        address = provider.address_for(flow)
    except KBError as error:
        return refuse(error, place)
    response = current_app.make_response(redirect(address, 303))
    until = int(current().clock().timestamp()) + SECONDS
    response.set_cookie(
        _cookie_name(),
        _seal(flow.state, until, place),
        max_age=SECONDS,
        httponly=True,
        samesite="Lax",
        secure=is_secure(),
    )
    return response


@blueprint.get(CALLBACK)
def finish() -> Answered:
    """Back from the provider: a new sign-in, or the sign-in page with the reason."""
    provider, now = _provider(), current().clock()
    state, place = _open(request.cookies.get(_cookie_name(), ""), now=now)
    try:
        answer: Answered = _finish(provider, state, place, now=now)
    except KBError as error:
        answer = refuse(error, place)
    response = current_app.make_response(answer)
    response.delete_cookie(_cookie_name(), secure=is_secure(), httponly=True, samesite="Lax")
    return response


def _finish(provider: Provider, state: str, place: str, *, now: datetime) -> Response:
    given = request.args.get("state", "")
    if not state or not hmac.compare_digest(given.encode(), state.encode()):
        raise IdentityRefused("这次登录不是从这个浏览器开始的，或已超过 10 分钟")
    if request.args.get("iss", provider.client.issuer) != provider.client.issuer:
        raise IdentityRefused("不是从这个认证中心回来的")
    database, where = current().database, place_of_request()
    name_hash = note_attempt(database, state, where.address, now=now)
    with database.transaction() as connection:
        if not use_link(connection, hash_token(state), now=now):
            raise IdentityRefused("这次登录已用过")
    code = request.args.get("code", "")
    if not code or "error" in request.args:
        raise IdentityRefused("认证中心没有放行")
    subject = provider.redeem(code, Flow(state, _key()), now=now)
    account, token = sign_in_as(database, subject, where, now=now)
    with database.transaction() as connection:
        sign_ins.clear_attempts(connection, name_hash, where.address)
    return enter(account, token, place=place)


def _cookie_name() -> str:
    return f"__Host-{COOKIE}" if is_secure() else COOKIE


def _key() -> bytes:
    secret: bytes = current_app.extensions["form-secret"]
    return hmac.new(secret, b"oidc", sha256).digest()


def _seal(state: str, until: int, place: str) -> str:
    told = f"{state}.{until}.{urlsafe_b64encode(place.encode()).decode().rstrip('=')}"
    return f"{told}.{_sign(told)}"


def _open(cookie: str, *, now: datetime) -> tuple[str, str]:
    """State and page of the way this browser began; two blanks for none, or one too long ago."""
    told, _, signature = cookie.rpartition(".")
    if not told or not hmac.compare_digest(signature.encode(), _sign(told).encode()):
        return "", ""
    state, until, place = told.split(".")
    if now.timestamp() > int(until):
        return "", ""
    return state, urlsafe_b64decode(place + "==").decode()


def _sign(told: str) -> str:
    return hmac.new(_key(), f"cookie:{told}".encode(), sha256).hexdigest()

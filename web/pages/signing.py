"""Signing in and out, and the one-time links that set a password."""

from __future__ import annotations

from flask import Blueprint, Response, g, redirect, render_template, request, url_for

from kb.access import STRANGER, viewer_of
from kb.account import ROLE_NAMES, Account, Role
from kb.errors import KBError
from kb.people import follow_link, make_first, set_up
from kb.signing_in import Attempt, open_sign_in, sign_in, sign_out
from web.access import home, seen_viewer
from web.errors import Problem, describe
from web.events import log_event
from web.guard import check_form
from web.pages.passwords import read_new_password
from web.services import current
from web.signed import (
    cookie_name,
    drop_cookie,
    key_file,
    place_of_request,
    policy,
    safe_place,
    set_cookie,
    signed_in,
)

blueprint = Blueprint("signing", __name__)
Answered = str | Response | tuple[str, int, dict[str, str]]
BESIDE = (Role.AGENT, Role.SUPERVISOR)
"""What the first administrator may be besides."""


@blueprint.get("/sign-in")
def show_sign_in() -> Answered:
    """The form; who is signed in already, or need not, goes on."""
    if seen_viewer() != STRANGER:
        return go_on(request.args.get("next", ""))
    return sign_in_page(request.args.get("next", ""))


def sign_in_page(place: str, problem: Problem | None = None) -> str:
    """The form, and the way by the identity provider where there is one."""
    page: str = render_template(
        "sign_in.html",
        next=place,
        problem=problem,
        has_provider=current().settings.oidc is not None,
    )
    return page


@blueprint.post("/sign-in", endpoint="sign_in")
def take_sign_in() -> Answered:
    """Name, password, and a code where one is asked for; then on to the page that was meant."""
    check_form()
    form, services = request.form, current()
    attempt = Attempt(
        form.get("name", ""), form.get("password", ""), form.get("code", ""), place_of_request()
    )
    try:
        account, token = sign_in(services.database, attempt, key_file(), now=services.clock())
    except KBError as error:
        return refuse(error, form.get("next", ""))
    return enter(account, token, place=form.get("next", ""))


def refuse(error: KBError, place: str) -> tuple[str, int, dict[str, str]]:
    """The form again, and why."""
    log_event("sign_in_refused", reason=error.code, request_id=g.request_id)
    problem = describe(error)
    return sign_in_page(place, problem), problem.status, dict(problem.headers)


def enter(account: Account, token: str, *, place: str = "") -> Response:
    """On as this account: the token is new, and what this browser was signed in with ends."""
    services = current()
    sign_out(services.database, request.cookies.get(cookie_name(), ""))
    log_event("signed_in", account=account.id, request_id=g.request_id)
    g.viewer = viewer_of(account)
    response = go_on(place)
    set_cookie(response, token)
    return response


def go_on(place: str) -> Response:
    """To a page of ours, or where this person starts."""
    found: Response = redirect(safe_place(place, otherwise=home()), 303, Response)  # type: ignore[assignment]
    return found


@blueprint.post("/sign-out", endpoint="sign_out")
def take_sign_out() -> Response:
    """End this sign-in, here and in the database."""
    check_form()
    _, account = signed_in()
    sign_out(current().database, request.cookies.get(cookie_name(), ""))
    log_event("signed_out", account=account.id, request_id=g.request_id)
    response = go_on(url_for("signing.show_sign_in"))
    drop_cookie(response)
    return response


@blueprint.get("/welcome/<token>")
def show_welcome(token: str) -> str:
    """The form behind a one-time link; looking at it does not use it up."""
    return _welcome_page(token)


def _welcome_page(token: str, problem: Problem | None = None) -> str:
    services = current()
    account = follow_link(services.database.connection, token, now=services.clock())
    page: str = render_template(
        "welcome.html",
        account=account,
        token=token,
        beside=[(role, ROLE_NAMES[role]) for role in BESIDE],
        policy=policy(),
        typed=request.form,
        problem=problem,
    )
    return page


@blueprint.post("/welcome/<token>")
def welcome(token: str) -> Answered:
    """Set the password, for the first link together with name and roles; signed in from then on."""
    check_form()
    services, now, before = current(), current().clock(), seen_viewer()
    try:
        account = _set_up(token)
    except KBError as error:
        g.viewer = before
        problem = describe(error)
        return _welcome_page(token, problem), problem.status, {}
    with services.database.transaction() as connection:
        opened = open_sign_in(connection, account, place_of_request(), now=now)
    manages = Role.ADMINISTRATOR in account.roles
    return enter(account, opened, place=url_for("accounts.show_accounts") if manages else "")


def _set_up(token: str) -> Account:
    services, form, now = current(), request.form, current().clock()
    link_is_for = follow_link(services.database.connection, token, now=now)
    password = read_new_password()
    if link_is_for is not None:
        g.viewer = viewer_of(link_is_for)
        return set_up(services.database, token, password=password, policy=policy(), now=now)
    return make_first(
        services.database,
        token,
        name=form.get("name", ""),
        password=password,
        roles=[role for role in BESIDE if role in form.getlist("roles")],
        policy=policy(),
        now=now,
    )

"""One's own account: password, codes of an app, and where one is signed in."""

from __future__ import annotations

import io
from collections.abc import Sequence

import segno
from flask import Blueprint, g, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response as Redirect

from kb import people, second_factor
from kb.account import ROLE_NAMES
from kb.errors import KBError
from kb.store import recovery, sign_ins
from kb.store.accounts import read_account
from kb.totp import address_of, is_secret, new_secret
from web.errors import Problem, describe
from web.events import log_event
from web.forms import short_field
from web.guard import check_form
from web.pages.passwords import read_new_password
from web.services import current
from web.signed import key_file, policy, signed_in

blueprint = Blueprint("account", __name__, url_prefix="/account")
Answered = str | Redirect | tuple[str, int]
DONE = {
    "password": "密码已改，其他地方的登录都已结束。",
    "codes-off": "两步验证已关闭。",
    "ended": "那一处的登录已结束。",
}


@blueprint.get("")
def show_account() -> str:
    """The whole page."""
    return _page()


def _page(problem: Problem | None = None, *, secret: str = "", codes: Sequence[str] = ()) -> str:
    """``codes``: recovery codes just made, shown this once."""
    found, account = signed_in()
    connection = current().database.connection
    account = read_account(connection, account.id)
    secret = secret if is_secret(secret) else new_secret()
    page: str = render_template(
        "account.html",
        account=account,
        roles=[ROLE_NAMES[role] for role in account.roles],
        open=sign_ins.read_sign_ins(connection, account.id),
        in_use=found.id,
        must_change=g.get("must_change"),
        policy=policy(),
        secret=secret,
        codes=codes,
        codes_left=recovery.count_left(connection, account.id),
        qr="" if account.totp_secret else _draw(address_of(secret, account.name)),
        done=DONE.get(request.args.get("done", "")),
        now=current().clock(),
        problem=problem,
    )
    return page


def _draw(address: str) -> Markup:
    """The QR code as SVG of our own making; its colours come from the page's classes."""
    drawn = io.BytesIO()
    segno.make(address, error="m").save(
        drawn,
        kind="svg",
        xmldecl=False,
        svgns=False,
        omitsize=True,
        svgclass="qr",
        lineclass="qr-dots",
    )
    return Markup(drawn.getvalue().decode())  # noqa: S704 - drawn from our own address


def _answer(change: str) -> Redirect:
    _log(change)
    return redirect(url_for("account.show_account", done=change), 303)


def _log(change: str) -> None:
    _, account = signed_in()
    log_event(
        "account_changed", account=account.id, by=account.id, action=change, request_id=g.request_id
    )


def _again(error: KBError, *, secret: str = "") -> Answered:
    problem = describe(error)
    return _page(problem, secret=secret), problem.status


@blueprint.post("/password")
def change_password() -> Answered:
    """A new password, with the one that holds now."""
    check_form()
    found, account = signed_in()
    try:
        people.change_password(
            current().database,
            account,
            old=request.form.get("old", ""),
            new=read_new_password(),
            policy=policy(),
            keep=found.id,
            now=current().clock(),
        )
    except KBError as error:
        return _again(error)
    return _answer("password")


@blueprint.post("/codes")
def turn_on_codes() -> Answered:
    """Ask for codes from now on; the app's first code shows that it has the secret."""
    check_form()
    _, account = signed_in()
    secret = request.form.get("secret", "")
    try:
        codes = second_factor.turn_on(
            current().database,
            account,
            key_file(),
            secret=secret,
            code=short_field("code"),
            password=request.form.get("old", ""),
            now=current().clock(),
        )
    except KBError as error:
        return _again(error, secret=secret)
    _log("codes-on")
    return _page(codes=codes)


@blueprint.post("/codes/recovery")
def renew_codes() -> Answered:
    """New recovery codes in place of those there are."""
    check_form()
    _, account = signed_in()
    try:
        codes = second_factor.renew_codes(
            current().database,
            account,
            password=request.form.get("old", ""),
            now=current().clock(),
        )
    except KBError as error:
        return _again(error)
    _log("codes-renewed")
    return _page(codes=codes)


@blueprint.post("/codes/off")
def turn_off_codes() -> Answered:
    """Ask for codes no more."""
    check_form()
    _, account = signed_in()
    try:
        second_factor.turn_off(current().database, account, password=request.form.get("old", ""))
    except KBError as error:
        return _again(error)
    return _answer("codes-off")


@blueprint.post("/sign-ins/end")
def end_sign_in() -> Redirect:
    """End one of one's own sign-ins."""
    check_form()
    _, account = signed_in()
    with current().database.transaction() as connection:
        sign_ins.end_sign_in(connection, short_field("sign_in"), account_id=account.id)
    return _answer("ended")

"""Accounts, for administrators: making them, their roles and bounds, links, switching off."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Redirect

from kb import people
from kb.account import ROLE_NAMES, Account
from kb.errors import InvalidInput, KBError
from kb.people import Duties, check_duties
from kb.store import accounts as store
from web.errors import Problem, describe
from web.events import log_event
from web.forms import short_field
from web.guard import check_form
from web.parsing import agent_name
from web.services import current
from web.signed import signed_in

blueprint = Blueprint("accounts", __name__, url_prefix="/accounts")
Answered = str | Redirect | tuple[str, int]
DONE = {
    "saved": "已保存。",
    "disabled": "账号已停用，它的登录都已结束。",
    "enabled": "账号已启用。",
    "linked": "统一认证标识已保存。",
}


@blueprint.get("")
def show_accounts() -> str:
    """All accounts, and the form for a new one."""
    return _list_page()


def _list_page(**values: Any) -> str:
    found = store.read_accounts(current().database.connection)
    page: str = render_template(
        "accounts.html", accounts=found, role_names=ROLE_NAMES, typed=request.form, **values
    )
    return page


@blueprint.post("")
def add_account() -> Answered:
    """A new account; its one-time link is shown once, to be handed over."""
    check_form()
    try:
        account, token = people.invite(
            current().database,
            request.form.get("name", ""),
            _read_duties(),
            by=agent_name(),
            now=current().clock(),
        )
    except KBError as error:
        problem = describe(error)
        return _list_page(problem=problem), problem.status
    _log(account, "added")
    return _account_page(account, link=_link(token))


@blueprint.get("/<int:account_id>")
def show_account(account_id: int) -> str:
    """One account."""
    return _account_page(store.read_account(current().database.connection, account_id))


def _account_page(account: Account, *, link: str = "", problem: Problem | None = None) -> str:
    page: str = render_template(
        "account_edit.html",
        account=account,
        link=link,
        link_hours=int(people.LINK_LIFE.total_seconds() // 3600),
        role_names=ROLE_NAMES,
        is_self=account.id == signed_in()[1].id,
        has_provider=current().settings.oidc is not None,
        done=DONE.get(request.args.get("done", "")),
        problem=problem,
    )
    return page


@blueprint.post("/<int:account_id>")
def change_account(account_id: int) -> Answered:
    """Save roles and bounds, give a new link, switch off or on, by the button pressed."""
    check_form()
    database, now, by = current().database, current().clock(), agent_name()
    action = short_field("action")
    try:
        if action == "reset":
            account, token = people.reset(database, account_id, by=by, now=now)
            _log(account, "reset")
            return _account_page(account, link=_link(token))
        if action == "save":
            account, done = people.give_duties(database, account_id, _read_duties(), by=by), "saved"
        elif action == "link":
            subject = request.form.get("subject", "")
            account, done = people.link_subject(database, account_id, subject), "linked"
        elif action == "disable":
            account, done = people.disable(database, account_id, now=now), "disabled"
        elif action == "enable":
            account, done = people.enable(database, account_id), "enabled"
        else:
            raise InvalidInput("应为 save、link、reset、disable、enable 之一", field="action")
    except KBError as error:
        problem = describe(error)
        account = store.read_account(database.connection, account_id)
        return _account_page(account, problem=problem), problem.status
    _log(account, done)
    return redirect(url_for("accounts.show_account", account_id=account.id, done=done), 303)


def _read_duties() -> Duties:
    form = request.form
    chapters = [int(each) for each in form.getlist("chapters") if each.isdecimal()]
    return check_duties(form.getlist("roles"), chapters, form.getlist("regions"))


def _link(token: str) -> str:
    """The whole address, as this administrator reaches the desk."""
    base = current().settings.url or request.host_url.rstrip("/")
    return base + url_for("signing.show_welcome", token=token)


def _log(account: Account, action: str) -> None:
    by = signed_in()[1].id
    log_event("account_changed", account=account.id, by=by, action=action, request_id=g.request_id)

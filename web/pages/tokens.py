"""Tokens of other programs, for administrators: making one, seeing when it was used, revoking."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Redirect

from kb import tokens
from kb.access import PERMISSION_NAMES
from kb.errors import KBError
from kb.store.tokens import read_tokens
from kb.times import format_instant
from web.errors import describe
from web.forms import short_field
from web.guard import check_form
from web.parsing import agent_name
from web.services import current

blueprint = Blueprint("tokens", __name__, url_prefix="/accounts/tokens")
Answered = str | Redirect | tuple[str, int]


@blueprint.get("")
def show_tokens() -> str:
    """All tokens, and the form for a new one."""
    return _page()


def _page(**values: Any) -> str:
    page: str = render_template(
        "tokens.html",
        tokens=read_tokens(current().database.connection),
        permission_names={each: PERMISSION_NAMES[each] for each in tokens.GRANTABLE},
        now=format_instant(current().clock()),
        **{"typed": request.form, **values},
    )
    return page


@blueprint.post("")
def add_token() -> Answered:
    """A new token; its text is shown once."""
    check_form()
    days = short_field("days")
    try:
        token, text = tokens.add(
            current().database,
            request.form.get("name", ""),
            request.form.getlist("permissions"),
            days=int(days) if days.isascii() and days.isdigit() else 0,
            by=agent_name(),
            now=current().clock(),
        )
    except KBError as error:
        problem = describe(error)
        return _page(problem=problem), problem.status
    return _page(made=token, text=text, typed={})


@blueprint.post("/revoke")
def revoke_token() -> Redirect:
    """End a token at once."""
    check_form()
    tokens.revoke(current().database, short_field("name"), now=current().clock())
    return redirect(url_for("tokens.show_tokens"), 303)

"""Who sits here as long as there are no accounts: a name this browser keeps in a cookie."""

from __future__ import annotations

from urllib.parse import quote

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response as Redirect

from kb.texts import clean_text
from web.guard import check_form
from web.parsing import AGENT_COOKIE, MAX_AGENT
from web.signed import safe_place

blueprint = Blueprint("agent", __name__)
KEPT_SECONDS = 365 * 24 * 3600


@blueprint.post("/agent")
def set_name() -> Redirect:
    """Keep the name, or with an empty one forget it; back to the page it was given on."""
    check_form()
    name = clean_text(request.form.get("name", ""), field="我是", longest=MAX_AGENT)
    place = request.form.get("next", "")
    back = redirect(safe_place(place, otherwise=url_for("desk.show_desk")), 303)
    if not name:
        back.delete_cookie(AGENT_COOKIE)
        return back
    back.set_cookie(
        AGENT_COOKIE,
        quote(name),
        max_age=KEPT_SECONDS,
        httponly=True,
        samesite="Lax",
        secure=request.is_secure,
    )
    return back

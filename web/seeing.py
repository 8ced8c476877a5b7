"""Which view of the desk this request gets: the one just chosen, the browser's, or by tenure."""

from __future__ import annotations

from flask import g, request
from werkzeug.wrappers import Response

from kb.errors import InvalidInput
from kb.seeing import REGULAR, VIEWS, DeskView, view_by_tenure
from kb.store.reports import read_first_day
from web.parsing import named_agent
from web.services import current

VIEW_COOKIE = "kb_view"
KEPT_SECONDS = 365 * 24 * 3600


def view_code() -> str:
    """Code of the view; somebody without a name sees the regular one."""
    if "view" not in g:
        g.view = _kept() or _by_tenure()
    return str(g.view)


def current_view() -> DeskView:
    """The view itself."""
    return VIEWS[view_code()]


def choose_view(code: str) -> None:
    """Take a view for the rest of this request; raise InvalidInput for an unknown one."""
    if code not in VIEWS:
        names = "、".join(view.name for view in VIEWS.values())
        raise InvalidInput(f"应为 {names} 之一", field="显示方式")
    g.view = code


def keep_view(answer: Response) -> Response:
    """Let this browser keep the view of this request."""
    answer.set_cookie(
        VIEW_COOKIE,
        view_code(),
        max_age=KEPT_SECONDS,
        httponly=True,
        samesite="Lax",
        secure=request.is_secure,
    )
    return answer


def _kept() -> str:
    code = request.cookies.get(VIEW_COOKIE, "")
    return code if code in VIEWS else ""


def _by_tenure() -> str:
    agent, services = named_agent(), current()
    if not agent:
        return REGULAR
    first = read_first_day(services.database.connection, agent)
    return view_by_tenure(first, services.clock())

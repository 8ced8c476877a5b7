"""Who may call what: one table from endpoint to permission; what stands nowhere in it is refused.

Checked before every request. On a desk without accounts the table is asked too, of somebody who
may do everything (``kb.access.ANYBODY``), and only from this machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import urlsplit

from flask import Flask, Response, g, redirect, request, url_for
from werkzeug.wrappers import Response as Redirect

from kb.access import ANYBODY, STRANGER, Permission, Viewer
from kb.errors import AccountsMissing, Forbidden, SignInNeeded
from web import bounding
from web.auditing import note_read
from web.errors import wants_page
from web.events import log_event
from web.signed import identify

PUBLIC = "public"
"""For everybody, signed in or not."""
SIGNED_IN = "signed_in"
"""For everybody who is known, whatever they may do."""
OWN = "own"
"""For people with an account: what they do with it."""
UNCLAIMED = "unclaimed"
"""As long as there are no accounts."""
FREE = frozenset({"static", "health.get_health", "health.get_readiness"})
"""Answered without asking who it is: probes go on when the database does not."""
FROM_HERE = frozenset({"health.get_metrics"})
"""Open to programs of this very machine."""
LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP")
_P = Permission
GROUPS: Mapping[str, tuple[str, ...]] = {
    PUBLIC: (
        *FREE, "problems.show_problem", "contact.show_contact", "signing.show_sign_in",
        "signing.sign_in", "signing.show_welcome", "signing.welcome", "unified.begin",
        "unified.finish",
    ),
    SIGNED_IN: ("health.get_openapi",),
    OWN: (
        "signing.sign_out", "account.show_account", "account.change_password",
        "account.turn_on_codes", "account.turn_off_codes", "account.renew_codes",
        "account.end_sign_in",
    ),
    UNCLAIMED: ("agent.set_name",),
    _P.READ_HANDBOOK: (
        "handbook.show_articles", "handbook.show_article", "handbook.confirm_reading",
        "handbook.keep_article", "search.show_search", "search.find_quickly", "search.report_gap",
        "api-search.get_search", "api-search.create_search", "api-articles.get_articles",
        "api-articles.get_article", "api-articles.get_categories", "api-limits.get_limits",
        "api-limits.create_due",
    ),
    _P.TAKE_CALLS: (
        "desk.show_desk", "desk.show_suggestions", "desk.show_fragment", "desk.show_reading",
        "desk.close_at_once", "desk.report_gap", "desk.say_none_fits", "desk.switch_view",
        "pop.show_call",
        "tickets.create_ticket", "tickets.save", "tickets.suggest", "closing.close",
        "closing.escalate", "closing.reopen", "closing.callback", "links.unlink", "links.relink",
        "dispatching.take", "dispatching.release", "dispatching.show_order",
        "dispatching.send_order", "api-suggestions.create_suggestions",
        "api-suggestions.get_suggestions", "api-suggestions.create_displayed",
        "api-suggestions.create_decision", "api-suggestions.undo_decision",
        "api-suggestions.create_event", "api-suggestions.undo_event", "api-tickets.create_ticket",
        "api-tickets.update_ticket", "api-tickets.create_link", "api-tickets.assign_ticket",
        "api-tickets.dispatch_ticket", "api-tickets.drop_link", "api-tickets.close_ticket",
        "api-tickets.reopen_ticket", "api-tickets.escalate_ticket", "api-tickets.call_back",
    ),
    _P.READ_TICKETS: (
        "tickets.show_tickets", "tickets.show_ticket", "api-tickets.get_tickets",
        "api-tickets.get_ticket",
    ),
    _P.RING_CALLS: ("pop.create_call", "api-calls.create_call"),
    _P.LEARN: (
        "learning.show_home", "learning.show_cards", "learning.grade", "learning.undo",
        "drilling.show_next", "drilling.start", "drilling.show_drill", "drilling.answer",
        "progress.show_path", "progress.mark_read", "progress.show_progress", "progress.claim",
        "progress.show_certificate", "api-learning.get_cards", "api-learning.create_grade",
        "api-learning.undo", "api-learning.create_drill", "api-learning.create_answer",
        "api-learning.get_progress",
    ),
    _P.LEAD_LEARNING: (
        "progress.show_team", "progress.assign_path", "progress.show_editor", "progress.edit_path",
    ),
    _P.READ_DRAFTS: (
        "editing.show_queue", "editing.show_form", "editing.show_state", "editing.take_step",
        "editing.show_impact", "editing.show_history", "using.show_owned", "using.show_usage",
        "comparing.show_file", "vocabulary.show", "vocabulary.show_history",
        "limits.show_all", "limits.show", "limits.show_impact", "limits.take_step",
        "classes.show_all", "classes.show", "classes.show_impact", "classes.take_step",
        "api-editing.get_draft", "api-editing.get_impact", "api-editing.comment",
        "api-editing.get_revisions", "api-editing.get_diff", "api-editing.get_queue",
        "api-vocabulary.get_vocabulary", "api-vocabulary.get_versions", "api-vocabulary.get_diff",
    ),
    _P.EDIT: (
        "editing.open_new", "editing.save", "editing.preview", "editing.autosave",
        "editing.discard", "documents.show_upload", "documents.preview", "documents.confirm",
        "starting.show_start", "starting.start", "vocabulary.submit", "vocabulary.rollback",
        "limits.open_new", "limits.propose", "classes.open_new", "classes.propose",
        "api-editing.put_draft", "api-editing.submit", "api-editing.withdraw",
        "api-editing.restore", "api-vocabulary.put_vocabulary", "api-vocabulary.preview",
        "api-vocabulary.rollback", "api-documents.preview",
    ),
    _P.REVIEW: ("api-editing.approve", "api-editing.reject", "api-editing.archive"),
    _P.READ_REPORTS: (
        "reports.show_outcomes", "reports.show_searches", "reports.show_articles",
        "reports.show_gaps", "reports.show_tasks", "api-reports.get_outcomes",
        "api-reports.get_searches", "api-reports.get_articles", "api-reports.get_gaps",
        "api-reports.get_tasks",
    ),
    _P.CLOSE_TASKS: (
        "reports.mark", "reports.close_task", "api-reports.mark", "api-reports.close_task",
    ),
    _P.EXPORT_DATA: (
        "exports.show_exports", "exports.ask", "exports.decide", "exports.fetch",
    ),
    _P.MANAGE_ACCOUNTS: (
        "accounts.show_accounts", "accounts.add_account", "accounts.show_account",
        "accounts.change_account", "tokens.show_tokens", "tokens.add_token",
        "tokens.revoke_token",
    ),
    _P.READ_METRICS: ("health.get_metrics",),
    _P.READ_AUDIT: ("trail.show_trail", "trail.verify"),
}  # fmt: skip
STEPS: Mapping[str, Permission] = {
    "submit": _P.EDIT,
    "withdraw": _P.EDIT,
    "restore": _P.EDIT,
    "drop": _P.EDIT,
    "approve": _P.REVIEW,
    "reject": _P.REVIEW,
    "archive": _P.REVIEW,
}
"""What the buttons of one form need beyond the form."""
EDITORS = (
    "editing.", "documents.", "vocabulary.", "limits.", "classes.", "using.", "starting.",
    "comparing.",
)  # fmt: skip
NAVIGATION: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("desk.show_desk", "坐席台", ("desk.",)),
    ("tickets.show_tickets", "工单", ("tickets.",)),
    ("handbook.show_articles", "手册", ("handbook.show_article",)),
    ("search.show_search", "检索", ()),
    ("learning.show_home", "学习", ("learning.", "drilling.", "progress.")),
    ("editing.show_queue", "编辑", EDITORS),
    ("reports.show_outcomes", "报表", ("reports.", "exports.")),
    ("accounts.show_accounts", "账号", ("accounts.", "tokens.")),
    ("trail.show_trail", "审计", ("trail.",)),
)
"""The links on every page: endpoint, name, and which endpoints count as being there."""
HOMES: Mapping[str, str] = {
    _P.TAKE_CALLS: "desk.show_desk",
    _P.READ_DRAFTS: "editing.show_queue",
    _P.LEARN: "learning.show_home",
    _P.MANAGE_ACCOUNTS: "accounts.show_accounts",
    _P.READ_AUDIT: "trail.show_trail",
}
"""Where somebody starts: the first of these that is allowed."""


def init_app(app: Flask) -> None:
    """Check every request of the app, and tell the templates what may be shown."""
    app.before_request(check)
    app.jinja_env.globals.update(
        viewer=seen_viewer, start_page=home, can_open=can_open, navigation=NAVIGATION
    )


@lru_cache(maxsize=1)
def table() -> Mapping[str, str]:
    """What each endpoint needs."""
    return {endpoint: needed for needed, group in GROUPS.items() for endpoint in group}


def seen_viewer() -> Viewer:
    """Who this request is of, as far as it was found out; asks no database."""
    found: Viewer = g.get("viewer", STRANGER)
    return found


def can_open(endpoint: str, step: str = "") -> bool:
    """Whether whoever asks may call an endpoint, and take this step there: the one question that
    links and buttons of pages ask."""
    is_allowed = allows(seen_viewer(), table().get(endpoint, ""))
    return is_allowed and (not step or seen_viewer().may(STEPS[step]))


def allows(viewer: Viewer, needed: str) -> bool:
    """Whether the table's word lets ``viewer`` through; an endpoint without one is for nobody,
    but for those who may do everything."""
    if needed == PUBLIC:
        return True
    if needed == SIGNED_IN:
        return viewer != STRANGER
    if needed == OWN:
        return viewer.account_id is not None
    if needed in (UNCLAIMED, ""):
        return viewer == ANYBODY
    return viewer.may(needed)


def home() -> str:
    """Address of the page where whoever asks starts."""
    viewer = seen_viewer()
    found = (endpoint for needed, endpoint in HOMES.items() if viewer.may(needed))
    return url_for(next(found, "account.show_account" if viewer.name else "desk.show_desk"))


def require(permission: str) -> None:
    """Refuse whoever has not this permission; for what depends on the content of a request."""
    if not seen_viewer().may(permission):
        _refuse()


def check() -> Redirect | Response | None:
    """Find out who asks, and refuse what they may not."""
    endpoint = request.endpoint
    if endpoint in FREE:
        return None
    g.viewer = viewer = identify()
    if endpoint is None:
        return None
    needed = table().get(endpoint, "")
    if viewer == ANYBODY:
        _check_here()
    elif endpoint in FROM_HERE and is_from_here():
        return None
    if allows(viewer, needed):
        bounding.bind()
        return _ask_for_password(needed)
    if viewer == STRANGER:
        return _ask_to_sign_in()
    _refuse()
    return None


def _check_here() -> None:
    """Without accounts nobody but this machine is served, whatever name it was reached by."""
    if not is_from_here():
        raise AccountsMissing("请先在服务器上运行 kb user add 建第一个管理员账号")


def is_from_here() -> bool:
    """Whether a program of this machine asks, by a name of this machine, through no proxy."""
    try:
        is_near = ip_address(request.remote_addr or "").is_loopback
        name = urlsplit(f"//{request.host}").hostname
    except ValueError:
        return False
    return (
        is_near and name in LOCAL_NAMES and not any(each in request.headers for each in FORWARDED)
    )


def _ask_to_sign_in() -> Redirect:
    """To the sign-in page and back, for a browser that only reads; else refuse."""
    if request.method in ("GET", "HEAD") and wants_page():
        place = request.full_path.rstrip("?")
        return redirect(url_for("signing.show_sign_in", next=place), 303)
    raise SignInNeeded


def _ask_for_password(needed: str) -> Redirect | None:
    """An old password is changed before anything else, where the rules say so."""
    if not g.get("must_change") or needed in (PUBLIC, OWN):
        return None
    if wants_page():
        return redirect(url_for("account.show_account"), 303)
    raise Forbidden("密码已到期，请先改密码")


def _refuse() -> None:
    route = request.url_rule.rule if request.url_rule else ""
    log_event(
        "access_refused",
        account=seen_viewer().account_id,
        route=route,
        request_id=g.request_id,
    )
    if seen_viewer().name:
        note_read(f"refused:{route}")
    if seen_viewer() == ANYBODY:
        raise AccountsMissing("第一个管理员账号用 kb serve 打印的一次性链接建，或用 kb user add")
    raise Forbidden

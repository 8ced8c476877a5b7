"""Every refusal as an HTTP answer: one table from reason to status, one form (RFC 9457)."""

# ruff: noqa: N818 (named as in kb.errors: the reason, not the mechanism)

from __future__ import annotations

import errno
import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus

from flask import Flask, Response, g, render_template, request
from werkzeug.exceptions import HTTPException

from kb import errors
from kb.database import result_code
from kb.errors import KBError
from kb.soundness import mark
from kb.vocabulary import KINDS, RowFault, VocabularyInvalid
from web.events import log_event
from web.form_names import name_field
from web.services import current

REFUSALS = (KBError, sqlite3.OperationalError)
"""What a page answers by showing again all that was typed, with the reason."""
SERVICE_PATHS = ("/api/", "/healthz", "/readyz", "/metrics")
RETRY_SECONDS = "5"
HEADERS: Mapping[HTTPStatus, Mapping[str, str]] = {
    HTTPStatus.SERVICE_UNAVAILABLE: {"Retry-After": RETRY_SECONDS},
    HTTPStatus.UNAUTHORIZED: {"WWW-Authenticate": "Bearer"},
    HTTPStatus.TOO_MANY_REQUESTS: {"Retry-After": "900"},
}
"""What an answer of a status always carries."""


class InvalidFields(KBError):
    """输入有误"""

    code = "invalid-input"

    def __init__(self, faults: Sequence[Fault]) -> None:
        """Keep what is wrong with each field."""
        self.faults = tuple(faults)
        super().__init__("；".join(f"{fault.name}：{fault.detail}" for fault in self.faults))


class MalformedRequest(KBError):
    """请求的写法有误"""

    code = "malformed-request"


class TooManyRequests(KBError):
    """请求太频繁，请稍后再试"""

    code = "too-many-requests"

    def __init__(self, seconds: int) -> None:
        """``seconds``: until it may be tried again."""
        self.seconds = seconds
        super().__init__(f"每分钟的次数用完了，请 {seconds} 秒后再试")


class Overloaded(KBError):
    """服务正忙，请稍后再试"""

    code = "overloaded"

    def __init__(self, seconds: int) -> None:
        """``seconds``: until it may be tried again."""
        self.seconds = seconds
        super().__init__(f"同时提问的人太多，请 {seconds} 秒后再试；已填的内容还在")


class UnsupportedMediaType(KBError):
    """请求体应为 application/json"""

    code = "unsupported-media-type"


class CrossSiteRequest(KBError):
    """不接受来自其他网站的请求"""

    code = "cross-site-request"


class FormExpired(KBError):
    """页面已过期，请刷新页面后再提交"""

    code = "form-expired"


STATUS: Mapping[type[KBError], HTTPStatus] = {
    KBError: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.InvalidInput: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.ArticleNotFound: HTTPStatus.NOT_FOUND,
    errors.DocumentRefused: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.TimeLimitNotFound: HTTPStatus.NOT_FOUND,
    errors.CategoryNotFound: HTTPStatus.NOT_FOUND,
    errors.TicketNotFound: HTTPStatus.NOT_FOUND,
    errors.LinkNotFound: HTTPStatus.NOT_FOUND,
    errors.ImpressionNotFound: HTTPStatus.NOT_FOUND,
    errors.SessionNotFound: HTTPStatus.NOT_FOUND,
    errors.CallNotFound: HTTPStatus.NOT_FOUND,
    errors.LinkSpent: HTTPStatus.GONE,
    errors.EventNotFound: HTTPStatus.NOT_FOUND,
    errors.DecisionNotFound: HTTPStatus.NOT_FOUND,
    errors.EventKeyConflict: HTTPStatus.CONFLICT,
    errors.UndoRefused: HTTPStatus.CONFLICT,
    errors.TicketConflict: HTTPStatus.CONFLICT,
    errors.ReviewTaskNotFound: HTTPStatus.NOT_FOUND,
    errors.ReviewTaskConflict: HTTPStatus.CONFLICT,
    errors.GapNotFound: HTTPStatus.NOT_FOUND,
    errors.CardNotFound: HTTPStatus.NOT_FOUND,
    errors.DrillNotFound: HTTPStatus.NOT_FOUND,
    errors.NoCase: HTTPStatus.NOT_FOUND,
    errors.CertificateRefused: HTTPStatus.CONFLICT,
    errors.StaleVersion: HTTPStatus.PRECONDITION_FAILED,
    errors.RevisionConflict: HTTPStatus.PRECONDITION_FAILED,
    errors.VersionMissing: HTTPStatus.PRECONDITION_REQUIRED,
    errors.EditRefused: HTTPStatus.CONFLICT,
    errors.LowersRanking: HTTPStatus.CONFLICT,
    errors.VocabularyNotFound: HTTPStatus.NOT_FOUND,
    VocabularyInvalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.SelfApproval: HTTPStatus.FORBIDDEN,
    errors.IdempotencyConflict: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.HandbookInvalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.DataFolderInUse: HTTPStatus.CONFLICT,
    errors.BackupDamaged: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.DatabaseTooNew: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.DataFolderMissing: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.IndexMissing: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.IndexMismatch: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.IndexDamaged: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.IndexBusy: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.DatabaseDamaged: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.DiskFull: HTTPStatus.INSUFFICIENT_STORAGE,
    errors.PortInUse: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.EncoderUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.RankerVersionNotFound: HTTPStatus.NOT_FOUND,
    errors.ExperimentNotFound: HTTPStatus.NOT_FOUND,
    errors.ExportNotFound: HTTPStatus.NOT_FOUND,
    errors.ExportRefused: HTTPStatus.CONFLICT,
    errors.ExperimentConflict: HTTPStatus.CONFLICT,
    errors.AccountNotFound: HTTPStatus.NOT_FOUND,
    errors.AccountConflict: HTTPStatus.CONFLICT,
    errors.AccountLinkSpent: HTTPStatus.GONE,
    errors.AccountsMissing: HTTPStatus.FORBIDDEN,
    errors.SignInNeeded: HTTPStatus.UNAUTHORIZED,
    errors.SignInRefused: HTTPStatus.UNAUTHORIZED,
    errors.SignInLocked: HTTPStatus.TOO_MANY_REQUESTS,
    errors.IdentityRefused: HTTPStatus.UNAUTHORIZED,
    errors.ProviderUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.AccountNotLinked: HTTPStatus.FORBIDDEN,
    errors.KeyLost: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.ExtraMissing: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.Forbidden: HTTPStatus.FORBIDDEN,
    InvalidFields: HTTPStatus.UNPROCESSABLE_ENTITY,
    MalformedRequest: HTTPStatus.BAD_REQUEST,
    TooManyRequests: HTTPStatus.TOO_MANY_REQUESTS,
    Overloaded: HTTPStatus.SERVICE_UNAVAILABLE,
    UnsupportedMediaType: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    CrossSiteRequest: HTTPStatus.FORBIDDEN,
    FormExpired: HTTPStatus.FORBIDDEN,
}
HTTP_TITLES: Mapping[int, tuple[str, str]] = {
    400: ("malformed-request", "请求的写法有误"),
    403: ("forbidden", "不允许这样做"),
    404: ("not-found", "没有这个地址"),
    405: ("method-not-allowed", "这个地址不支持这种请求方法"),
    413: ("too-large", "请求内容过大"),
    414: ("uri-too-long", "地址过长"),
    415: ("unsupported-media-type", "请求体应为 application/json"),
    416: ("range-not-satisfiable", "请求的范围不存在"),
    500: ("internal-error", "服务内部出错，已记下"),
    503: ("unavailable", "服务暂时不可用，请稍后再试"),
}
"""Slug and title of the answers that the framework itself gives."""


_FULL = (507, errors.DiskFull.code, (errors.DiskFull.__doc__ or "").strip())
_BUSY = (503, "database-busy", "另一个进程正在写数据库，请稍后再试")
_DAMAGED = (503, errors.DatabaseDamaged.code, (errors.DatabaseDamaged.__doc__ or "").strip())
_DATABASE_SAYS: Mapping[int, tuple[int, str, str]] = {
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_BUSY: _BUSY,
    sqlite3.SQLITE_LOCKED: _BUSY,
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
}
"""Status, slug and title by SQLite's primary result code."""
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True)
class Fault:
    """What is wrong with one field; ``pointer`` is a JSON pointer into the body."""

    pointer: str
    code: str
    detail: str

    @property
    def name(self) -> str:
        """The field as a reader names it: ``solution.impression_id``; the whole body is 请求体."""
        return self.pointer.strip("/").replace("/", ".") or "请求体"


@dataclass(frozen=True)
class Problem:
    """One refusal, ready to be written."""

    slug: str
    title: str
    status: int
    detail: str
    faults: tuple[Fault, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


def init_app(app: Flask) -> None:
    """Answer every error of the app as a problem."""
    app.register_error_handler(KBError, lambda error: respond(describe(error)))
    app.register_error_handler(HTTPException, lambda error: respond(describe_http(error)))
    app.register_error_handler(sqlite3.DatabaseError, _answer_database)
    app.register_error_handler(OSError, _answer_system)
    app.jinja_env.globals["database_damage"] = lambda: current().database.damage
    app.register_error_handler(Exception, _answer_failure)


def status_of(error: type[KBError]) -> HTTPStatus:
    """The status of a reason, or of the nearest reason it derives from."""
    return next(STATUS[kind] for kind in error.__mro__ if kind in STATUS)


def describe(error: KBError | sqlite3.OperationalError) -> Problem:
    """The problem that one of our own errors is, or a database that does not do its part."""
    if isinstance(error, sqlite3.OperationalError):
        return _describe_database(error)
    status = status_of(type(error))
    faults = error.faults if isinstance(error, InvalidFields) else ()
    if isinstance(error, VocabularyInvalid):
        faults = tuple(map(_row_fault, error.faults))
    if error.field and not faults:
        pointer = "/" + error.field.replace(".", "/")
        faults = (Fault(pointer, error.code, error.detail or error.title),)
    detail = error.detail or error.title
    if error.field and error.detail:
        detail = f"{_field_name(error.field)}：{error.detail}"
    elif isinstance(error, InvalidFields):
        detail = "；".join(f"{_field_name(fault.name)}：{fault.detail}" for fault in faults)
    headers = dict(HEADERS.get(status, {}))
    if isinstance(error, TooManyRequests | Overloaded):
        headers["Retry-After"] = str(error.seconds)
    return Problem(error.code, error.title, int(status), detail, tuple(faults), headers)


def _field_name(field: str) -> str:
    """A field as its form calls it; programs get the name they sent."""
    is_service = request.path.startswith(SERVICE_PATHS)
    return field if is_service else name_field(request.path, field)


def _row_fault(fault: RowFault) -> Fault:
    told = f"{KINDS[fault.kind]}第 {fault.row} 行：{fault.detail}"
    return Fault(f"/tables/{fault.kind}/{fault.row - 1}", "invalid", told)


def describe_http(error: HTTPException) -> Problem:
    """The problem that an error of the framework is; keeps its headers, such as Allow."""
    status = error.code or 500
    slug, title = HTTP_TITLES.get(status, ("error", "操作未完成"))
    kept = {
        name: value
        for name, value in error.get_headers(request.environ)
        if name.lower() in ("allow", "retry-after")
    }
    return Problem(slug, title, status, title, (), kept)


def respond(problem: Problem) -> Response:
    """Write the problem: a page for who asks for one, else problem+json."""
    if wants_page():
        response = Response(render_template("problem.html", problem=problem), problem.status)
    else:
        response = problem_json(problem)
    response.headers.extend(dict(problem.headers))
    return response


def problem_json(problem: Problem) -> Response:
    """The problem as ``application/problem+json``."""
    body: dict[str, object] = {
        "type": f"/problems/{problem.slug}",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "instance": str(g.get("request_id", "")),
    }
    if problem.faults:
        body["errors"] = [
            {"pointer": fault.pointer, "code": fault.code, "detail": fault.detail}
            for fault in problem.faults
        ]
    text = json.dumps(body, ensure_ascii=False)
    text = text.encode("utf-8", "replace").decode()
    return Response(text, problem.status, mimetype="application/problem+json")


def wants_page() -> bool:
    """Whether the reader is a browser on a page, not a program."""
    if request.path.startswith(SERVICE_PATHS):
        return False
    offered = ["application/problem+json", "application/json", "text/html"]
    return request.accept_mimetypes.best_match(offered) == "text/html"


def _answer_database(error: sqlite3.DatabaseError) -> Response:
    """What the desk can do about a database that does not do its part; a rule of the schema that
    was broken is a mistake of ours."""
    is_known = result_code(error) in _DATABASE_SAYS
    if not is_known and not isinstance(error, sqlite3.OperationalError):
        return _answer_failure(error)
    return respond(_describe_database(error))


def _describe_database(error: sqlite3.DatabaseError) -> Problem:
    """What is said of it; it was waited for long enough, so the page that says so waits no more."""
    current().database.hurry(error)
    if result_code(error) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        mark(current().settings.database, [str(error)])
    log_event("database_unavailable", error=type(error).__name__, request_id=g.request_id)
    status, slug, title = _DATABASE_SAYS.get(result_code(error), (503, *HTTP_TITLES[503]))
    retry = {"Retry-After": RETRY_SECONDS} if status == 503 else {}
    return Problem(slug, title, status, title, (), retry)


def _answer_system(error: OSError) -> Response:
    """A disk that is full, of files beside the database; all else is a failure."""
    if error.errno not in _NO_SPACE:
        return _answer_failure(error)
    log_event("disk_full", request_id=g.request_id)
    return respond(describe(errors.DiskFull()))


def _answer_failure(error: Exception) -> Response:
    """The outermost catch: the kind and place are logged, never the message (it may quote)."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else ""
    log_event("request_failed", error=type(error).__name__, place=place, request_id=g.request_id)
    slug, title = HTTP_TITLES[500]
    return respond(Problem(slug, title, 500, f"{title}（编号 {g.request_id}）"))

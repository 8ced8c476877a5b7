"""The API as an OpenAPI 3.1 document, from one table of operations and the models they name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from kb import __version__
from web import bodies, drafts, incoming, learning_bodies, vocabulary
from web.idempotency import HEADER, REPLAYED
from web.openapi_links import LINKS, operation_id
from web.parsing import AGENT_HEADER
from web.replies import base, editing, handbook, learning, reports, service, suggestions, tickets
from web.signed import COOKIE

REF = "#/components/schemas/{model}"
PROBLEMS = (400, 401, 403, 404, 405, 409, 412, 413, 415, 422, 428, 429, 500, 503, 507)
CHANGE_NOTHING = ("/search", "/documents/preview")
"""Called by POST because their input is large or private; they may be sent again anyhow."""
_BASE = ("If-Match", '改的是哪一版，例如 "v3"')
CONDITIONS: Mapping[tuple[str, str], tuple[tuple[str, str], ...]] = {
    ("PATCH", "/tickets/{ticket_no}"): (_BASE,),
    ("POST", "/tickets/{ticket_no}/assign"): (_BASE,),
    ("POST", "/tickets/{ticket_no}/dispatch"): (_BASE,),
    ("PUT", "/vocabulary"): (_BASE,),
    ("POST", "/vocabulary/preview"): (_BASE,),
    ("PUT", "/articles/{article_id}/draft"): (
        ("If-Match", '改的是哪一版，例如 "rev-3"'),
        ("If-None-Match", "* 表示新条目"),
    ),
    ("GET", "/articles/{article_id}"): (("If-None-Match", "已有的 ETag，内容未变则答 304"),),
}
"""Headers by which a call says what it is based on."""
OPEN = ("/healthz", "/readyz")
"""For everybody; all else asks for one of these, once the desk has accounts."""
Json = dict[str, Any]
SECURITY: Mapping[str, Json] = {
    "token": {"type": "http", "scheme": "bearer", "description": "接口令牌，kb token add"},
    "sign_in": {"type": "apiKey", "in": "cookie", "name": COOKIE, "description": "网页登录"},
}


@dataclass(frozen=True)
class Operation:
    """One call: where it is, what it takes, what it answers."""

    method: str
    path: str
    summary: str
    reply: type[BaseModel] | None
    body: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    status: int = 200
    statuses: tuple[int, ...] = ()
    is_sheet: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from every other."""
        return self.method, self.path


OPERATIONS: tuple[Operation, ...] = (
    Operation("POST", "/suggestions", "为一段投诉内容给出规程、时限和过往处理",
              suggestions.AnswerReply, bodies.SuggestionBody),
    Operation("GET", "/suggestions/{session_id}", "一次建议的记录：显示了什么、做了什么",
              suggestions.SessionReply),
    Operation("POST", "/suggestions/{session_id}/displayed", "记录已显示在屏幕上的条目",
              suggestions.RecordedReply, bodies.DisplayedBody),
    Operation("POST", "/impressions/{impression_id}/events", "记录坐席对一条建议做了什么",
              suggestions.EventCreatedReply, bodies.EventBody, status=201),
    Operation("POST", "/suggestions/{session_id}/decisions", "都不适用，或报缺口",
              suggestions.DecisionReply, bodies.DecisionBody, status=201),
    Operation("POST", "/decisions/{decision_id}/undo", "撤销刚才的决定",
              suggestions.DecisionReply),
    Operation("POST", "/events/{event_id}/undo", "撤销刚才的操作",
              suggestions.EventUndoneReply),
    Operation("GET", "/search", "检索（短词，可写在地址里）",
              suggestions.SearchReply, query=bodies.SearchQueryString),
    Operation("POST", "/search", "检索（内容不写在地址里）",
              suggestions.SearchReply, bodies.SearchBody),
    Operation("POST", "/tickets", "建单", tickets.TicketReply, bodies.TicketBody, status=201),
    Operation("GET", "/tickets", "工单列表，最新受理的在前",
              tickets.TicketListReply, query=bodies.TicketPage),
    Operation("GET", "/tickets/{ticket_no}", "一张工单的全部经过", tickets.ChainReply),
    Operation("PATCH", "/tickets/{ticket_no}", "修改处理中的工单",
              tickets.TicketReply, bodies.TicketChanges),
    Operation("POST", "/tickets/{ticket_no}/links", "关联知识",
              tickets.LinkReply, bodies.LinkBody, status=201),
    Operation("POST", "/tickets/{ticket_no}/unlink", "撤销关联",
              tickets.LinkReply, bodies.UnlinkBody),
    Operation("POST", "/tickets/{ticket_no}/assign", "认领、转交或退回",
              tickets.TicketReply, bodies.AssignBody),
    Operation("POST", "/tickets/{ticket_no}/dispatch", "派单到部门或人",
              tickets.TicketReply, bodies.DispatchBody),
    Operation("POST", "/calls", "来电弹屏：登记一个来电，返回一次性链接",
              tickets.CallReply, bodies.CallBody, status=201),
    Operation("POST", "/tickets/{ticket_no}/close", "办结", tickets.TicketReply, bodies.CloseBody),
    Operation("POST", "/tickets/{ticket_no}/reopen", "重开",
              tickets.TicketReply, bodies.ReopenBody),
    Operation("POST", "/tickets/{ticket_no}/escalate", "记录升级",
              tickets.TicketReply, bodies.EscalateBody),
    Operation("POST", "/tickets/{ticket_no}/callback", "回访",
              tickets.TicketReply, bodies.CallbackBody),
    Operation("GET", "/articles", "某一天有效的知识条目",
              handbook.ArticleListReply, query=bodies.ArticleList),
    Operation("GET", "/articles/{article_id}", "一个知识条目",
              handbook.ArticleReply, query=bodies.ArticleVersion, statuses=(304,)),
    Operation("GET", "/articles/{article_id}/draft", "最新的一版，含草稿、审核情况和检查结果",
              editing.DraftReply),
    Operation("PUT", "/articles/{article_id}/draft",
              "保存为新的一版（If-Match 写明改的是哪一版，新条目用 If-None-Match: *）",
              editing.DraftReply, drafts.DraftBody, statuses=(201,)),
    Operation("POST", "/articles/{article_id}/submit", "送审",
              editing.DraftReply, drafts.StepBody),
    Operation("POST", "/articles/{article_id}/withdraw", "撤回",
              editing.DraftReply, drafts.StepBody),
    Operation("POST", "/articles/{article_id}/approve", "批准，人数够了即发布",
              editing.DraftReply, drafts.StepBody),
    Operation("POST", "/articles/{article_id}/reject", "退回",
              editing.DraftReply, drafts.StepBody),
    Operation("POST", "/articles/{article_id}/comments", "评论一版",
              editing.DraftReply, drafts.StepBody, status=201),
    Operation("POST", "/articles/{article_id}/archive", "归档，从今天起不再给出",
              editing.DraftReply, drafts.ArchiveBody),
    Operation("POST", "/articles/{article_id}/restore", "以旧版文字为新草稿",
              editing.DraftReply, drafts.RestoreBody, status=201),
    Operation("GET", "/articles/{article_id}/revisions", "全部版本：谁、何时、为何",
              editing.RevisionListReply),
    Operation("GET", "/articles/{article_id}/diff", "两版逐字对照",
              editing.DiffReply, query=drafts.DiffQuery),
    Operation("GET", "/articles/{article_id}/impact", "发布最新一版会改变哪些检索结果",
              editing.ImpactReply),
    Operation("GET", "/vocabulary", "现行词表", editing.VocabularyReply),
    Operation("PUT", "/vocabulary", "保存为新的一版词表（If-Match 写明改的是哪一版）",
              editing.VocabularyReply, vocabulary.VocabularyBody),
    Operation("POST", "/vocabulary/preview", "保存这样的词表会改变哪些检索结果",
              editing.ImpactReply, vocabulary.VocabularyPreviewBody),
    Operation("POST", "/vocabulary/rollback", "把旧版词表恢复为新的一版",
              editing.VocabularyReply, vocabulary.RollbackBody),
    Operation("GET", "/vocabulary/versions", "词表的全部版本：谁、何时、为何",
              editing.VocabularyListReply),
    Operation("GET", "/vocabulary/diff", "两版词表对照",
              editing.VocabularyDiffReply, query=drafts.DiffQuery),
    Operation("GET", "/editing", "待办的草稿与审核，将到期的复核",
              editing.QueueReply, query=drafts.QueueQuery),
    Operation("POST", "/documents/preview",
              "Word 文件或 HTML 会变成哪些条目；不保存，再用 PUT …/draft 逐条存",
              editing.DocumentReply, incoming.DocumentBody),
    Operation("GET", "/categories", "投诉分类",
              handbook.CategoryListReply, query=bodies.CategoryList),
    Operation("GET", "/time-limits", "时限",
              handbook.LimitListReply, query=bodies.LimitList),
    Operation("POST", "/time-limits/due", "计算到期时间", handbook.DueReply, bodies.DueBody),
    Operation("GET", "/reports/outcomes", "成效：关联、采纳、办结与反复",
              reports.OutcomeReportReply, query=bodies.ReportQuery, is_sheet=True),
    Operation("GET", "/reports/search", "检索：无结果与换说法",
              reports.SearchReportReply, query=bodies.ReportQuery, is_sheet=True),
    Operation("GET", "/reports/articles", "条目各版本与各种办法的反复率",
              reports.ArticleReportReply, query=bodies.ReportQuery, is_sheet=True),
    Operation("GET", "/reports/gaps", "知识缺口，代价大的在前",
              reports.GapListReply, query=bodies.GapQuery, is_sheet=True),
    Operation("POST", "/reports/gaps/{gap_id}/mark", "把缺口记为已处理或不处理",
              reports.GapMarkedReply, bodies.GapMarkBody),
    Operation("GET", "/reports/tasks", "复核任务", reports.TaskListReply, query=bodies.TaskQuery),
    Operation("POST", "/reports/tasks/{task_id}/close", "办完一个复核任务",
              reports.TaskReply, bodies.TaskCloseBody),
    Operation("GET", "/learning/cards", "今天要复习的卡片", learning.DeckReply),
    Operation("POST", "/learning/cards/{card_id}/grade", "给一张卡片评分（1 忘了 … 4 很熟）",
              learning.GradeReply, learning_bodies.GradeBody, status=201),
    Operation("POST", "/learning/cards/undo", "撤销今天的上一次评分", learning.GradeReply),
    Operation("GET", "/learning/progress", "学习进度：第一周、各章掌握程度及区间",
              learning.ProgressReply),
    Operation("POST", "/learning/drills", "下一个案例练习",
              learning.DrillReply, learning_bodies.DrillBody, status=201),
    Operation("POST", "/learning/drills/{drill_id}/answer", "作答并逐步评分",
              learning.DrillResultReply, learning_bodies.DrillAnswerBody),
    Operation("GET", "/healthz", "进程在运行", service.HealthReply),
    Operation("GET", "/readyz", "可以提供服务", service.ReadinessReply, statuses=(503,)),
    Operation("GET", "/metrics", "运行指标（Prometheus 文本）", None),
    Operation("GET", "/openapi.json", "本文档", None),
)  # fmt: skip


@lru_cache(maxsize=1)
def build_document() -> Json:
    """The whole document."""
    schemas = _schemas()
    paths: dict[str, Json] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _describe(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "电信投诉处理知识库",
            "version": __version__,
            "description": "错误一律为 RFC 9457 application/problem+json。时间为北京时间。",
        },
        "servers": [{"url": "/api/v1"}],
        "security": [{name: []} for name in SECURITY],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": {"Problem": _problem()},
            "securitySchemes": SECURITY,
        },
    }


def _schemas() -> Json:
    models = {model for each in OPERATIONS for model in (each.body, each.query) if model}
    answers = {each.reply for each in OPERATIONS if each.reply} | {base.ProblemReply}
    kinds = [(model, "validation") for model in models]
    kinds += [(model, "serialization") for model in answers]
    kinds.sort(key=lambda pair: pair[0].__name__)
    _, document = models_json_schema(kinds, ref_template=REF)  # type: ignore[arg-type]
    found: Json = document["$defs"]
    return dict(sorted(found.items()))


def _describe(operation: Operation) -> Json:
    described: Json = {
        "operationId": operation_id(operation.key),
        "summary": operation.summary,
        "parameters": [
            *_path_parameters(operation),
            *_query_parameters(operation),
            _header(AGENT_HEADER, "坐席姓名，百分号编码的 UTF-8"),
            *(_header(*named) for named in CONDITIONS.get(operation.key, ())),
        ],
        "responses": {str(operation.status): _reply(operation) | _links(operation)},
    }
    if operation.path in OPEN:
        described["security"] = []
    for status in operation.statuses:
        described["responses"][str(status)] = _other_reply(operation, status)
        if status < 300:
            described["responses"][str(status)] |= _links(operation)
    for status in PROBLEMS:
        described["responses"].setdefault(str(status), {"$ref": "#/components/responses/Problem"})
    if operation.body:
        schema = {"$ref": REF.format(model=operation.body.__name__)}
        described["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": schema}},
        }
    if operation.method == "POST" and operation.body and operation.path not in CHANGE_NOTHING:
        described["parameters"].append(_header(HEADER, "重发时带同一个键，只办一次"))
    return described


def _links(operation: Operation) -> Json:
    """What the answer leads to."""
    found = {each.name: each.describe() for each in LINKS.get(operation.key, ())}
    return {"links": found} if found else {}


def _path_parameters(operation: Operation) -> list[Json]:
    names = [part[1:-1] for part in operation.path.split("/") if part.startswith("{")]
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in names
    ]


def _query_parameters(operation: Operation) -> list[Json]:
    if operation.query is None:
        return []
    schema = operation.query.model_json_schema()
    required = schema.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, "schema": _plain(found)}
        for name, found in schema["properties"].items()
    ]


def _plain(schema: Json) -> Json:
    """A parameter is absent, never null."""
    kinds = [kind for kind in schema.get("anyOf", []) if kind.get("type") != "null"]
    return kinds[0] if len(kinds) == 1 else {k: v for k, v in schema.items() if k != "title"}


def _header(name: str, description: str) -> Json:
    return {
        "name": name,
        "in": "header",
        "required": False,
        "description": description,
        "schema": {"type": "string"},
    }


def _reply(operation: Operation) -> Json:
    if operation.reply is None:
        kind = "application/json" if operation.path.endswith(".json") else "text/plain"
        return {"description": operation.summary, "content": {kind: {}}}
    schema = {"$ref": REF.format(model=operation.reply.__name__)}
    described: Json = {
        "description": operation.summary,
        "content": {"application/json": {"schema": schema}},
    }
    if operation.is_sheet:
        described["content"]["text/csv"] = {"schema": {"type": "string"}}
    if operation.method == "POST":
        described["headers"] = {
            REPLAYED: {"description": "true：这是先前的回答", "schema": {"type": "string"}}
        }
    return described


def _other_reply(operation: Operation, status: int) -> Json:
    if status == 304:
        return {"description": "内容未变"}
    return _reply(operation)


def _problem() -> Json:
    schema = {"$ref": REF.format(model="ProblemReply")}
    return {
        "description": "操作未完成及其原因",
        "content": {"application/problem+json": {"schema": schema}},
    }

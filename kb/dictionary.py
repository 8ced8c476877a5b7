"""The data dictionary of what ``kb export outcomes`` writes: every file, every column, one table.

The files and their description are both made from it, so they cannot disagree.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

KINDS: Mapping[str, str] = {
    "id": "标识 / identifier",
    "instant": "时间，ISO 8601 北京时间 / instant, ISO 8601, UTC+8",
    "code": "代码 / code",
    "text": "文字，已脱敏 / text, personal data masked",
    "number": "数值 / number",
    "flag": "0 或 1 / 0 or 1",
    "agent": "坐席，默认为带密钥的摘要 / agent, a keyed hash unless asked otherwise",
    "json": "JSON",
}
"""Kinds of columns, in both languages."""


@dataclass(frozen=True)
class Column:
    """One column: what it is called, what it holds, in Chinese and English."""

    name: str
    kind: str
    zh: str
    en: str


@dataclass(frozen=True)
class ExportFile:
    """One file. ``left_out``: columns of its table that are never written."""

    name: str
    table: str
    zh: str
    en: str
    columns: tuple[Column, ...]
    left_out: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        """Its columns, in order."""
        return [column.name for column in self.columns]


AGENT = Column("agent", "agent", "坐席", "who did it")
TICKET = Column("ticket_no", "id", "工单号，未挂工单为空", "ticket, empty when there was none")
SESSION = Column("session_id", "id", "建议会话", "suggestion session")
IMPRESSION = Column("impression_id", "id", "曝光", "impression")
CLOSING = Column("closing", "number", "第几次办结，从 0 数", "number of the closing, from 0")
QUERY = Column("query_masked", "text", "脱敏后的查询内容", "what was asked, masked")
GENERATION = Column("index_generation", "id", "索引代和提交数", "index generation and commit")
MODE = Column("mode", "code", "hybrid 词加意思，lexical 仅词", "hybrid, or lexical without encoder")
TRAINING = Column("is_training", "flag", "练习中产生", "made while practising")
UNDONE = Column("undone_at", "instant", "撤销时间；有则不计", "taken back at; if so, not counted")
TARGET = (
    Column("target_type", "code", "article 条目、procedure 规程、time_limit 时限、"
           "past_fix 过往处理、ticket 工单", "kind of knowledge"),
    Column("target_id", "id", "知识的标识", "which one"),
    Column("target_version", "id", "当时的版本", "its version then"),
)  # fmt: skip

FILES: tuple[ExportFile, ...] = (
    ExportFile(
        "sessions", "suggestion_session", "建议会话：每次求建议一行",
        "suggestion sessions: one row each time suggestions were asked for",
        (
            SESSION, TICKET, AGENT,
            Column("channel", "code", "api、page 页面、cli 命令行", "where it was asked"),
            QUERY,
            Column("created_at", "instant", "提出时间", "asked at"),
            GENERATION,
            Column("ranker_version", "id", "排序方法的版本", "version of the ranker"),
            Column("arm", "code", "实验组，无实验为空", "arm of an experiment, empty without one"),
            MODE,
            Column("abstained", "flag", "没有足够把握而未给建议", "abstained"),
            Column("top_confidence", "code", "第一条的把握 HIGH、MEDIUM、LOW",
                   "confidence of the first item"),
            Column("took_ms", "number", "用时，毫秒", "milliseconds it took"),
            Column("request", "json", "提出时的分类、地区、受理时间、条数、显示方式",
                   "category, region, acceptance, limit and view it was asked with"),
            TRAINING,
        ),
        ("query_hash",),
    ),
    ExportFile(
        "impressions", "impression", "曝光：每条给出的建议一行",
        "impressions: one row per item shown",
        (
            IMPRESSION, SESSION, *TARGET,
            Column("position", "number", "在同类中的名次，从 1 数", "place among its kind, from 1"),
            Column("score", "number", "得分", "score"),
            Column("confidence", "code", "把握 HIGH、MEDIUM、LOW", "confidence"),
            Column("propensity", "number", "站在这个名次的概率", "chance it had to stand there"),
            Column("boost", "number", "学来的加减分，含在得分里", "learned boost within the score"),
            Column("team", "code", "试验中由哪个排序选出，无试验为空",
                   "ranker that drafted it in an experiment"),
            Column("matched_terms", "json", "命中的词", "terms that matched"),
            Column("title", "text", "标题", "title"),
            Column("displayed_at", "instant", "页面确认显示的时间", "when the page had painted it"),
        ),
    ),
    ExportFile(
        "events", "suggestion_event", "操作：坐席对一条建议做的事",
        "events: what an agent did with an item",
        (
            Column("event_id", "id", "操作编号", "event"),
            IMPRESSION,
            Column("action", "code", "displayed 显示、viewed 查看、clicked 打开、"
                   "answer_copied 复制、linked 关联、dismissed 不适用、flagged 标记",
                   "what was done"),
            Column("at", "instant", "时间", "when"),
            AGENT,
            Column("dwell_ms", "number", "停留毫秒", "milliseconds it stayed open"),
            Column("reason_code", "code", "原因代码；关联时为用途", "reason; of a link its usage"),
            Column("comment", "text", "备注", "comment"),
            Column("event_key", "id", "发送方自定的键", "the sender's own key"),
            UNDONE,
        ),
    ),
    ExportFile(
        "links", "ticket_knowledge_link", "知识关联：工单用了哪条知识",
        "links: which knowledge a ticket used",
        (
            TICKET, CLOSING, *TARGET,
            Column("knowledge_usage", "code", "reference 参考、solution 解决、source 来源",
                   "knowledge usage"),
            IMPRESSION,
            Column("found_by", "code", "suggested 建议、searched 自己检索、created 新写",
                   "how it was found"),
            Column("search_id", "id", "由哪次检索找到", "search it was found by"),
            Column("agent", "agent", "关联的坐席", "who linked it"),
            Column("linked_at", "instant", "关联时间", "linked at"),
        ),
    ),
    ExportFile(
        "outcomes", "ticket_outcome", "结果：每次办结之后怎样",
        "outcomes: what became of each closing",
        (
            TICKET, CLOSING,
            Column("category", "code", "投诉分类", "complaint class"),
            Column("accepted_at", "instant", "受理时间", "accepted at"),
            Column("closed_at", "instant", "这次办结的时间", "when this closing was made"),
            Column("state", "code", "stayed_closed 已解决、came_back 又反复、pending 未定",
                   "state"),
            Column("reason", "code", "repeat 再次投诉、reopened 重开、escalated 升级、"
                   "callback 回访不满意", "why it came back"),
            Column("settled_at", "instant", "定下来的时间", "settled at"),
            Column("is_sample", "flag", "虚构的样例", "an invented sample"),
        ),
    ),
    ExportFile(
        "outcome_changes", "outcome_trace", "结果的每次变化", "every change of an outcome",
        (
            Column("change_id", "id", "变化编号", "change"),
            TICKET, CLOSING,
            Column("from_state", "code", "原来，刚办结为空", "before, empty at the closing"),
            Column("to_state", "code", "后来", "after"),
            Column("reason", "code", "原因", "reason"),
            Column("at", "instant", "得知的时间", "when it was learnt"),
            Column("happened_at", "instant", "事情发生的时间", "when it came about"),
        ),
    ),
    ExportFile(
        "searches", "search_record", "检索：每次主动检索一行",
        "searches: one row per explicit search",
        (
            Column("search_id", "id", "检索", "search"),
            TICKET, AGENT,
            Column("channel", "code", "api、page 页面、cli 命令行", "where it was asked"),
            QUERY,
            Column("query_used", "text", "实际检索的词", "terms that were searched"),
            Column("filters", "json", "筛选条件", "filters"),
            Column("hits", "number", "找到几条", "how many were found"),
            MODE, GENERATION,
            Column("previous", "id", "它改写的是哪次检索", "search that it words anew"),
            TRAINING,
            Column("created_at", "instant", "检索时间", "searched at"),
        ),
        ("query_hash",),
    ),
    ExportFile(
        "decisions", "session_decision", "决定：都不适用、报缺口", "decisions on whole sessions",
        (
            Column("decision_id", "id", "决定", "decision"),
            SESSION,
            Column("decision", "code", "none_fit 都不适用、gap 报缺口", "what was decided"),
            Column("at", "instant", "时间", "when"),
            AGENT,
            Column("comment", "text", "备注", "comment"),
            UNDONE,
        ),
    ),
)  # fmt: skip
"""Every file, in the order of the chain."""


def describe_files() -> str:
    """The data dictionary as Markdown, in both languages."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield "# 数据字典 / Data dictionary"
    yield ""
    yield "空值为空。撤销的行仍在，`undone_at` 有值者不计。坐席姓名默认以带密钥的摘要代替。"
    yield "Empty means none. What was taken back is kept and does not count."
    for file in FILES:
        yield from ("", f"## {file.name}", "", f"{file.zh} / {file.en}", "")
        yield "| 列 column | 类型 kind | 含义 | meaning |"
        yield "|---|---|---|---|"
        for column in file.columns:
            yield f"| `{column.name}` | {KINDS[column.kind]} | {column.zh} | {column.en} |"
    yield ""

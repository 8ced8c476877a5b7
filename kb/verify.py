"""The handbook's lint: what is missing, dead, contradictory, overdue or should not stand there."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from kb.article import SECTIONS, Article
from kb.category import describe_retired
from kb.errors import HandbookInvalid
from kb.handbook import OTHER_TALK, OWN_TALK, Handbook, build_handbook, read_each
from kb.limit import INTERNAL, TimeLimit, describe_amount
from kb.masking import find_personal_data
from kb.other_items import read_items
from kb.publication import shown_revision
from kb.vocabulary import FILES, Tables, check_tables
from kb.workdays import parse_calendar

ERROR = "error"
WARNING = "warning"
NO_CLASS = "none"
"""Stands in the limits' class column for "no complaint": such a limit binds only where named."""
PERSONAL = {
    "MOBILE": "手机号", "LANDLINE": "座机号", "IDCARD": "身份证号", "IMSI": "用户识别码",
    "BANKCARD": "银行卡号", "BBACCT": "宽带账号", "EMAIL": "邮箱", "ICCID": "SIM 卡号",
    "IMEI": "设备串号", "MAC": "MAC 地址", "NAME": "姓名", "PASSPORT": "护照号", "PLATE": "车牌号",
    "ADDRESS": "地址",
}  # fmt: skip
"""What readers call the kinds of personal data; others stand as they are."""
SECONDS = {"second": 1.0, "minute": 60.0, "hour": 3600.0, "day": 86400.0}
_LINK = re.compile(r"\]\(([^)\s]+)(?:\s[^)]*)?\)")
_WEB = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_AS_LAW = re.compile(r"法定|国家规定|国家标准|法律规定|法规规定|依法(?:必须|应当?在)")
_DENIAL = re.compile(r"不|非|未|别|没有|勿")
_SENTENCE = re.compile(r"[^。；;！!？?\n]+")


@dataclass(frozen=True)
class Finding:
    """One fault: how grave, where (an article, limit or file), and what (Chinese)."""

    severity: str
    where: str
    message: str


def verify_folder(folder: Path, *, on: date) -> list[Finding]:
    """Lint a handbook folder: files that cannot be read are findings too."""
    found = list(read_each(folder))
    broken = [_unreadable(item) for item in found if isinstance(item, HandbookInvalid)]
    articles = [item for item in found if isinstance(item, Article)]
    try:
        handbook = build_handbook(folder, articles)
    except HandbookInvalid as error:
        return [*broken, _unreadable(error)]
    return [*broken, *verify_handbook(handbook, on=on)]


def _unreadable(error: HandbookInvalid) -> Finding:
    return Finding(ERROR, error.field or "手册", error.detail or error.title)


def verify_handbook(handbook: Handbook, *, on: date) -> list[Finding]:
    """Every fault of a handbook on the day ``on``: errors first, then by place."""
    findings = [finding for rule in RULES for finding in rule(handbook, on)]
    return sorted(findings, key=lambda item: (item.severity != ERROR, item.where, item.message))


def _published(handbook: Handbook, on: date) -> list[Article]:
    return [item for item in handbook.articles if shown_revision((item.revision,), on=on)]


def check_sections(handbook: Handbook, on: date) -> Iterator[Finding]:
    """Each section has an article in force."""
    present = {article.section for article in _published(handbook, on)}
    for section, name in SECTIONS.items():
        if section not in present:
            yield Finding(ERROR, section, f"「{name}」一节没有现行条目")


def check_classes(handbook: Handbook, on: date) -> Iterator[Finding]:
    """Each third-level class leads to an article in force with the steps for exactly it."""
    served = {
        code
        for article in _published(handbook, on)
        if article.revision.steps
        for code in article.revision.categories
    }
    for category in handbook.categories:
        if category.level == 3 and not category.is_retired and category.id not in served:
            message = f"「{category.name}」没有带步骤的现行条目"
            yield Finding(ERROR, category.id, message)


def check_codes(handbook: Handbook, on: date) -> Iterator[Finding]:
    """Class codes and ids of limits and figures exist."""
    del on
    codes = {category.id for category in handbook.categories}
    limits = {limit.id for limit in handbook.limits}
    figures = {figure.id for figure in handbook.figures}
    for article in handbook.articles:
        revision = article.revision
        for names, known, what in (
            (revision.categories, codes, "投诉分类"),
            (revision.time_limits, limits, "时限"),
            (revision.figures, figures, "数值"),
        ):
            for name in names:
                if name not in known:
                    yield Finding(ERROR, article.id, f"没有{what} {name}")
    for limit in handbook.limits:
        for code in limit.categories:
            if code not in codes and code != NO_CLASS:
                yield Finding(ERROR, limit.id, f"没有投诉分类 {code}")


def check_ended(handbook: Handbook, on: date) -> Iterator[Finding]:
    """What articles in force name is in use still: classes that are not retired, limits that
    bind; and a retired class leads to one there is."""
    classes = {each.id: each for each in handbook.categories}
    ended = {each.id: each for each in handbook.limits if each.is_retired(on)}
    for article in _published(handbook, on):
        for code in article.revision.categories:
            if code in classes and classes[code].is_retired:
                told = f"投诉分类 {describe_retired(classes[code])}"
                yield Finding(WARNING, article.id, told)
        for name in article.revision.time_limits:
            if name in ended:
                told = f"时限 {name} 自 {ended[name].retired_on} 起停用"
                yield Finding(WARNING, article.id, told)
    for each in classes.values():
        if each.successor and each.successor not in classes:
            yield Finding(ERROR, each.id, f"没有改用的分类 {each.successor}")


def check_links(handbook: Handbook, on: date) -> Iterator[Finding]:
    """Links lead to articles in force, and anchors to steps that are there."""
    articles = {article.id: article for article in handbook.articles}
    in_force = {article.id for article in _published(handbook, on)}
    for article in handbook.articles:
        for target in _LINK.findall(article.revision.body):
            if _WEB.match(target):
                continue
            name, _, anchor = target.partition("#")
            name = name or article.id
            if name not in articles:
                yield Finding(ERROR, article.id, f"链接指向不存在的条目 {name}")
            elif name not in in_force and article.id in in_force:
                yield Finding(ERROR, article.id, f"链接指向未生效的条目 {name}")
            elif anchor and not _has_step(articles[name], anchor):
                yield Finding(ERROR, article.id, f"链接指向不存在的步骤 {name}#{anchor}")


def _has_step(article: Article, anchor: str) -> bool:
    match = re.fullmatch(r"step-([1-9]\d?)", anchor)
    return match is not None and int(match[1]) <= len(article.revision.steps)


def check_front(handbook: Handbook, on: date) -> Iterator[Finding]:
    """Owner, department, sources, steps, dates and titles are as they should be."""
    del on
    titles: dict[str, str] = {}
    for article in handbook.articles:
        revision = article.revision
        if not article.owner.strip():
            yield Finding(ERROR, article.id, "没有写维护部门 owner")
        if not article.responsible_dept.strip():
            yield Finding(ERROR, article.id, "没有写责任部门 responsible_dept")
        if not revision.sources:
            yield Finding(ERROR, article.id, "没有写来源 sources")
        if revision.status == "published" and article.id.startswith("P") and not revision.steps:
            yield Finding(ERROR, article.id, "规程没有步骤 steps")
        if revision.valid_until is not None and revision.valid_until <= revision.valid_from:
            yield Finding(ERROR, article.id, "失效日不晚于生效日")
        if not revision.body.strip():
            yield Finding(ERROR, article.id, "没有正文")
        if revision.extra:
            names = "、".join(map(str, read_items(revision.extra, known=())))
            yield Finding(WARNING, article.id, f"文件头里不认识 {names}，原样保留")
        if revision.title in titles:
            yield Finding(ERROR, article.id, f"标题与 {titles[revision.title]} 相同")
        titles.setdefault(revision.title, article.id)


def check_reviews(handbook: Handbook, on: date) -> Iterator[Finding]:
    """Reviews are not overdue, and the working days of this year are known."""
    for article in _published(handbook, on):
        if article.revision.review_by < on:
            day = article.revision.review_by.isoformat()
            yield Finding(WARNING, article.id, f"复审已过期（{day}）")
    if not parse_calendar(handbook.workdays).is_published(on):
        yield Finding(WARNING, "workdays.json", f"没有 {on.year} 年的放假通知")


def check_sources(handbook: Handbook, on: date) -> Iterator[Finding]:
    """Each limit and figure says where it comes from, once."""
    del on
    for limit in handbook.limits:
        if not limit.source:
            yield Finding(ERROR, limit.id, f"时限「{limit.subject}」没有写来源")
    seen: set[str] = set()
    for figure in handbook.figures:
        if not figure.source:
            yield Finding(ERROR, figure.id, f"数值「{figure.subject}」没有写来源")
        if figure.id in seen:
            yield Finding(ERROR, figure.id, "编号重复")
        seen.add(figure.id)


Scope = tuple[str, tuple[str, ...], str, str, str]


def _scope(limit: TimeLimit) -> Scope:
    return (limit.subject, limit.categories, limit.region, limit.area, limit.priority)


def check_limits(handbook: Handbook, on: date) -> Iterator[Finding]:
    """No two limits of one matter say different things; no average is above its maximum."""
    by_scope: dict[Scope, list[TimeLimit]] = defaultdict(list)
    for limit in handbook.limits:
        if not limit.is_retired(on):
            by_scope[_scope(limit)].append(limit)
    for limits in by_scope.values():
        yield from _contradictions(limits)
        yield from _exceeded(limits)


def _contradictions(limits: Iterable[TimeLimit]) -> Iterator[Finding]:
    first: dict[tuple[str, str, str], TimeLimit] = {}
    for limit in limits:
        other = first.setdefault((limit.condition, limit.kind, limit.from_event), limit)
        same = (other.limit_value, other.limit_unit) == (limit.limit_value, limit.limit_unit)
        if not same:
            said = f"{describe_amount(limit)}，{other.id} 写的是 {describe_amount(other)}"
            yield Finding(ERROR, limit.id, f"「{limit.subject}」互相矛盾：{said}")


def _exceeded(limits: list[TimeLimit]) -> Iterator[Finding]:
    """An average or target above a maximum of the same matter and starting point."""
    for ceiling in limits:
        for limit in limits:
            if ceiling.kind != "max" or limit.kind == "max":
                continue
            if ceiling.from_event != limit.from_event or not _is_longer(limit, ceiling):
                continue
            severity = ERROR if limit.kind == "average" else WARNING
            name = "平均值" if limit.kind == "average" else "目标"
            said = f"{describe_amount(limit)} 大于 {ceiling.id} 的上限 {describe_amount(ceiling)}"
            yield Finding(severity, limit.id, f"「{limit.subject}」{name} {said}")


def _is_longer(limit: TimeLimit, ceiling: TimeLimit) -> bool:
    if limit.limit_unit == ceiling.limit_unit:
        return limit.limit_value > ceiling.limit_value
    if limit.limit_unit not in SECONDS or ceiling.limit_unit not in SECONDS:
        return False
    mine = limit.limit_value * SECONDS[limit.limit_unit]
    return mine > ceiling.limit_value * SECONDS[ceiling.limit_unit]


def check_personal_data(handbook: Handbook, on: date) -> Iterator[Finding]:
    """Nobody's data stands in an article or a table."""
    del on
    for where, text in _texts(handbook):
        for mask in find_personal_data(text, never=handbook.never_mask):
            kind = PERSONAL.get(mask.kind, mask.kind)
            yield Finding(ERROR, where, f"含有个人信息（{kind}）：{mask.replacement}")


def _texts(handbook: Handbook) -> Iterator[tuple[str, str]]:
    for article in handbook.articles:
        revision = article.revision
        parts = (revision.title, revision.body, *revision.steps, *revision.keywords)
        yield from ((article.id, part) for part in parts)
    for limit in handbook.limits:
        parts = (limit.subject, limit.condition, limit.from_event, limit.escalation)
        yield from ((limit.id, part) for part in parts)
    for figure in handbook.figures:
        yield from ((figure.id, part) for part in (figure.subject, figure.condition, figure.value))
    for category in handbook.categories:
        parts = (category.name, category.procedure, category.typical_fix)
        yield from ((category.id, part) for part in parts)
    yield from (("glossary.csv", each.definition) for each in handbook.glossary)
    yield from ((OTHER_TALK, sentence) for sentence in handbook.talk.other)
    yield from ((OWN_TALK, sentence) for sentence in handbook.talk.own)


def check_other_talk(handbook: Handbook, on: date) -> Iterator[Finding]:
    """What counts as no complaint is not what the handbook itself calls one."""
    del on
    own = {word for article in handbook.articles for word in article.revision.keywords}
    own |= {word for group in handbook.synonyms for word in group} | set(handbook.talk.own)
    for sentence in handbook.talk.other:
        if sentence in own:
            told = f"「{sentence}」是手册的关键词、同义词或自己客户的话，不是闲话"
            yield Finding(ERROR, OTHER_TALK, told)


def check_glossary(handbook: Handbook, on: date) -> Iterator[Finding]:
    """Each word of the glossary leads to an article that is shown."""
    shown = {article.id for article in _published(handbook, on)}
    for each in handbook.glossary:
        if each.article not in shown:
            yield Finding(ERROR, f"glossary.csv: {each.term}", f"没有现行条目 {each.article}")


def check_vocabulary(handbook: Handbook, on: date) -> Iterator[Finding]:
    """Each row of the vocabulary is one that an editor could have saved."""
    del on
    tables: Tables = {
        "words": handbook.words,
        "synonyms": handbook.synonyms,
        "ambiguous": handbook.ambiguous,
        "confusions": [(each.wrong, each.correct, each.is_safe) for each in handbook.confusions],
        "never_mask": handbook.never_mask,
    }
    for fault in check_tables(tables):
        yield Finding(ERROR, FILES[fault.kind], f"第 {fault.row} 行：{fault.detail}")


def check_claims(handbook: Handbook, on: date) -> Iterator[Finding]:
    """A limit nobody has verified, or our own, is not called law where an article gives its value.

    A heuristic: one sentence holds the amount and a word for law, denies nothing, and the article
    names no verified limit of the same amount.
    """
    limits = {limit.id: limit for limit in handbook.limits}
    for article in _published(handbook, on):
        named = [limits[name] for name in article.revision.time_limits if name in limits]
        lawful = {describe_amount(limit) for limit in named if _may_be_law(limit)}
        for limit in named:
            if describe_amount(limit) in lawful or _may_be_law(limit):
                continue
            for sentence in _claims(article, describe_amount(limit)):
                told = f"{limit.id} 未核实或只是内部要求，却写成法定：「{sentence.strip()[:40]}」"
                yield Finding(WARNING, article.id, told)


def _may_be_law(limit: TimeLimit) -> bool:
    return limit.is_verified and limit.authority not in INTERNAL


def _claims(article: Article, amount: str) -> Iterator[str]:
    """Sentences that give ``amount`` as law."""
    wanted = amount.replace(" ", "")
    for text in (article.revision.body, *article.revision.steps):
        for sentence in _SENTENCE.findall(text):
            law = _AS_LAW.search(sentence)
            if law is None or _DENIAL.search(sentence[max(0, law.start() - 16) : law.start()]):
                continue
            if re.search(rf"(?<!\d){re.escape(wanted)}", sentence.replace(" ", "")):
                yield sentence


Rule = Callable[[Handbook, date], Iterable[Finding]]
RULES: tuple[Rule, ...] = (
    check_sections,
    check_classes,
    check_codes,
    check_ended,
    check_links,
    check_front,
    check_reviews,
    check_sources,
    check_limits,
    check_personal_data,
    check_other_talk,
    check_glossary,
    check_vocabulary,
    check_claims,
)

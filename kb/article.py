"""Articles and their numbered revisions."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import date

_ASKING = re.compile(
    r"？|(?:^|[，；：、再先])(?:问(?!题)|追问|询问|听客户)|请客户(?:说|报|指出|讲)"
)
CHAPTERS: tuple[str, ...] = (
    "业务开通与基础服务",
    "客户服务流程与规范",
    "投诉处理与解决机制",
    "技术支持与问题解决",
    "服务改进与优化",
    "客户关系管理与维护",
    "信息安全与隐私保护",
    "附则与修订说明",
)
SECTIONS: dict[str, str] = {
    "1.1": "业务开通流程",
    "1.2": "基础服务内容",
    "1.3": "服务时限与质量保障",
    "1.4": "服务渠道与联系方式",
    "2.1": "客户服务原则与政策",
    "2.2": "服务标准与服务质量要求",
    "2.3": "服务响应与处理时限",
    "2.4": "服务记录与反馈机制",
    "3.1": "投诉受理与分类",
    "3.2": "投诉处理流程与步骤",
    "3.3": "投诉处理时限与责任人",
    "3.4": "投诉反馈与满意度调查",
    "4.1": "技术支持服务内容",
    "4.2": "技术问题处理流程",
    "4.3": "技术支持工具与资源",
    "4.4": "技术问题跟踪与闭环管理",
    "5.1": "服务优化建议机制",
    "5.2": "服务改进措施与实施",
    "5.3": "服务效果评估与反馈",
    "5.4": "服务持续改进计划",
    "6.1": "客户关系管理原则",
    "6.2": "客户关系维护策略",
    "6.3": "客户满意度提升措施",
    "6.4": "客户忠诚度与维护机制",
    "7.1": "信息安全管理制度",
    "7.2": "信息保护措施与规范",
    "7.3": "个人信息处理与使用",
    "7.4": "信息安全责任与义务",
    "8.1": "本手册的适用范围",
    "8.2": "修订与更新说明",
    "8.3": "附录与参考资料",
}
STATUSES = ("draft", "in_review", "published", "archived")


@dataclass(frozen=True)
class Revision:
    """One numbered version of an article, with its front matter.

    ``categories``: class codes of any level. ``steps``: the procedure, one sentence or two a step.
    ``time_limits``, ``figures``: ids in the handbook's tables. ``valid_until`` is exclusive.
    ``extra``: items of the front matter that nobody here knows, as YAML (``kb.other_items``).
    """

    article_id: str
    number: int
    title: str
    body: str
    categories: tuple[str, ...]
    keywords: tuple[str, ...]
    steps: tuple[str, ...]
    time_limits: tuple[str, ...]
    figures: tuple[str, ...]
    sources: tuple[str, ...]
    status: str
    valid_from: date
    valid_until: date | None
    review_by: date
    author: str = ""
    reason: str = ""
    created_at: str = ""
    reviewer: str = ""
    based_on: int | None = None
    extra: str = ""

    @property
    def version(self) -> str:
        """Version as impressions and links keep it."""
        return str(self.number)


@dataclass(frozen=True)
class Article:
    """One entry of the handbook with one of its revisions.

    ``successor``: the article to read instead, once this one is archived; "" for none.
    """

    id: str
    chapter: int
    section: str
    slug: str
    owner: str
    responsible_dept: str
    revision: Revision
    successor: str = ""

    @property
    def title(self) -> str:
        """Title of this revision."""
        return self.revision.title


def is_question(step: str) -> bool:
    """Whether a step asks the caller something: what is asked is no measure taken."""
    return _ASKING.search(step) is not None


def body_hash(revision: Revision) -> str:
    """Hash of all an editor can change; equal texts of two imports make no new revision."""
    parts = (
        revision.title,
        revision.body,
        *revision.categories,
        "|",
        *revision.keywords,
        "|",
        *revision.steps,
        "|",
        *revision.time_limits,
        "|",
        *revision.figures,
        "|",
        *revision.sources,
        "|",
        revision.status,
        revision.valid_from.isoformat(),
        revision.valid_until.isoformat() if revision.valid_until else "",
        revision.review_by.isoformat(),
        *filter(None, [revision.extra]),
    )
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()

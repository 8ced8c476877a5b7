"""What the pages' forms call the fields that refusals name."""

from __future__ import annotations

import re
from collections.abc import Mapping

from kb.classing import FIELDS as CLASS_FIELDS
from kb.diffing import FIELDS as ARTICLE_FIELDS
from kb.limiting import FIELDS as LIMIT_FIELDS

DESPITE = "评测变差，为什么仍要发布"
COMMON: Mapping[str, str] = {
    "solution": "解决办法", "resolution": "解决措施", "root_cause": "存在问题",
    "customer_demand": "客户诉求", "fix": "处理办法", "satisfaction": "满意度",
    "satisfied": "客户是否满意", "escalate_reason": "升级原因", "description": "投诉内容",
    "text": "投诉内容", "category": "分类", "region": "地区", "area": "城乡", "channel": "来源",
    "number": "号码", "service_number": "号码", "reason": "原因", "comment": "说明",
    "revision": "版本", "action": "操作", "successor": "改看哪一条", "valid_from": "生效日",
    "valid_until": "失效日", "as_of": "有效日期", "q": "检索词", "type": "范围", "chapter": "章",
    "syntax": "查询语法", "department": "部门", "person": "指定人员", "due_at": "回单时间",
    "mine": "办理人", "state": "状态", "authority": "依据层级", "id": "编号", "base": "版本",
    "old": "从", "new": "到", "section": "章节", "title": "标题", "body": "正文", "steps": "步骤",
    "source": "来源", "owner": "维护部门", "responsible_dept": "责任部门", "file": "文件",
    "html": "粘贴的内容", "level": "在哪一级标题切开", "keep": "收不收", "target": "作为",
    "name": "姓名", "password": "新密码", "again": "再输入一次", "code": "动态码",
    "subject": "统一认证标识", "roles": "角色", "chapters": "负责的章", "regions": "负责的地区",
    "permissions": "允许做什么", "days": "有效天数", "agent": "姓名", "kind": "做什么",
    "day": "第几天", "article": "按哪个条目办", "limit": "时限", "dept": "由哪个部门负责",
    "said": "怎么说", "own_words": "您会怎么说", "verdict": "结论", "done": "做了什么",
    "from": "从", "until": "到", "by": "分组", "samples": "含样例", "despite": DESPITE,
    "words": "词典", "synonyms": "同义词", "ambiguous": "太泛的同义词", "confusions": "识别混淆",
    "why": "用途", "agents": "写出坐席姓名",
    "retired": "停用", "retired_on": "停用日", "under": "大类", "default_priority": "优先级",
    "never_mask": "不遮盖词", "tables": "词表", "who": "谁", "key": "编号", "since": "从",
}  # fmt: skip
"""By the name that requests use."""
PAGES: tuple[tuple[str, Mapping[str, str]], ...] = (
    ("/edit/limits", {**LIMIT_FIELDS, "reason": "这次为什么改", "comment": "意见"}),
    ("/edit/classes", {**CLASS_FIELDS, "reason": "这次为什么改", "comment": "意见"}),
    ("/edit/vocabulary", {"reason": "这次为什么改", "despite": DESPITE}),
    ("/edit/import", {"source": "来源", "title": "标题"}),
    (
        "/edit",
        {**ARTICLE_FIELDS, "slug": "英文短名", "reason": "这次为什么改", "comment": "意见或原因"},
    ),
    ("/reports/gaps", {"reason": "做了什么，或为什么不处理"}),
    ("/search", {"q": "词语", "text": "要找的问题", "comment": "补充"}),
    ("/accounts/tokens", {"name": "名称"}),
    ("/account", {"old": "现在的密码", "code": "动态码"}),
    ("/sign-in", {"password": "密码"}),
    ("/audit", {"kind": "对象", "action": "做了什么"}),
    ("/learn", {"due_at": "到期时间", "target": "条目或分类"}),
)
"""Where a form calls a field otherwise, by how its address begins; the first that fits."""
_NUMBERED = re.compile(r"(?P<name>[a-z_]+)-(?P<place>[0-9]+)")


def name_field(path: str, field: str) -> str:
    """A field as the form at an address calls it; itself if no form has it."""
    if numbered := _NUMBERED.fullmatch(field):
        return f"第 {int(numbered['place']) + 1} 条的{name_field(path, numbered['name'])}"
    for start, names in PAGES:
        if path.startswith(start) and field in names:
            return names[field]
    return COMMON.get(field, field)

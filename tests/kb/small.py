"""A small but whole handbook, and shorthands for tickets: what the tests of the kb layer use."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from kb.article import SECTIONS
from kb.handbook import FIGURE_COLUMNS, LIMIT_COLUMNS, TAXONOMY_COLUMNS
from kb.ticket import Ticket
from kb.times import BEIJING
from kb.vocabulary import CONFUSION_COLUMNS

NOW = datetime(2026, 3, 11, 9, 20, tzinfo=BEIJING)
CLASSES = {"060101": "宽带全断", "010101": "套餐外流量费"}
LIMITS: tuple[dict[str, str], ...] = (
    {
        "id": "TL001",
        "subject": "障碍修复",
        "categories": "0601",
        "area": "urban",
        "limit_value": "48",
        "limit_unit": "hour",
        "kind": "max",
        "authority": "statute",
        "source": "《电信条例》第32条",
        "confidence": "high",
    },
    {
        "id": "TL002",
        "subject": "障碍修复",
        "categories": "0601",
        "area": "rural",
        "limit_value": "72",
        "limit_unit": "hour",
        "kind": "max",
        "authority": "statute",
        "source": "《电信条例》第32条",
        "confidence": "high",
    },
    {
        "id": "TL003",
        "subject": "投诉答复",
        "limit_value": "15",
        "limit_unit": "day",
        "kind": "max",
        "authority": "ministry_rule",
        "source": "申诉处理办法第10条",
        "confidence": "high",
    },
    {
        "id": "TL004",
        "subject": "退费到账",
        "categories": "01",
        "limit_value": "72",
        "limit_unit": "hour",
        "kind": "target",
        "starts": "event",
        "from_event": "退费审批通过",
        "authority": "practice",
        "source": "本手册内部要求",
        "confidence": "unverified",
    },
)
LIMIT_DEFAULTS = {
    "categories": "",
    "region": "",
    "area": "",
    "priority": "",
    "condition": "",
    "from_event": "接到申告",
    "starts": "accepted",
    "responsible_dept": "装维中心",
    "escalation": "到期前仍未完成的升级",
}
YEAR: Mapping[str, Any] = {
    "notice": "测试",
    "holidays": [{"name": "国庆节", "start": "2026-10-01", "end": "2026-10-07"}],
    "makeup_workdays": ["2026-10-10"],
}


def write_handbook(folder: Path) -> Path:
    """Write a whole handbook: an article a section, and one with steps for each class."""
    write_taxonomy(folder, CLASSES)
    write_limits(folder, LIMITS)
    figure = dict.fromkeys(FIGURE_COLUMNS, "") | {
        "id": "OF001",
        "subject": "违约金",
        "value": "1",
        "source": "《电信条例》第31条",
    }
    write_table(folder, "figures.csv", FIGURE_COLUMNS, [figure])
    confusion = dict.fromkeys(CONFUSION_COLUMNS, "") | {
        "wrong": "光毛",
        "correct": "光猫",
        "apply": "safe",
    }
    write_table(folder, "confusions.csv", CONFUSION_COLUMNS, [confusion])
    tables = folder / "tables"
    (tables / "synonyms.txt").write_text("光猫,猫子\n断网,没网\n", "utf-8")
    (tables / "synonyms_ambiguous.txt").write_text("# 过泛的词\n网\n", "utf-8")
    (tables / "never_mask.txt").write_text("10086\n12345\n10000\n", "utf-8")
    (tables / "workdays.json").write_text(json.dumps({"2026": YEAR}), "utf-8")
    for section, name in SECTIONS.items():
        write_article(folder, f"S{section.replace('.', '')}", section=section, title=name)
    for code, name in CLASSES.items():
        write_article(
            folder,
            f"P{code}",
            title=f"{name}的处理",
            categories=[code],
            steps=["先问清现象，记下开始时间。", "查账号和光路，派单。"],
            time_limits=["TL003"],
        )
    return folder


def write_table(
    folder: Path, name: str, columns: tuple[str, ...], rows: list[dict[str, str]]
) -> None:
    """Write one CSV table."""
    path = folder / "tables" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)


def write_taxonomy(folder: Path, classes: Mapping[str, str]) -> None:
    """Write the taxonomy of these third-level classes."""
    rows = [
        dict.fromkeys(TAXONOMY_COLUMNS, "")
        | {
            "l1_code": code[:2],
            "l1": f"大类{code[:2]}",
            "l2_code": code[:4],
            "l2": f"中类{code[:4]}",
            "l3_code": code,
            "l3": name,
            "responsible_dept": "装维中心",
            "priority": "P2",
            "usual_limit_hours": "24",
        }
        for code, name in classes.items()
    ]
    write_table(folder, "taxonomy.csv", TAXONOMY_COLUMNS, rows)


def write_limits(folder: Path, limits: tuple[dict[str, str], ...]) -> None:
    """Write the table of limits; what a row leaves out is filled in."""
    rows = [LIMIT_DEFAULTS | limit for limit in limits]
    write_table(folder, "time_limits.csv", LIMIT_COLUMNS, rows)


def front_matter(article_id: str, **changes: Any) -> dict[str, Any]:
    """Front matter of an article, with some of it changed."""
    section = changes.pop("section", "4.2")
    front = {
        "id": article_id,
        "chapter": int(section[0]),
        "section": section,
        "title": "标题",
        "categories": [],
        "keywords": ["断网"],
        "steps": [],
        "time_limits": [],
        "responsible_dept": "装维中心",
        "owner": "装维中心",
        "status": "published",
        "valid_from": NOW.date().replace(month=1, day=1),
        "review_by": NOW.date().replace(year=2027),
        "sources": ["本手册企业标准"],
    }
    return front | changes


def article_text(front: Mapping[str, Any], body: str = "## 一句话\n先看灯。\n") -> str:
    """An article file's text."""
    head = yaml.safe_dump(dict(front), allow_unicode=True, sort_keys=False)
    return f"---\n{head}---\n\n{body}"


def write_article(
    folder: Path, article_id: str, *, body: str = "## 一句话\n先看灯。\n", **changes: Any
) -> Path:
    """Write one article file."""
    front = front_matter(article_id, **changes)
    path = folder / "articles" / str(front["chapter"]) / f"{article_id}-text.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(article_text(front, body), "utf-8")
    return path


def make_ticket(**changes: Any) -> Ticket:
    """A complaint about a broken line, with some of it changed."""
    ticket = Ticket(
        ticket_no="",
        accepted_at="2026-03-11T09:20:00+08:00",
        category="060101",
        description="家里断网了，光猫红灯一直亮",
    )
    return replace(ticket, **changes)

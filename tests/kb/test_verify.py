"""Each rule of the lint fires on a handbook that breaks it, and on no other."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from kb.settings import shipped_handbook
from kb.verify import ERROR, WARNING, Finding, verify_folder
from tests.kb.small import (
    CLASSES,
    LIMITS,
    NOW,
    write_article,
    write_limits,
    write_taxonomy,
)

DAY = NOW.date()
STEPS = ["先问清现象。", "查光路。"]


def lint(folder: Path, on: date = DAY) -> list[Finding]:
    return verify_folder(folder, on=on)


def only(folder: Path) -> Finding:
    findings = lint(folder)
    assert len(findings) == 1, findings
    return findings[0]


def procedure(folder: Path, *, body: str = "## 一句话\n先看灯。\n", **changes: Any) -> Path:
    """Rewrite the article of class 060101 with a fault in it."""
    front = {"title": "宽带全断的处理", "categories": ["060101"], "steps": STEPS} | changes
    return write_article(folder, "P060101", body=body, **front)


def add_limit(folder: Path, **changes: str) -> None:
    """Add a limit that is like TL001 but for its id and some of it."""
    write_limits(folder, (*LIMITS, LIMITS[0] | {"id": "TL900"} | changes))


def test_a_whole_handbook_has_no_findings(folder: Path) -> None:
    assert lint(folder) == []


def test_the_shipped_handbook_has_no_findings() -> None:
    assert lint(shipped_handbook(), on=date(2026, 11, 22)) == []


def test_a_section_without_article_in_force_is_missing(folder: Path) -> None:
    write_article(folder, "S72", section="7.2", title="信息保护措施与规范", status="draft")
    finding = only(folder)
    assert (finding.severity, finding.where) == (ERROR, "7.2")
    assert "信息保护措施与规范" in finding.message


def test_an_article_that_has_expired_does_not_count(folder: Path) -> None:
    write_article(
        folder, "S72", section="7.2", title="信息保护措施与规范", valid_until=date(2026, 2, 1)
    )
    assert only(folder).where == "7.2"


def test_a_class_needs_an_article_with_steps_for_exactly_it(folder: Path) -> None:
    write_taxonomy(folder, {**CLASSES, "060102": "PON 闪"})
    assert only(folder).where == "060102"
    write_article(folder, "S42-2", title="光猫灯", categories=["0601"], steps=STEPS)
    assert only(folder).where == "060102"
    write_article(folder, "P060102", title="光猫 PON 灯闪", categories=["060102"], steps=STEPS)
    assert lint(folder) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"categories": ["060101", "999999"]}, "没有投诉分类 999999"),
        ({"time_limits": ["TL999"]}, "没有时限 TL999"),
        ({"figures": ["OF999"]}, "没有数值 OF999"),
    ],
)
def test_an_article_names_only_what_exists(
    folder: Path, changes: dict[str, Any], said: str
) -> None:
    procedure(folder, **changes)
    assert only(folder) == Finding(ERROR, "P060101", said)


def test_a_limit_names_only_classes_that_exist(folder: Path) -> None:
    add_limit(folder, subject="别的", categories="0601 0799")
    assert only(folder) == Finding(ERROR, "TL900", "没有投诉分类 0799")


def test_a_limit_for_no_complaint_is_in_order(folder: Path) -> None:
    add_limit(folder, subject="别的", categories="none")
    assert lint(folder) == []


@pytest.mark.parametrize(
    ("link", "said"),
    [
        ("P999999", "不存在的条目 P999999"),
        ("P010101#step-9", "不存在的步骤 P010101#step-9"),
        ("P010101#top", "不存在的步骤 P010101#top"),
        ("#step-7", "不存在的步骤 P060101#step-7"),
        ("P010101.md", "不存在的条目 P010101.md"),
    ],
)
def test_a_dead_link_is_found(folder: Path, link: str, said: str) -> None:
    procedure(folder, body=f"见[那里]({link})。")
    assert said in only(folder).message


@pytest.mark.parametrize(
    "link", ["P010101", "P010101#step-2", "#step-1", "https://www.miit.gov.cn/", "tel:12300"]
)
def test_a_living_link_is_left_alone(folder: Path, link: str) -> None:
    procedure(folder, body=f"见[那里]({link})。")
    assert lint(folder) == []


def test_a_link_to_a_draft_is_dead(folder: Path) -> None:
    write_article(folder, "S42-2", title="草稿", status="draft")
    procedure(folder, body="见[那里](S42-2)。")
    assert "未生效" in only(folder).message


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"owner": " "}, "owner"),
        ({"responsible_dept": ""}, "responsible_dept"),
        ({"sources": []}, "sources"),
        ({"valid_from": date(2026, 3, 1), "valid_until": date(2026, 3, 1)}, "失效日"),
        ({"title": "套餐外流量费的处理"}, "标题与 P010101 相同"),
    ],
)
def test_a_fault_of_the_front_matter_is_found(
    folder: Path, changes: dict[str, Any], said: str
) -> None:
    procedure(folder, **changes)
    assert any(said in finding.message for finding in lint(folder))
    assert all(finding.severity == ERROR for finding in lint(folder))


def test_a_procedure_has_steps(folder: Path) -> None:
    procedure(folder, steps=[])
    assert "规程没有步骤 steps" in {finding.message for finding in lint(folder)}


def test_an_article_without_text_is_found(folder: Path) -> None:
    procedure(folder, body="")
    assert only(folder).message == "没有正文"


def test_an_overdue_review_is_a_warning(folder: Path) -> None:
    procedure(folder, review_by=date(2026, 3, 10))
    assert only(folder).severity == WARNING
    procedure(folder, review_by=DAY)
    assert lint(folder) == []


def test_a_year_without_holiday_notice_is_a_warning(folder: Path) -> None:
    findings = lint(folder, on=date(2027, 1, 4))
    assert Finding(WARNING, "workdays.json", "没有 2027 年的放假通知") in findings


def test_a_limit_without_source_is_found(folder: Path) -> None:
    add_limit(folder, subject="别的", source="")
    assert "没有写来源" in only(folder).message


def test_two_limits_of_one_matter_that_differ_contradict(folder: Path) -> None:
    add_limit(folder, limit_value="24")
    finding = only(folder)
    assert (finding.severity, finding.where) == (ERROR, "TL900")
    assert "24 小时" in finding.message
    assert "48 小时" in finding.message


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": "别的"},
        {"region": "河南"},
        {"area": "rural", "limit_value": "72"},
        {"condition": "重大障碍"},
        {"priority": "P1"},
        {"categories": "0101"},
        {"from_event": "派单"},
        {"limit_value": "48"},
    ],
)
def test_limits_of_different_matters_may_differ(folder: Path, changes: dict[str, str]) -> None:
    add_limit(folder, **({"limit_value": "24"} | changes))
    assert lint(folder) == []


def test_an_average_above_its_maximum_is_found(folder: Path) -> None:
    add_limit(folder, kind="average", limit_value="60")
    finding = only(folder)
    assert (finding.severity, finding.where) == (ERROR, "TL900")
    add_limit(folder, kind="average", limit_value="24")
    assert lint(folder) == []


def test_an_average_is_compared_across_units(folder: Path) -> None:
    add_limit(folder, kind="average", limit_value="3", limit_unit="day")
    assert only(folder).where == "TL900"
    add_limit(folder, kind="average", limit_value="3", limit_unit="workday")
    assert lint(folder) == []


def test_a_target_above_the_law_is_a_warning(folder: Path) -> None:
    add_limit(folder, kind="target", limit_value="60", authority="handbook")
    assert only(folder).severity == WARNING


@pytest.mark.parametrize(
    "text", ["打13812345678找王师傅。", "身份证11010519491231002X", "邮箱 wang@example.com"]
)
def test_personal_data_in_an_article_is_found_and_not_repeated(folder: Path, text: str) -> None:
    procedure(folder, body=text)
    finding = only(folder)
    assert "个人信息" in finding.message
    assert text not in finding.message


def test_personal_data_in_steps_and_tables_is_found(folder: Path) -> None:
    procedure(folder, steps=["打13812345678找王师傅。", "查光路。"])
    add_limit(folder, subject="别的", condition="联系13912345678")
    assert {finding.where for finding in lint(folder)} == {"P060101", "TL900"}


def test_public_numbers_are_nobody_s(folder: Path) -> None:
    procedure(folder, body="拨10086或12345。")
    assert lint(folder) == []


UNVERIFIED = {
    "subject": "电话装移机",
    "limit_value": "25",
    "limit_unit": "day",
    "confidence": "unverified",
    "authority": "ministry_rule",
}


@pytest.mark.parametrize(
    ("body", "count"),
    [
        ("装机法定 25 日内完成。", 1),
        ("国家规定25日。", 1),
        ("25 日只是内部要求，不是国家规定。", 0),
        ("不把 25 日说成国家规定。", 0),
        ("装机 25 日内完成。", 0),
        ("法定 15 日答复。装机 25 日。", 0),
        ("法定 125 日。", 0),
    ],
)
def test_what_nobody_verified_is_not_called_law(folder: Path, body: str, count: int) -> None:
    add_limit(folder, **UNVERIFIED)
    procedure(folder, body=body, time_limits=["TL900", "TL003"])
    findings = lint(folder)
    assert [finding.severity for finding in findings] == [WARNING] * count


def test_files_that_cannot_be_read_are_findings_each(folder: Path) -> None:
    (folder / "articles" / "4" / "bad.md").write_text("x", "utf-8")
    procedure(folder, status="live")
    findings = lint(folder)
    assert {"bad.md", "P060101-text.md: status"} <= {finding.where for finding in findings}


def test_a_broken_table_is_a_finding(folder: Path) -> None:
    (folder / "tables" / "taxonomy.csv").unlink()
    assert only(folder).where == "taxonomy.csv"


def test_errors_come_before_warnings(folder: Path) -> None:
    procedure(folder, review_by=date(2026, 3, 10), owner="")
    assert [finding.severity for finding in lint(folder)] == [ERROR, WARNING]


def test_what_the_handbook_calls_a_complaint_is_no_other_talk(folder: Path) -> None:
    (folder / "tables" / "other_talk.txt").write_text("今天天气真好\n没网\n", "utf-8")
    finding = only(folder)
    assert (finding.severity, finding.where) == (ERROR, "other_talk.txt")
    assert "没网" in finding.message


def test_other_talk_holds_nobodys_data(folder: Path) -> None:
    (folder / "tables" / "other_talk.txt").write_text("打我电话13800138000\n", "utf-8")
    assert only(folder).where == "other_talk.txt"

"""The commands: what they answer, what they refuse, and with which exit code."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from kb.__main__ import COMMANDS
from tests.kb.running import Kb, kb_over

RED_LIGHT = "家里网断了,盒子上那个红灯一直亮"


def every_command() -> list[tuple[str, ...]]:
    """The words of each command."""
    found: list[tuple[str, ...]] = []
    for command in COMMANDS:
        name = str(command.name)
        if isinstance(command, click.Group):
            found += [(name, sub) for sub in command.commands]
        else:
            found.append((name,))
    return found


# --- help and usage --------------------------------------------------------------------------


@pytest.mark.parametrize("words", [(), *every_command()])
def test_every_help_page_is_chinese(bare: Kb, words: tuple[str, ...]) -> None:
    page = bare(*words, "--help")
    assert page.code == 0
    assert page.out.startswith("用法：kb")
    assert "显示这页帮助" in page.out
    assert not {"Usage", "Options:", "Commands:", "Show this"} & set(page.out.split())


@pytest.mark.parametrize("words", every_command())
def test_every_command_can_answer_in_json(bare: Kb, words: tuple[str, ...]) -> None:
    assert "--json" in bare(*words, "--help").out


@pytest.mark.parametrize("words", [(), ("import",), ("ticket",)])
def test_a_group_alone_shows_its_commands_and_is_a_usage_error(
    bare: Kb, words: tuple[str, ...]
) -> None:
    page = bare(*words)
    assert page.code == 2
    assert "命令" in page.err
    assert page.out == ""


@pytest.mark.parametrize(
    ("words", "field"),
    [
        (("nope",), ""),
        (("suggest",), "TEXT"),
        (("suggest", "a", "b"), ""),
        (("suggest", "a", "--colour"), "--colour"),
        (("suggest", "a", "--limit"), "--limit"),
        (("suggest", "a", "--limit", "0"), "--limit"),
        (("suggest", "a", "--limit", "21"), "--limit"),
        (("suggest", "a", "--limit", "9" * 5000), "--limit"),
        (("suggest", "a", "--limit", "５"), "--limit"),
        (("suggest", "a", "--area", "moon"), "--area"),
        (("suggest", "a", "--accepted-at", "昨天"), "--accepted-at"),
        (("suggest", "a", "--region", "x" * 201), "--region"),
        (("suggest", "a", "--json=1"), "--json"),
        (("search", "a", "--type", "poem"), "--type"),
        (("search", "a", "--chapter", "9"), "--chapter"),
        (("search", "a", "--as-of", "2026-13-01"), "--as-of"),
        (("search", "a", "--as-of", "0001-01-01"), "--as-of"),
        (("due", "--category", "060101"), "--from"),
        (("due", "--category", "060101", "--from", "x"), "--from"),
        (("import", "nope"), ""),
        (("import", "tickets"), "FILE..."),
        (("import", "tickets", "nowhere.jsonl"), "FILE..."),
        (("import", "handbook", "nowhere"), "[DIR]"),
        (("verify", "nowhere"), "[DIR]"),
        (("eval", "nowhere"), "DIR"),
        (("eval",), "DIR"),
        (("serve", "--port", "0"), "--port"),
        (("serve", "--port", "65536"), "--port"),
    ],
)
def test_a_usage_error_names_the_argument_in_chinese(
    kb: Kb, words: tuple[str, ...], field: str
) -> None:
    refused = kb(*words)
    assert (refused.code, refused.out) == (2, "")
    assert refused.err.startswith("错误：")
    assert field in refused.err
    told = kb(*words, "--json")
    assert told.code == 2
    assert field.strip("[]") in told.error["field"]
    assert told.error["error"] == "usage"
    assert any("一" <= char <= "鿿" for char in told.error["detail"])


@pytest.mark.parametrize(
    "words", [("due", "--from", "2026-03-11"), ("index", "--full", "--follow")]
)
def test_options_that_exclude_each_other_are_a_usage_error(kb: Kb, words: tuple[str, ...]) -> None:
    assert kb(*words).code == 2


def test_a_wrong_setting_is_named(kb: Kb) -> None:
    refused = kb("settle", KB_PORT="x")
    assert refused.code == 2
    assert "KB_PORT" in refused.err
    assert "KB_PROT" in kb("settle", KB_PROT="1").err


@pytest.mark.parametrize(
    "words",
    [
        ("suggest", "断网"),
        ("search", "断网"),
        ("due", "--limit-id", "TL001", "--from", "2026-03-11"),
        ("index",),
        ("serve",),
        ("settle",),
        ("train",),
        ("ticket", "show", "TS1"),
        ("import", "tickets", __file__),
    ],
)
def test_without_data_folder_the_way_to_make_one_is_told(
    bare: Kb, tmp_path: Path, words: tuple[str, ...]
) -> None:
    if words[0] == "import":
        (tmp_path / "a.csv").write_text("id,text\n1,a\n", "utf-8")
        words = ("import", "tickets", str(tmp_path / "a.csv"))
    refused = bare(*words)
    assert refused.code == 1
    assert "kb init --with-samples" in refused.err
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("words", [("suggest", "断网"), ("search", "断网"), ("serve",)])
def test_without_index_the_way_to_make_one_is_told(kb: Kb, words: tuple[str, ...]) -> None:
    refused = kb(*words)
    assert refused.code == 1
    assert "kb index" in refused.err


def test_a_file_in_place_of_the_data_folder_is_told(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "data").write_text("x", "utf-8")
    run = kb_over(tmp_path / "data", KB_HANDBOOK=str(folder))
    refused = run("init")
    assert refused.code == 1
    assert "错误：系统操作失败" in refused.err


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "kb.db").write_bytes(b"not a database" * 100)
    refused = kb_over(tmp_path)("settle", "--json")
    assert refused.code == 1
    assert refused.error["detail"] == "文件不是 SQLite 数据库"


# --- suggest, search -------------------------------------------------------------------------


def test_suggesting_prints_the_object_of_the_api(full: Kb) -> None:
    answer = full("suggest", RED_LIGHT, "--area", "urban", "--json")
    assert answer.code == 0
    data = answer.data
    assert {"session_id", "mode", "procedures", "time_limits", "past_fixes"} <= data.keys()
    assert data["procedures"][0]["target_id"] == "P060101"
    assert data["categories"][0]["id"] == "060101"
    assert data["mode"] == "hybrid"


def test_suggesting_for_people_says_class_procedure_limit_and_fix(full: Kb) -> None:
    answer = full("suggest", RED_LIGHT)
    assert answer.code == 0
    for word in ("分类 060101", "规程 P060101", "时限 TL", "处理 "):
        assert word in answer.out


def test_the_complaint_may_come_from_stdin(full: Kb) -> None:
    answer = full("suggest", "-", "--json", given=RED_LIGHT.encode())
    assert answer.data["query_masked"] == RED_LIGHT


def test_what_is_suggested_is_recorded_masked(full: Kb) -> None:
    answer = full("suggest", "我号码13812345678断网了", "--json")
    assert answer.data["query_masked"] == "我号码138****5678断网了"


def test_the_given_acceptance_starts_the_clock(full: Kb) -> None:
    words = ("suggest", RED_LIGHT, "--category", "060101", "--accepted-at", "2026-03-11T09:20")
    limits = full(*words, "--area", "urban", "--json").data["time_limits"]
    due = {item["target_id"]: item["due_at"] for item in limits}
    assert due["TL001"] == "2026-03-13T09:20:00+08:00"


@pytest.mark.parametrize(
    "text", ["", " \n", "\x01\x02", "长" * 20_001, "a" * 100_000, "断\udcff网"]
)
@pytest.mark.parametrize("command", ["suggest", "search"])
def test_a_text_that_is_none_is_refused_by_name(kb: Kb, command: str, text: str) -> None:
    refused = kb(command, text, "--json")
    assert (refused.code, refused.out) == (2, "")
    assert refused.error["field"] == "TEXT"


@pytest.mark.parametrize(
    "given",
    [
        b"",
        b"\xff\xfe\x00",
        "断网".encode("gb18030"),
        "长".encode() * 50_000,
        b"a" * 200_000,
    ],
)
def test_a_text_from_stdin_that_is_none_is_refused_by_name(kb: Kb, given: bytes) -> None:
    refused = kb("suggest", "-", "--json", given=given)
    assert (refused.code, refused.out) == (2, "")
    assert refused.error["field"] == "stdin"


@pytest.mark.parametrize("text", ["😀", "' OR 1=1 --", "AND OR NOT *", f"\x1b{RED_LIGHT}\x02"])
def test_odd_texts_are_answered(full: Kb, text: str) -> None:
    assert full("suggest", "--json", "--", text).code == 0
    assert full("search", "--json", "--", text).code == 0


def test_an_unknown_class_or_ticket_is_named(full: Kb) -> None:
    assert full("suggest", "断网", "--category", "990101", "--json").error["field"] == "category"
    unknown = full("suggest", "断网", "--ticket", "TS0", "--json")
    assert (unknown.code, unknown.error["error"]) == (1, "ticket-not-found")


def test_searching_finds_by_type_and_chapter(full: Kb) -> None:
    hits = full("search", "携转授权码", "--type", "article", "--chapter", "3", "--json").data[
        "hits"
    ]
    assert hits[0]["target_id"] == "P080103"
    assert {hit["chapter"] for hit in hits} == {3}
    assert "P080103" in full("search", "携转授权码").out


def test_searching_before_the_handbook_was_valid_finds_no_article(full: Kb) -> None:
    words = ("search", "授权码", "--type", "article", "--as-of", "2025-01-01")
    assert full(*words, "--json").data["hits"] == []
    assert "没有找到" in full(*words).out


# --- due -------------------------------------------------------------------------------------


def test_the_worked_example_falls_due_as_the_page_says(full: Kb) -> None:
    told = full("due", "--limit-id", "TL035", "--from", "2026-09-30T10:00", "--json").data
    assert told["time_limits"][0]["due_at"] == "2026-10-15T23:59:59+08:00"
    assert told["from"] == "2026-09-30T10:00:00+08:00"


def test_a_class_in_a_region_is_bound_by_that_region(kb: Kb) -> None:
    told = kb("due", "--category", "060101", "--from", "2026-03-11T09:20", "--area", "rural")
    assert "TL002 障碍修复 72 小时（法律法规）：2026-03-14T09:20:00+08:00" in told.out
    assert "TL001" not in told.out


def test_a_provisional_due_time_says_so(full: Kb) -> None:
    assert "暂定" in full("due", "--limit-id", "TL035", "--from", "2026-12-25").out


@pytest.mark.parametrize(
    ("option", "value", "field"),
    [("--limit-id", "TL999", "limit_id"), ("--category", "99", "category")],
)
def test_an_unknown_limit_or_class_is_a_usage_error(
    kb: Kb, option: str, value: str, field: str
) -> None:
    refused = kb("due", option, value, "--from", "2026-03-11", "--json")
    assert (refused.code, refused.error["field"]) == (2, field)

"""The commands: what they answer, what they refuse, and with which exit code."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from kb.__main__ import COMMANDS, cli
from kb.database import Database
from kb.desk import Closing, Desk
from kb.linking import Target
from kb.settings import shipped_handbook
from tests.history import make_bad_article, make_history
from tests.kb.small import NOW, make_ticket, write_article
from tests.kb.word_files import handbook_file

RED_LIGHT = "家里网断了,盒子上那个红灯一直亮"


@dataclass(frozen=True)
class Outcome:
    """What one run of ``kb`` left: exit code, stdout and stderr."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> dict[str, Any]:
        """The one JSON object on stdout."""
        told = json.loads(self.out)
        assert isinstance(told, dict)
        return told

    @property
    def error(self) -> dict[str, Any]:
        """The one JSON object on stderr."""
        told = json.loads(self.err)
        assert isinstance(told, dict)
        return told


Kb = Callable[..., Outcome]


def kb_over(data: Path, **variables: str) -> Kb:
    """``kb`` over a data folder, in this process."""

    def run(*arguments: str, given: bytes = b"", **more: str) -> Outcome:
        environment = {"KB_DATA": str(data), **variables, **more}
        result = CliRunner().invoke(cli, arguments, input=given, env=environment)
        assert "Traceback" not in result.stderr
        return Outcome(result.exit_code, result.stdout, result.stderr)

    return run


@pytest.fixture
def bare(tmp_path: Path) -> Kb:
    """``kb`` over a folder where nothing is yet."""
    return kb_over(tmp_path / "data", KB_HANDBOOK=str(tmp_path / "handbook"))


@pytest.fixture
def kb(database: Database, folder: Path) -> Kb:
    """``kb`` over the small handbook, without an index."""
    return kb_over(database.path.parent, KB_HANDBOOK=str(folder))


@pytest.fixture(scope="module")
def full(prepared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Kb:
    """``kb`` over the shipped handbook with samples and an index; these tests only ask."""
    data = tmp_path_factory.mktemp("full") / "data"
    shutil.copytree(prepared_data, data)
    return kb_over(data)


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


# --- import ----------------------------------------------------------------------------------


GOOD = {"id": "1", "text": "家里断网", "created_at": "2026-01-05", "resolution": "换了光猫"}
BAD = {"id": "2", "text": "没有时间"}


def ticket_file(path: Path, *rows: dict[str, str]) -> str:
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), "utf-8")
    return str(path)


def test_an_import_counts_and_names_what_it_refused(kb: Kb, tmp_path: Path) -> None:
    file = ticket_file(tmp_path / "a.jsonl", GOOD, BAD)
    report = kb("import", "tickets", file, "--json")
    assert report.code == 0
    data = report.data
    assert [data[name] for name in ("rows", "added", "refused")] == [2, 1, 1]
    refusals = data["files"][0]["refusals"]
    assert refusals == [{"row": 2, "external_id": "2", "reason": "accepted_at：缺受理时间"}]
    assert data["index"]["action"] == "missing"
    assert "第 2 行 2：accepted_at：缺受理时间" in kb("import", "tickets", file).out


def test_importing_tickets_again_changes_nothing(kb: Kb, tmp_path: Path) -> None:
    file = ticket_file(tmp_path / "a.jsonl", GOOD)
    kb("import", "tickets", file)
    data = kb("import", "tickets", file, "--json").data
    assert [data[name] for name in ("added", "updated", "unchanged")] == [0, 0, 1]


def test_refused_rows_are_written_out(kb: Kb, tmp_path: Path) -> None:
    out = tmp_path / "refused.jsonl"
    file = ticket_file(tmp_path / "a.jsonl", GOOD, BAD)
    kb("import", "tickets", file, "--refused", str(out))
    lines = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert lines == [
        {"file": "a.jsonl", "row": 2, "external_id": "2", "reason": "accepted_at：缺受理时间"}
    ]


def test_a_place_that_cannot_be_written_is_told_before_anything_is_imported(
    kb: Kb, tmp_path: Path
) -> None:
    file = ticket_file(tmp_path / "a.jsonl", GOOD)
    refused = kb("import", "tickets", file, "--refused", str(tmp_path / "no" / "x.jsonl"))
    assert refused.code == 1
    assert kb("import", "tickets", file, "--json").data["added"] == 1


def test_a_file_of_which_nothing_is_taken_is_a_failure(kb: Kb, tmp_path: Path) -> None:
    assert kb("import", "tickets", ticket_file(tmp_path / "a.jsonl", BAD)).code == 1


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.txt", b"x"), ("a.csv", b""), ("a.csv", b"a,a\n1,2\n"), ("a.csv", b"\xff\xff\xff\xff")],
)
def test_a_file_that_is_no_table_is_a_usage_error(
    kb: Kb, tmp_path: Path, name: str, content: bytes
) -> None:
    (tmp_path / name).write_bytes(content)
    refused = kb("import", "tickets", str(tmp_path / name))
    assert refused.code == 2
    assert name in refused.err


def test_imported_tickets_are_found_at_once(prepared_data: Path, tmp_path: Path) -> None:
    shutil.copytree(prepared_data, tmp_path / "data")
    full = kb_over(tmp_path / "data")
    row = GOOD | {"text": "楼道里的紫色分光箱被水泡了，全家没网", "fix": "更换分光箱"}
    report = full("import", "tickets", ticket_file(tmp_path / "a.jsonl", row), "--json").data
    assert report["index"] == report["index"] | {"action": "synced", "changed": 1}
    hits = full("search", "紫色分光箱", "--type", "ticket", "--json").data["hits"]
    assert "紫色分光箱" in hits[0]["snippet"] + hits[0]["title"]


def test_files_can_be_tried_before_they_are_taken_in(full: Kb, tmp_path: Path) -> None:
    text = "家里网断了,盒子上那个红灯一直亮"
    full("suggest", text)
    folder = tmp_path / "handbook"
    shutil.copytree(shipped_handbook(), folder)
    table = folder / "tables" / "time_limits.csv"
    table.write_text(table.read_text("utf-8").replace("TL001,障碍修复", "TL001,故障修复"), "utf-8")
    tried = full("import", "handbook", str(folder), "--preview", "--json").data
    effect = next(each for each in tried["effects"] if each["text"] == text)
    titles = [{item["title"] for item in effect[side]} for side in ("before", "after")]
    assert {title[:4] for title in titles[1] - titles[0]} == {"故障修复"}
    assert tried["foreseen"]["up"] == tried["foreseen"]["down"] == 0
    assert full("import", "handbook", "--json").data["limits_changed"] == 0


def test_importing_the_handbook_makes_revisions_of_what_changed(kb: Kb, folder: Path) -> None:
    assert kb("import", "handbook", "--json").data["revised"] == 0
    write_article(folder, "S42", section="4.2", title="新标题")
    assert kb("import", "handbook", str(folder), "--json").data["revised"] == 1
    assert "新版本 0 篇" in kb("import", "handbook").out


def test_a_broken_handbook_is_refused_by_file(kb: Kb, folder: Path) -> None:
    write_article(folder, "S42", section="4.2", title="x", status="live")
    refused = kb("import", "handbook", "--json")
    assert refused.code == 1
    assert refused.error["field"] == "S42-text.md: status"


# --- verify, settle, ticket, index -----------------------------------------------------------


def test_the_shipped_handbook_verifies(bare: Kb) -> None:
    checked = bare("verify", str(shipped_handbook()), "--on", "2026-11-22", "--json")
    assert checked.code == 0
    assert checked.data["errors"] == 0


def test_errors_fail_the_check_and_warnings_do_not(kb: Kb, folder: Path) -> None:
    assert kb("verify", "--on", "2026-03-11").code == 0
    warned = kb("verify", "--on", "2029-01-04", "--json")
    assert warned.code == 0
    assert warned.data["warnings"] > 0
    write_article(folder, "S42", section="4.2", title="x", owner="")
    failed = kb("verify", "--on", "2026-03-11")
    assert failed.code == 1
    assert "错误 S42：没有写维护部门 owner" in failed.out


def test_the_chain_of_a_ticket_is_shown(kb: Kb, desk: Desk) -> None:
    ticket = desk.create(make_ticket(), agent="甲", now=NOW)
    solution = Target(target_type="procedure", target_id="P060101")
    desk.close(ticket.ticket_no, Closing("换尾纤", solution=solution), agent="甲", now=NOW)
    desk.reopen(ticket.ticket_no, reason="又断", agent="甲", now=NOW)
    data = kb("ticket", "show", ticket.ticket_no, "--json").data
    assert data["outcomes"][0]["reason"] == "reopened"
    assert data["links"][0]["target_id"] == "P060101"
    page = kb("ticket", "show", ticket.ticket_no).out
    assert "第 1 次办结：又反复 reopened" in page
    assert kb("ticket", "show", "TS0").code == 1


def test_settling_counts_the_quiet_closings(kb: Kb, desk: Desk) -> None:
    ticket = desk.create(make_ticket(), agent="甲", now=NOW)
    desk.close(ticket.ticket_no, Closing("好了", none_fit=True), agent="甲", now=NOW)
    data = kb("settle", "--json").data
    assert data == {"settled": 1, "tasks_opened": 0, "stopped_experiment": None}
    assert kb("settle").out == "记为已解决：0 次办结\n新开复核任务：0 个\n"


def test_settling_opens_review_tasks_and_tasks_are_listed(kb: Kb, database: Database) -> None:
    assert kb("tasks").out == "没有复核任务\n"
    make_history(database.connection, tickets=400)
    make_bad_article(database.connection, article="P060101", version="3")
    assert kb("settle", "--json").data["tasks_opened"] == 1
    assert kb("settle", "--json").data["tasks_opened"] == 0
    (task,) = kb("tasks", "--json").data["tasks"]
    assert (task["target_id"], task["closed_at"]) == ("P060101", None)
    assert f"反复 {task['came_back']} 次" in kb("tasks", "--owner", "装维中心").out
    assert kb("tasks", "--owner", "计费部", "--json").data["tasks"] == []


def test_an_index_with_nothing_to_do_says_so(full: Kb) -> None:
    assert full("index").out == "索引没有变化\n"
    assert full("index", "--json").data["action"] == "synced"


def test_a_lost_index_is_built_again_with_the_same_answers(
    prepared_data: Path, tmp_path: Path
) -> None:
    shutil.copytree(prepared_data, tmp_path / "data")
    full = kb_over(tmp_path / "data")
    before = full("suggest", RED_LIGHT, "--json").data
    shutil.rmtree(tmp_path / "data" / "index")
    assert full("index", "--json").data["action"] == "built"
    after = full("suggest", RED_LIGHT, "--json").data
    for kind in ("categories", "procedures", "time_limits", "past_fixes"):
        ids = [
            [item.get("target_id", item.get("id")) for item in told[kind]]
            for told in (before, after)
        ]
        assert ids[0] == ids[1]


def test_a_backup_restored_elsewhere_answers_the_same(full: Kb, tmp_path: Path) -> None:
    made = full("backup", str(tmp_path / "kept"), "--json").data
    other = kb_over(tmp_path / "other")
    assert other("restore", made["path"], "--json").data["rows"] == made["rows"]
    answers = [each("suggest", RED_LIGHT, "--json").data["procedures"] for each in (full, other)]
    ids = [[item["target_id"] for item in procedures] for procedures in answers]
    assert ids[0] == ids[1]
    again = other("restore", made["path"])
    assert again.code == 1
    assert "不是空的" in again.err


@pytest.mark.parametrize("name", ["corpus.jsonl", "queries.jsonl", "qrels.tsv"])
def test_a_judged_set_without_a_file_is_named(bare: Kb, tmp_path: Path, name: str) -> None:
    for other in ("corpus.jsonl", "queries.jsonl", "qrels.tsv"):
        if other != name:
            (tmp_path / other).write_text("", "utf-8")
    refused = bare("eval", str(tmp_path))
    assert refused.code == 2
    assert name in refused.err


def test_a_query_suite_is_measured_by_class(full: Kb, tmp_path: Path) -> None:
    suite = tmp_path / "suite.jsonl"
    suite.write_text(
        '{"query": "fapiao", "class": "pinyin", "target": "P180301"}\n'
        '{"query": "发票", "class": "exact_term", "targets": ["P060101", "P060102"]}\n',
        "utf-8",
    )
    figures = full("eval", str(suite), "--json").data
    assert figures["classes"] == {"exact_term": 0.0, "pinyin": 1.0}
    assert figures["missed"] == ["exact_term 发票"]


def test_searching_says_what_was_meant(full: Kb) -> None:
    assert full("search", "fapiao").out.startswith("您是不是要找“发票”？")
    assert "您是不是要找" not in full("search", "发票").out


def test_a_word_file_is_told_and_saved_only_when_asked(kb: Kb, tmp_path: Path) -> None:
    file = tmp_path / "手册.docx"
    file.write_bytes(handbook_file())
    told = json.loads(kb("import", "docx", str(file), "--json").out)
    assert (len(told["parts"]), told["images"], told["saved"]) == (31, 1, [])
    saved = kb("import", "docx", str(file), "--level", "1", "--save")
    assert "已存成草稿：S11-2、" in saved.out
    file.write_bytes(b"%PDF-1.7")
    refused = kb("import", "docx", str(file))
    assert (refused.code, "PDF" in refused.err) == (1, True)


def test_the_audit_trail_is_followed_listed_and_purged(kb: Kb, database: Database) -> None:
    found = kb("audit", "verify", "--json").data
    assert found["whole"]
    assert kb("audit", "verify", "--expect", found["head"]).code == 0
    assert kb("audit", "verify", "--expect", "x").code == 2
    rows = kb("audit", "list", "--object", "schema", "--limit", "1", "--json").data["rows"]
    assert [row["action"] for row in rows] == ["migrate"]
    assert kb("audit", "purge", "--before", "2099-01-01").code == 2
    assert kb("audit", "purge", "--before", "2001-01-01", "--json").data["purged"] == 0
    database.connection.execute("DROP TRIGGER audit_kept")
    database.connection.execute("UPDATE audit SET who = 'x' WHERE seq = 2")
    told = kb("audit", "verify")
    assert told.code == 3
    assert "第 2 条" in told.out

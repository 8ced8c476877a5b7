"""The commands that change data: import, verify, settle, ticket, index, audit."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from kb.database import Database
from kb.desk import Closing, Desk
from kb.linking import Target
from kb.settings import shipped_handbook
from tests.history import make_bad_article, make_history
from tests.kb.running import Kb, kb_over
from tests.kb.small import NOW, make_ticket, write_article
from tests.kb.test_cli import RED_LIGHT
from tests.kb.word_files import handbook_file

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

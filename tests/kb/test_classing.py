"""A complaint class added, renamed and retired: what is refused, and what binds at once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from kb.category import current_code, live
from kb.classing import decide, find_waiting, propose_class, uses_below
from kb.database import Database
from kb.desk import Desk
from kb.editor import Editor
from kb.errors import EditRefused, InvalidInput, KBError, RevisionConflict, SelfApproval
from kb.exporting import write_handbook as export_files
from kb.foresight import Foreseen
from kb.handbook import read_handbook
from kb.holding import Ruling
from kb.limiting import FIELDS as LIMIT_FIELDS
from kb.limiting import decide as decide_limit
from kb.limiting import propose_limit
from kb.lint import check_article
from kb.publishing import export_handbook, import_handbook
from kb.reference import ReferenceCache
from kb.store import handbook, queue
from kb.store.class_changes import ClassChange, read_changes
from kb.store.limit_changes import read_changes as read_limit_changes
from kb.stored import read_stored
from kb.verify import verify_handbook
from tests.kb.small import NOW, make_ticket
from tests.kb.small import write_handbook as write_small

CODE, OTHER = "060101", "010101"
NEW = {
    "name": "宽带网速慢", "default_priority": "P3", "responsible_dept": "装维中心",
    "usual_hours": "24", "reason": "新的投诉多了",
}  # fmt: skip
WORSE = Foreseen(judged=93, up=0, down=6, mrr_before=0.9, mrr_after=0.8, chance=0.01)


def texts(database: Database, code: str = CODE, **changed: str) -> dict[str, str]:
    held = handbook.read_category(database.connection, code)
    typed = {
        "name": held.name, "default_priority": held.default_priority,
        "responsible_dept": held.responsible_dept, "usual_hours": str(held.usual_hours or ""),
        "procedure": held.procedure, "typical_fix": held.typical_fix, "reason": "叫法变了",
        "miit_class": held.miit_class, "watch_scene": held.watch_scene,
        "retired": "yes" if held.is_retired else "", "successor": held.successor,
    }  # fmt: skip
    return typed | changed


def proposed(database: Database, code: str = CODE, base: int = 1, **changed: str) -> ClassChange:
    typed = texts(database, code, **changed) if base else NEW | changed
    return propose_class(database, code, typed, base=base, author="甲", now=NOW)


def act(database: Database, action: str, who: str, code: str = CODE, **more: object) -> ClassChange:
    words = str(more.pop("comment", ""))
    foreseen = more.pop("foreseen", None)
    assert foreseen is None or isinstance(foreseen, Foreseen)
    return decide(database, code, action, actor=who, comment=words, now=NOW, foreseen=foreseen)


def publish(database: Database, code: str = CODE, base: int = 1, **changed: str) -> ClassChange:
    proposed(database, code, base, **changed)
    done = act(database, "approve", "乙", code)
    return act(database, "approve", "丙", code) if done.status == "in_review" else done


def given(database: Database) -> set[str]:
    return set(live(handbook.read_categories(database.connection)))


def test_one_other_person_renames_a_class_and_its_articles_are_indexed_anew(
    database: Database,
) -> None:
    cache = ReferenceCache(database)
    assert cache.read().categories[CODE].name == "宽带全断"
    queued = queue.count_queued(database.connection)
    proposed(database, name="宽带断网")
    assert handbook.read_category(database.connection, CODE).name == "宽带全断"
    with pytest.raises(SelfApproval):
        act(database, "approve", "甲")
    done = act(database, "approve", "乙")
    assert (done.status, done.approvers) == ("published", ("乙",))
    renamed = handbook.read_category(database.connection, CODE)
    assert (renamed.name, renamed.revision) == ("宽带断网", 2)
    assert cache.read().categories[CODE].name == "宽带断网"
    # its article, and the limit of the class, which tells the name
    assert queue.count_queued(database.connection) == queued + 2
    [kept] = read_changes(database.connection, CODE)
    assert kept.old is not None
    assert (kept.old.name, kept.category.name, kept.reason) == ("宽带全断", "宽带断网", "叫法变了")


def test_a_change_of_the_usual_hours_takes_two_people_as_a_limit_does(database: Database) -> None:
    before = handbook.read_limit(database.connection, f"TLC{CODE}")
    proposed(database, usual_hours="12")
    assert act(database, "approve", "乙").status == "in_review"
    assert act(database, "approve", "丙").status == "published"
    after = handbook.read_limit(database.connection, f"TLC{CODE}")
    assert (after.limit_value, after.revision) == (12, before.revision + 1)


def test_a_new_class_is_given_at_once(database: Database) -> None:
    with pytest.raises(InvalidInput, match="没有上级分类 0602"):
        proposed(database, "060201", 0)
    publish(database, "0602", 0, name="宽带质量")
    publish(database, "060201", 0)
    assert {"0602", "060201"} <= given(database)
    assert handbook.read_limit(database.connection, "TLC060201").limit_value == 24
    desk = Desk(database, repeat_days=30)
    kept = desk.create(make_ticket(category="060201"), number="", agent="甲", now=NOW)
    assert (kept.category, kept.responsible_dept) == ("060201", "装维中心")
    assert uses_below(database.connection)["0602"].tickets == 1


def test_a_class_in_use_is_retired_and_its_code_leads_to_its_successor(
    database: Database,
) -> None:
    desk = Desk(database, repeat_days=30)
    old = desk.create(make_ticket(category=CODE), number="", agent="甲", now=NOW)
    publish(database, "060102", 0)
    publish(database, retired="yes", successor="060102")
    every = handbook.read_categories(database.connection)
    assert CODE not in given(database)
    assert every[CODE].name == "宽带全断"
    assert current_code(every, CODE) == "060102"
    assert ReferenceCache(database).read().moved == {CODE: "060102"}
    new = desk.create(make_ticket(category=CODE), number="", agent="甲", now=NOW)
    assert new.category == "060102"
    kept = desk.update(old.ticket_no, {"title": "改标题"}, version=None, agent="甲", now=NOW)
    assert kept.category == CODE


def test_without_a_successor_a_retired_class_is_refused_by_name(database: Database) -> None:
    publish(database, retired="yes")
    desk = Desk(database, repeat_days=30)
    with pytest.raises(InvalidInput, match="060101「宽带全断」已停用") as refused:
        desk.create(make_ticket(category=CODE), number="", agent="甲", now=NOW)
    assert refused.value.field == "category"


def test_a_class_ends_after_those_below_it_and_for_one_in_use_of_its_level(
    database: Database,
) -> None:
    for successor in ("0101", CODE, "999999"):
        with pytest.raises(InvalidInput) as refused:
            proposed(database, retired="yes", successor=successor)
        assert refused.value.field == "successor"
    with pytest.raises(InvalidInput, match="请先停用下级分类 060101"):
        proposed(database, "0601", retired="yes")
    publish(database, retired="yes")
    publish(database, "0601", retired="yes")
    assert not {CODE, "0601"} & given(database)
    with pytest.raises(InvalidInput, match="没有上级分类 0601"):
        proposed(database, "060103", 0)
    assert publish(database, "0601", 2, retired="").category.is_retired is False


def test_a_stale_form_is_told_and_one_change_waits_at_a_time(database: Database) -> None:
    publish(database, name="宽带断网")
    with pytest.raises(RevisionConflict, match="现为第 2 版，您改的是第 1 版"):
        proposed(database, name="宽带不通")
    proposed(database, base=2, name="宽带不通")
    with pytest.raises(EditRefused):
        proposed(database, base=2, name="没有网")
    assert act(database, "withdraw", "甲").status == "withdrawn"
    proposed(database, base=2, name="没有网")
    with pytest.raises(InvalidInput):
        act(database, "reject", "乙")
    assert act(database, "reject", "乙", comment="不像话").status == "rejected"
    assert find_waiting(database.connection, CODE) is None


def test_what_a_change_leans_on_is_looked_at_again_when_it_is_approved(database: Database) -> None:
    publish(database, "060102", 0)
    proposed(database, retired="yes", successor="060102")
    publish(database, "060102", 1, retired="yes")
    with pytest.raises(EditRefused, match="应为在用的同级分类"):
        act(database, "approve", "乙")
    assert CODE in given(database)


def test_what_makes_answers_worse_needs_a_reason_that_is_kept(database: Database) -> None:
    proposed(database, name="宽带断网")
    with pytest.raises(KBError, match="平均倒数排名"):
        act(database, "approve", "乙", foreseen=WORSE)
    act(database, "approve", "乙", foreseen=WORSE, comment="叫法以通知为准")
    [kept] = read_changes(database.connection, CODE)
    assert (kept.foreseen["lowers"], kept.foreseen["despite"]) == (True, "叫法以通知为准")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("name", " "), ("name", "字" * 501), ("default_priority", "P9"), ("usual_hours", "0"),
        ("usual_hours", "1.5"), ("usual_hours", "很快"), ("usual_hours", "9000"),
        ("responsible_dept", ""), ("reason", ""), ("name", "宽带全断"),
    ],
)  # fmt: skip
def test_a_wrong_field_is_named(database: Database, name: str, text: str) -> None:
    typed = texts(database, **{name: text})
    with pytest.raises(InvalidInput) as refused:
        propose_class(database, CODE, typed, base=1, author="甲", now=NOW)
    assert refused.value.field == name


def test_two_classes_below_one_have_different_names(database: Database) -> None:
    with pytest.raises(InvalidInput, match="与 060101 同名"):
        proposed(database, "060102", 0, name="宽带全断")
    with pytest.raises(InvalidInput, match="应为两位、四位或六位数字"):
        proposed(database, "06010", 0)


def test_an_article_may_keep_a_retired_class_and_no_other_may_take_it(database: Database) -> None:
    publish(database, "060102", 0)
    publish(database, retired="yes", successor="060102")
    editor = Editor(database)
    article = editor.open("P060101", now=NOW).article
    told = [each.message for each in check_article(database.connection, article, on=NOW.date())]
    assert "投诉分类 060101「宽带全断」已停用，请用 060102" in told
    revision = replace(article.revision, body="换了说法。\n")
    editor.save(replace(article, revision=revision), base=1, author="甲", now=NOW)
    other = editor.open("P010101", now=NOW).article
    wrong = replace(other, revision=replace(other.revision, categories=(CODE,)))
    with pytest.raises(InvalidInput, match="已停用，请用 060102"):
        editor.save(wrong, base=1, author="甲", now=NOW)


def test_files_hold_what_was_retired_and_come_back_the_same(
    database: Database, tmp_path: Path
) -> None:
    publish(database, "0602", 0, name="宽带质量")
    publish(database, "060102", 0)
    publish(database, retired="yes", successor="060102")
    change = {
        name: str(getattr(handbook.read_limit(database.connection, "TL002"), name))
        for name in LIMIT_FIELDS
    } | {"categories": "0601", "retired_on": "2026-04-01", "reason": "合并了"}
    propose_limit(database, "TL002", change, base=1, author="甲", now=NOW)
    for who in ("乙", "丙"):
        decide_limit(database, "TL002", "approve", actor=who, comment="", now=NOW)
    export_handbook(database, tmp_path, now=NOW)
    for name in ("other_talk.txt", "own_talk.txt", "other_trades.txt"):
        (tmp_path / "tables" / name).unlink(missing_ok=True)
    again = read_handbook(tmp_path)
    stored = read_stored(database.connection, on=NOW.date())
    assert [replace(each, revision=1) for each in stored.categories] == list(again.categories)
    held = {each.id: replace(each, revision=1) for each in stored.limits}
    assert {each.id: each for each in again.limits} == held
    report = import_handbook(database, again, author="import", now=NOW)
    assert (report.revised, report.limits_changed, report.conflicts) == (0, 0, ())
    assert handbook.read_category(database.connection, CODE).revision == 2
    assert export_files(tmp_path, read_stored(database.connection, on=NOW.date())) == []
    assert not [each for each in verify_handbook(again, on=NOW.date()) if each.where == CODE]


def test_a_class_that_files_lack_vanishes_only_if_nothing_uses_it(
    database: Database, tmp_path: Path
) -> None:
    desk = Desk(database, repeat_days=30)
    kept = desk.create(make_ticket(category=CODE), number="", agent="甲", now=NOW)
    folder = write_small(tmp_path / "handbook")
    path = folder / "tables" / "taxonomy.csv"
    lines = path.read_text("utf-8").splitlines(keepends=True)
    path.write_text("".join(line for line in lines if CODE not in line), "utf-8")
    import_handbook(database, read_handbook(folder), author="import", now=NOW)
    found = handbook.read_categories(database.connection)
    assert found[CODE].retired_on == NOW.date().isoformat()
    assert kept.category in found


def test_what_files_change_of_a_class_or_limit_stands_in_its_history_with_the_stated_reason(
    database: Database, tmp_path: Path
) -> None:
    folder = write_small(tmp_path / "handbook")
    for name, old, new in (("taxonomy", "宽带全断", "宽带断网"), ("time_limits", "48", "24")):
        path = folder / "tables" / f"{name}.csv"
        path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")
    ruling = Ruling(reasons={"categories": "照新的通知"}, foreseen=WORSE)
    import_handbook(database, read_handbook(folder), author="import", now=NOW, ruling=ruling)
    [kept] = read_changes(database.connection, CODE)
    assert kept.old is not None
    assert (kept.old.name, kept.category.name, kept.status) == ("宽带全断", "宽带断网", "published")
    assert kept.foreseen["despite"] == "照新的通知"
    [limit] = read_limit_changes(database.connection, "TL001")
    assert (limit.limit.limit_value, limit.author, limit.foreseen) == (24, "import", {})
    assert read_limit_changes(database.connection, "TL003") == []

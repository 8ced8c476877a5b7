"""What changed between two texts, and three-way merging."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from kb.diffing import ADDED, REMOVED, SAME, Change, diff_articles, diff_texts, merge_texts
from tests.kb.test_editing import make

TEXTS = st.text(alphabet="光猫红灯重插一次。\n 24小时", max_size=80)


@given(TEXTS, TEXTS)
def test_both_texts_can_be_read_off_a_comparison(old: str, new: str) -> None:
    runs = diff_texts(old, new)
    assert "".join(run.text for run in runs if run.kind != ADDED) == old
    assert "".join(run.text for run in runs if run.kind != REMOVED) == new
    assert all(run.text for run in runs)
    assert all(left.kind != right.kind for left, right in pairwise(runs))


def test_a_changed_figure_is_shown_by_itself() -> None:
    assert diff_texts("4 小时内响应。\n不变。\n", "2 小时内响应。\n不变。\n") == (
        Change(REMOVED, "4"),
        Change(ADDED, "2"),
        Change(SAME, " 小时内响应。\n不变。\n"),
    )


def test_only_fields_that_differ_are_compared() -> None:
    found = diff_articles(make("旧"), make("新", keywords=("红灯",)))
    assert [change.name for change in found] == ["关键词", "正文"]


@given(TEXTS, TEXTS)
def test_a_side_that_changed_nothing_takes_the_other(base: str, other: str) -> None:
    assert merge_texts(base, base, other).text == other
    assert merge_texts(base, other, base).text == other
    assert not merge_texts(base, other, other).is_conflict


def test_changes_of_different_lines_are_merged_and_of_one_line_kept_both() -> None:
    base = "一\n二\n三\n四\n五\n"
    merged = merge_texts(base, "壹\n二\n三\n四\n五\n", "一\n二\n三\n四\n伍\n")
    assert (merged.text, merged.is_conflict) == ("壹\n二\n三\n四\n伍\n", False)
    both = merge_texts(base, "壹\n二\n三\n四\n五\n", "1\n二\n三\n四\n五\n")
    assert both.is_conflict
    assert "壹" in both.text
    assert "1\n" in both.text

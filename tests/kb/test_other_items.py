"""Unknown items of the front matter are kept as they are, and written back the same each time."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.errors import InvalidInput
from kb.exporting import format_article
from kb.handbook import KNOWN, Handbook, parse_article
from kb.other_items import LONGEST, read_items, tidy_items, write_items
from kb.verify import WARNING, check_front
from tests.kb.test_editing import make

SCALAR = st.one_of(
    st.none(), st.booleans(), st.integers(), st.dates(), st.floats(allow_nan=False), st.text()
)
VALUE = st.recursive(
    SCALAR,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner),
    max_leaves=6,
)
ITEMS = st.dictionaries(st.text().filter(lambda key: key not in KNOWN), VALUE, max_size=4)
NAME = "S14-s14.md"


@given(ITEMS)
def test_unknown_items_come_back_from_the_file_byte_for_byte(items: dict[str, object]) -> None:
    article = make("正文。\n", extra=write_items(items))
    written = format_article(article)
    read = parse_article(written, name=NAME)
    assert read == article
    assert format_article(read) == written
    assert read_items(read.revision.extra, known=KNOWN) == items


def test_items_keep_their_kind_and_order() -> None:
    text = "复核组: 装维\nsince: 2026-01-02\nlinks: [{to: P1, n: 2}]\n"
    assert read_items(text, known=KNOWN) == {
        "复核组": "装维", "since": date(2026, 1, 2), "links": [{"to": "P1", "n": 2}],
    }  # fmt: skip
    tidy = tidy_items(text, known=KNOWN)
    assert list(read_items(tidy, known=KNOWN)) == ["复核组", "since", "links"]
    assert tidy_items(tidy, known=KNOWN) == tidy


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("title: 别的", "有自己的栏"),
        ("- a\n- b", "一行一项"),
        ("a: [", "YAML"),
        ("a: !!python/object:os.system x", "YAML"),
        ("x" * (LONGEST + 1), "最多"),
        ("a: " + "[" * 3_000 + "]" * 3_000, "YAML"),
    ],
)
def test_what_is_no_item_is_refused(text: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=words) as refused:
        tidy_items(text, known=KNOWN)
    assert refused.value.field == "extra"


def test_the_lint_names_what_it_does_not_know(shipped: Handbook) -> None:
    article = make("正文。\n", extra="复核组: 装维\n")
    found = list(check_front(replace(shipped, articles=(article,)), date(2026, 3, 1)))
    assert [each.message for each in found if each.severity == WARNING] == [
        "文件头里不认识 复核组，原样保留"
    ]

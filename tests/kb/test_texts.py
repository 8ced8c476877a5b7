"""Text from outside keeps what it says and loses what says nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.errors import InvalidInput
from kb.texts import clean_required, clean_text


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("  断网 ", "断网"),
        ("一\r\n二\r三", "一\n二\n三"),
        ("断\x00网\x1b[31m\x7f", "断网[31m"),
        ("断网😀", "断网😀"),
        ("a\tb", "a\tb"),
    ],
)
def test_control_characters_are_dropped(text: str, kept: str) -> None:
    assert clean_text(text) == kept


@pytest.mark.parametrize("text", ["断\ud800网", "\udcff"])
def test_half_a_surrogate_pair_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        clean_text(text, field="text")
    assert refused.value.field == "text"


def test_a_long_text_is_refused_with_both_lengths() -> None:
    assert clean_text("长" * 10, longest=10)
    with pytest.raises(InvalidInput, match="10 字，现有 11 字"):
        clean_text("长" * 11, longest=10)


@pytest.mark.parametrize("text", ["", " \n\t", "\x00"])
def test_a_text_with_nothing_left_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="不能为空"):
        clean_required(text, field="text")


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_cleaning_again_changes_nothing(text: str) -> None:
    assert clean_text(clean_text(text)) == clean_text(text)

"""Words of the trade explained: the table, and where a word is explained."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from kb.errors import HandbookInvalid
from kb.exporting import format_tables
from kb.glossary import Explained, GlossaryTerm, read_glossary
from kb.handbook import Handbook
from kb.verify import check_glossary
from tests.kb.small import NOW

PON = GlossaryTerm("PON", "光猫上的注册灯", "P060102")
LINE = GlossaryTerm("专线", "给单位单独拉的线路", "P170101")
LONGER = GlossaryTerm("专线开通", "装好一条专线", "P170101")


def explained(text: str, *glossary: GlossaryTerm) -> list[str]:
    pieces = Explained(glossary).pieces(text)
    return [f"[{piece}]" if term else piece for piece, term in pieces if piece]


def test_a_word_is_explained_where_it_stands_first_and_longer_words_go_first() -> None:
    assert explained("专线断了，专线", LINE) == ["[专线]", "断了，专线"]
    assert explained("专线开通慢，专线断", LINE, LONGER) == ["[专线开通]", "慢，", "[专线]", "断"]
    assert explained("没有词") == ["没有词"]


def test_letters_within_a_longer_word_are_not_that_word() -> None:
    assert explained("GPON 和 PON 灯", PON) == ["GPON 和 ", "[PON]", " 灯"]


def test_the_shipped_glossary_is_large_and_leads_to_articles(shipped: Handbook) -> None:
    assert len(shipped.glossary) >= 60
    assert list(check_glossary(shipped, NOW.date())) == []
    lost = replace(shipped, glossary=(replace(PON, article="none"),))
    assert [each.where for each in check_glossary(lost, NOW.date())] == ["glossary.csv: PON"]


@pytest.mark.parametrize("row", ["PON,,P060102", "PON,一,P060102\nPON,二,P060102"])
def test_a_wrong_table_is_refused_by_the_word(tmp_path: Path, row: str) -> None:
    path = tmp_path / "glossary.csv"
    path.write_text(f"term,definition,article\n{row}\n", "utf-8")
    with pytest.raises(HandbookInvalid) as refused:
        read_glossary(path)
    assert refused.value.field == "glossary.csv: PON"
    assert read_glossary(tmp_path / "none.csv") == ()


def test_the_glossary_goes_back_to_its_file_as_it_came(shipped: Handbook, tmp_path: Path) -> None:
    path = tmp_path / "glossary.csv"
    path.write_text(format_tables(shipped)["tables/glossary.csv"], "utf-8")
    assert read_glossary(path) == shipped.glossary

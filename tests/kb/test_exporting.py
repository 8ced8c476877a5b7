"""The shipped files are written as the export writes them, and read back as what they were."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from kb.exporting import article_path, format_article, format_tables, write_handbook
from kb.handbook import Handbook, parse_article
from kb.settings import shipped_handbook
from kb.tables import read_text
from tests.kb.test_editing import make

LINE = st.text(
    alphabet=st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=40
).map(str.strip).filter(bool)  # fmt: skip


def test_every_shipped_file_is_written_as_it_stands(shipped: Handbook) -> None:
    folder = shipped_handbook()
    for article in shipped.articles:
        assert format_article(article) == read_text(folder / article_path(article)), article.id
    for name, text in format_tables(shipped).items():
        assert text == read_text(folder / name), name


@given(st.lists(LINE, max_size=4), LINE, st.lists(LINE, min_size=1, max_size=3))
def test_an_article_reads_back_as_what_was_written(
    words: list[str], title: str, steps: list[str]
) -> None:
    article = make("正文。\n", title=title, keywords=tuple(words), steps=tuple(steps))
    assert parse_article(format_article(article), name="S14-s14.md") == article


def test_a_file_of_no_article_is_removed_and_others_are_left(
    shipped: Handbook, tmp_path: Path
) -> None:
    write_handbook(tmp_path, shipped)
    stray = tmp_path / "articles" / "1" / "S99-gone.md"
    note = tmp_path / "articles" / "notes.txt"
    for path in (stray, note):
        path.write_text("x", "utf-8")
    assert write_handbook(tmp_path, shipped) == ["articles/1/S99-gone.md"]
    assert (stray.exists(), note.exists()) == (False, True)
    fewer = replace(shipped, articles=shipped.articles[1:])
    assert write_handbook(tmp_path, fewer) == [article_path(shipped.articles[0])]

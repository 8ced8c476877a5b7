"""Markdown to safe HTML, and highlights."""

from __future__ import annotations

from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from web.rendering import mark_terms, render_markdown


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "![x](https://example.com/a.png)",
        '<a href="#" onclick="alert(1)">x</a>',
        "<svg/onload=alert(1)>",
        "<iframe src=//example.com></iframe>",
        "`<script>`",
    ],
)
def test_nothing_in_an_article_runs(text: str) -> None:
    html = render_markdown(text)
    for forbidden in ("<script", "<img", "<svg", "<iframe", 'href="javascript', 'href="data'):
        assert forbidden not in html


def test_an_articles_id_is_a_link_to_it() -> None:
    assert '<a href="/articles/P060102"' in render_markdown("见[注册失败](P060102)")
    assert '<a href="/articles/S23-2#step-3"' in render_markdown("见[期限](S23-2#step-3)")


def test_a_table_is_aligned_by_class_not_by_style() -> None:
    html = render_markdown("| 甲 | 乙 |\n|:--|--:|\n| 1 | 2 |\n")
    assert '<td class="align-right">2</td>' in html
    assert "style" not in html


def test_terms_are_marked_on_escaped_text() -> None:
    marked = mark_terms("<b>红灯</b>亮", [[3, 5]])
    assert marked == Markup("&lt;b&gt;<mark>红灯</mark>&lt;/b&gt;亮")


def test_overlapping_and_stray_highlights_do_no_harm() -> None:
    assert mark_terms("宽带断网", [[0, 2], [1, 3], [3, 99], [2, 2], [-5, 1]]) == Markup(
        "<mark>宽带断网</mark>"
    )


@given(
    st.text(max_size=40),
    st.lists(st.lists(st.integers(-50, 50), min_size=2, max_size=2), max_size=6),
)
def test_marking_never_changes_the_text(text: str, highlights: list[list[int]]) -> None:
    marked = str(mark_terms(text, highlights))
    assert unescape(marked.replace("<mark>", "").replace("</mark>", "")) == text

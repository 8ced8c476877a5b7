"""Markdown to safe HTML, and text with its found terms marked."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, MutableMapping, Sequence
from functools import lru_cache
from typing import Any

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markupsafe import Markup, escape

from kb.glossary import Explained

TAGS = {
    "a", "blockquote", "br", "code", "del", "em", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol",
    "p", "pre", "span", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
ATTRIBUTES = {
    "a": {"href"}, "ol": {"start"}, "td": {"class"}, "th": {"class"}, "h2": {"id"}, "h3": {"id"},
    "span": {"class", "tabindex", "role", "id", "aria-describedby"},
}  # fmt: skip
Change = Callable[[Sequence[Token], int, MutableMapping[str, Any]], None]
"""What is done to the token at a place before it is written."""
_ARTICLE_LINK = re.compile(r"(?P<id>[A-Z][0-9A-Z]*(?:-[0-9]+)?)(?P<anchor>#[\w-]+)?")
_ALIGN = re.compile(r"text-align:(left|center|right)")


@lru_cache(maxsize=512)
def article_html(article_id: str, number: int, body: str) -> str:
    """The body of one revision as HTML; kept, because rendering takes longer than searching."""
    del article_id, number  # they name the entry of the cache; the body alone is rendered
    return render_markdown(body)


def render_markdown(text: str, explained: Explained | None = None) -> str:
    """Markdown as HTML without raw HTML, scripts or style; (P060101) links to that article.

    ``explained``: the words to explain where they stand for the first time.
    """
    return nh3.clean(
        _markdown().render(text, {"explained": explained}),
        tags=TAGS,
        attributes=ATTRIBUTES,
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel="noopener noreferrer",
    )


@lru_cache(maxsize=1)
def _markdown() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    parser.add_render_rule("link_open", _after(_open_link))
    parser.add_render_rule("text", _write_text)
    parser.add_render_rule("heading_open", _after(_open_heading))
    parser.add_render_rule("heading_close", _after(_close_heading))
    parser.add_render_rule("th_open", _after(_open_cell))
    parser.add_render_rule("td_open", _after(_open_cell))
    return parser


def _after(change: Change) -> Callable[..., str]:
    """A rule of the renderer: change a token, then write it as always."""

    def write(
        renderer: RendererHTML,
        tokens: Sequence[Token],
        place: int,
        options: Any,
        environment: MutableMapping[str, Any],
    ) -> str:
        change(tokens, place, environment)
        return renderer.renderToken(tokens, place, options, environment)

    return write


def _open_link(tokens: Sequence[Token], place: int, environment: MutableMapping[str, Any]) -> None:
    """Send a link that is an article's id to that article's page."""
    del environment
    token = tokens[place]
    match = _ARTICLE_LINK.fullmatch(str(token.attrs.get("href", "")))
    if match:
        token.attrs["href"] = f"/articles/{match['id']}{match['anchor'] or ''}"


def _write_text(
    renderer: RendererHTML,
    tokens: Sequence[Token],
    place: int,
    options: Any,
    environment: MutableMapping[str, Any],
) -> str:
    """Explain words of the glossary, but not in a heading, nor in a link: that leads elsewhere."""
    del renderer, options
    text = tokens[place].content
    nesting = sum(token.nesting for token in tokens[:place] if token.type.startswith("link_"))
    explained = None if environment.get("in_heading") else environment.get("explained")
    return str(escape(text) if explained is None or nesting else explain_terms(text, explained))


def explain_terms(text: str, explained: Explained) -> Markup:
    """The text, escaped; a word met for the first time shows its meaning on hover and focus."""
    return Markup("").join(
        _TERM.format(piece, term.definition, term.term) if term else escape(piece)
        for piece, term in explained.pieces(text)
    )


_TERM = Markup(
    '<span class="term" tabindex="0" aria-describedby="term-{2}">{0}'
    '<span class="tip" role="tooltip" id="term-{2}">{1}</span></span>'
)


def _open_heading(
    tokens: Sequence[Token], place: int, environment: MutableMapping[str, Any]
) -> None:
    """Give a heading an anchor, so that it can be linked to."""
    token = tokens[place]
    token.attrs["id"] = heading_anchor(tokens[place + 1].content)
    environment["in_heading"] = True


def _close_heading(
    tokens: Sequence[Token], place: int, environment: MutableMapping[str, Any]
) -> None:
    del tokens, place
    environment["in_heading"] = False


def heading_anchor(words: str) -> str:
    """The anchor of a heading."""
    return "part-" + re.sub(r"\W+", "-", words).strip("-")


def _open_cell(tokens: Sequence[Token], place: int, environment: MutableMapping[str, Any]) -> None:
    """Turn a column's alignment into a class: the content policy forbids style attributes."""
    del environment
    token = tokens[place]
    match = _ALIGN.fullmatch(str(token.attrs.pop("style", "")))
    if match:
        token.attrs["class"] = f"align-{match[1]}"


def mark_terms(text: str, highlights: Iterable[Sequence[int]]) -> Markup:
    """The text, escaped, with ``<mark>`` around each [start, end); overlapping ones are joined."""
    parts: list[str | Markup] = []
    place = 0
    for start, end in _joined(highlights, len(text)):
        parts += [escape(text[place:start]), Markup("<mark>{}</mark>").format(text[start:end])]
        place = end
    return Markup("").join([*parts, escape(text[place:])])


def _joined(highlights: Iterable[Sequence[int]], length: int) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    for start, end in sorted((max(pair[0], 0), min(pair[1], length)) for pair in highlights):
        if start >= end:
            continue
        if spans and start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(spans[-1][1], end))
            continue
        spans.append((start, end))
    return spans

"""An article laid out for the desk's reading pane: what to do first, then why and when not to."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from kb.article import Article
from kb.glossary import Explained
from kb.sections import plain, quoted, split_raw
from kb.store.glossary import read_glossary
from web.library import FoundArticle, find_article, read_successor
from web.rendering import article_html, explain_terms, render_markdown
from web.services import current

GIST, WORDING = "一句话", "话术"
FIRST = ("不要承诺", "例外与补偿", "何时升级", "怎么认")


@dataclass(frozen=True)
class Reading:
    """One article in the pane. ``hit``: the step that fits the complaint, 0 for none.
    ``successor``: the article to read instead, of one that is not valid any more.

    ``steps``: (text, the same with words explained). ``wording``: what may be said to the
    customer, without notes for the desk. ``sections``: (heading, HTML).
    """

    found: FoundArticle
    hit: int
    steps: tuple[tuple[str, Markup], ...]
    gist: str
    wording: str
    sections: tuple[tuple[str, str], ...]
    successor: Article | None


def read_reading(
    article_id: str, *, revision: int | None, step: int = 0, explains: bool = False
) -> Reading:
    """The article opened at a step; raise ArticleNotFound.

    ``explains``: words of the glossary are, where they stand first.
    """
    found = find_article(article_id, revision=revision)
    text = found.article.revision
    parts = split_raw(text.body)
    explained = Explained(read_glossary(current().database.connection) if explains else ())
    return Reading(
        found=found,
        hit=step if 1 <= step <= len(text.steps) else 0,
        steps=tuple((each, explain_terms(each, explained)) for each in text.steps),
        gist=plain(parts.get(GIST, "")),
        wording=quoted(parts.get(WORDING, "")),
        sections=tuple(
            (
                name,
                render_markdown(parts[name], explained)
                if explains
                else article_html(f"{article_id}#{name}", text.number, parts[name]),
            )
            for name in _ordered(parts)
        ),
        successor=None if found.current_revision else read_successor(found.article),
    )


def _ordered(parts: dict[str, str]) -> list[str]:
    others = [name for name in parts if name not in (GIST, WORDING, *FIRST) and parts[name].strip()]
    return [name for name in FIRST if name in parts] + others

"""Cards made from what the handbook says today; the same text makes the same cards.

A card's id says what it asks about, never what the answer is: a changed limit keeps its card.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from kb.article import Article
from kb.category import Category
from kb.limit import AUTHORITIES, KINDS, TimeLimit, describe_amount
from kb.sections import bullets, plain, split_raw

KINDS_OF_CARDS: Mapping[str, str] = {
    "limit": "时限",
    "code": "编码",
    "dept": "谁负责",
    "promise": "不要承诺",
    "row": "要点",
}
PROMISES = "不要承诺"
_ROW = re.compile(r"^\|(.+)\|\s*$", re.MULTILINE)
_RULE = re.compile(r"^[\s|:-]+$")


@dataclass(frozen=True)
class Card:
    """One question with its answer, from one article.

    ``fact``: the answer itself; when it differs from what a learner last saw, the card comes back.
    ``detail``: what stands around it. ``anchor``: where on the article's page it is said.
    """

    id: str
    kind: str
    article_id: str
    title: str
    revision: int
    chapter: int
    question: str
    fact: str
    detail: str = ""
    anchor: str = ""


def build_cards(
    articles: Sequence[Article],
    limits: Mapping[str, TimeLimit],
    categories: Mapping[str, Category],
) -> list[Card]:
    """All cards of the articles shown on a day, article by article; each fact once."""
    cards: dict[str, Card] = {}
    for article in articles:
        for card in _cards_of(article, limits, categories):
            cards.setdefault(card.id, card)
    return list(cards.values())


def _cards_of(
    article: Article, limits: Mapping[str, TimeLimit], categories: Mapping[str, Category]
) -> Iterator[Card]:
    for name in article.revision.time_limits:
        if name in limits:
            yield _limit_card(article, limits[name])
    classes = [categories[code] for code in article.revision.categories if code in categories]
    for category in classes:
        if category.level == 3:
            yield from _class_cards(article, category, categories)
    parts = split_raw(article.revision.body)
    promises = bullets(parts.get(PROMISES, ""))
    if promises:
        yield _card(
            article,
            "promise",
            article.id,
            question=f"办理“{article.title}”时，哪些话不能说、不能答应？",
            fact="\n".join(plain(each) for each in promises),
        )
    for header, row in _rows(article.revision.body):
        yield _row_card(article, header, row)


def _card(article: Article, kind: str, key: str, *, question: str, **words: str) -> Card:
    return Card(
        id=f"{kind}-{key}",
        kind=kind,
        article_id=article.id,
        title=article.title,
        revision=article.revision.number,
        chapter=article.chapter,
        question=question,
        **words,
    )


def _limit_card(article: Article, limit: TimeLimit) -> Card:
    circumstances = "；".join(filter(None, (limit.region, limit.condition)))
    about = f"“{limit.subject}”（{circumstances}）" if circumstances else f"“{limit.subject}”"
    checked = "" if limit.is_verified else "（待核实，不得当规定念）"
    return _card(
        article,
        "limit",
        limit.id,
        question=f"{about}：时限多长、从何时起算、依据是什么？",
        fact=f"{describe_amount(limit)}（{KINDS[limit.kind]}），自“{limit.from_event}”起算；"
        f"{AUTHORITIES[limit.authority]}{checked}",
        detail="；".join(
            filter(None, (limit.source, f"责任：{limit.responsible_dept}", limit.escalation))
        ),
        anchor=limit.id,
    )


def _class_cards(
    article: Article, category: Category, categories: Mapping[str, Category]
) -> Iterator[Card]:
    codes = (category.id[:2], category.id[:4], category.id)
    path = " › ".join(categories[code].name for code in codes if code in categories)
    yield _card(
        article,
        "code",
        category.id,
        question=f"工单上的分类编码 {category.id} 是哪一类？默认几级？",
        fact=f"{path}；{category.default_priority}",
    )
    yield _card(
        article,
        "dept",
        category.id,
        question=f"“{path}”由哪个部门负责？",
        fact=category.responsible_dept,
        detail=f"常用办法：{category.typical_fix}" if category.typical_fix else "",
    )


def _rows(body: str) -> Iterator[tuple[list[str], list[str]]]:
    """Header and cells of each row of the tables in a text."""
    header: list[str] | None = None
    for block in re.split(r"\n(?!\|)", body):
        header = None
        for match in _ROW.finditer(block):
            cells = [plain(cell.strip()) for cell in match[1].split("|")]
            if header is None:
                header = cells
            elif not _RULE.match(match[1]) and len(cells) == len(header) > 1:
                yield header, cells


def _row_card(article: Article, header: Sequence[str], row: Sequence[str]) -> Card:
    asked = "、".join(header[1:])
    key = hashlib.sha256(f"{header[0]}\x1f{row[0]}".encode()).hexdigest()[:8]
    return _card(
        article,
        "row",
        f"{article.id}-{key}",
        question=f"“{article.title}”：{header[0]}“{row[0]}”，{asked}是什么？",
        fact="；".join(f"{name}：{cell}" for name, cell in zip(header[1:], row[1:], strict=True)),
    )

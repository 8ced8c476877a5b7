"""A document's Markdown cut at its headings into parts, each an article to be."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from kb.article import CHAPTERS, SECTIONS

MAX_TITLE = 100
LEAST_ALIKE = 0.6
"""Likeness of names from which a heading is taken for that section or chapter."""
_HEADING = re.compile(r"(#{1,6})\s+(.+?)\s*#*")
_FENCE = re.compile(r"(```|~~~)")
_CHAPTER = re.compile(r"第\s*([一二三四五六七八九十\d]+)\s*[章篇编]\s*[、.．:：]?\s*")
_SECTION = re.compile(r"(?:第\s*[一二三四五六七八九十\d]+\s*[节条]|(\d+(?:\.\d+)+)|(\d+)[.、．]|"
                      r"[（(]?[一二三四五六七八九十]+[)）、.．])\s*")  # fmt: skip
_NUMBERED = re.compile(
    r"(?:第\s*[一二三四五六七八九十\d]+\s*[章篇编节条]|\d+(?:\.\d+)+)\s*\S.{0,38}"
)
_MARKS = re.compile(r"[*_`]+|\[([^\]]*)\]\([^)]*\)|\\(?=[*_#])")


@dataclass(frozen=True)
class Heading:
    """One heading: its level, its words, and the line it stands in."""

    level: int
    words: str
    line: int


@dataclass(frozen=True)
class Part:
    """One piece of the document, with the heading it stood under as its title.

    ``section``: where it seems to belong, "" when nothing tells. ``path``: the headings above.
    """

    title: str
    section: str
    body: str
    path: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cut:
    """The parts, the level they were cut at, and what the editor should know about the cutting."""

    parts: tuple[Part, ...]
    level: int
    warnings: tuple[str, ...] = ()


def cut_document(markdown: str, *, name: str, level: int = 0) -> Cut:
    """Cut at headings of ``level`` and above; 0: at the second level if there is one.

    Text before the first heading, and chapters' own text, are parts too. ``name``: title of what
    has no heading.
    """
    lines = markdown.splitlines()
    warnings = []
    headings = list(_headings(lines))
    if not headings:
        headings = list(_numbered(lines))
        told = "没有用标题样式，按「第几章」「1.1」这样的编号切分，请核对"
        warnings.append(told if headings else "没有找到标题，整篇作为一条")
    if level == 0:
        level = _usual_level(headings)
    cuts = [heading for heading in headings if heading.level <= level]
    parts = list(_parts(lines, cuts, name))
    return Cut(tuple(parts), level, tuple(warnings))


def _usual_level(headings: list[Heading]) -> int:
    levels = sorted({heading.level for heading in headings})
    if not levels:
        return 1
    tops = sum(heading.level == levels[0] for heading in headings)
    return levels[1] if len(levels) > 1 and (tops == 1 or levels[1] <= 2) else levels[0]


def _headings(lines: list[str]) -> Iterator[Heading]:
    fenced = False
    for place, line in enumerate(lines):
        fenced ^= bool(_FENCE.match(line))
        match = _HEADING.fullmatch(line)
        if match and not fenced:
            yield Heading(len(match[1]), _plain(match[2]), place)


def _numbered(lines: list[str]) -> Iterator[Heading]:
    """Headings that are only paragraphs with a number, of level 1 (第一章) or 2 (1.1)."""
    for place, line in enumerate(lines):
        words = _plain(line.strip())
        if _NUMBERED.fullmatch(words) and not words.endswith(("。", "；", "，", ";", ",")):
            yield Heading(1 if _CHAPTER.match(words) else 2, words, place)


def _plain(words: str) -> str:
    return _MARKS.sub(lambda match: match[1] or "", words).strip()


def _parts(lines: list[str], cuts: list[Heading], name: str) -> Iterator[Part]:
    starts = [-1, *(heading.line for heading in cuts)]
    ends = [*(heading.line for heading in cuts), len(lines)]
    above: list[Heading] = []
    for heading, start, end in zip([None, *cuts], starts, ends, strict=True):
        if heading is not None:
            above = [each for each in above if each.level < heading.level] + [heading]
        body = _raise_headings(lines[start + 1 : end], heading.level if heading else 1)
        if not body:
            continue
        path = [each.words for each in above]
        title = strip_number(path[-1]) if path else name
        yield Part(title[:MAX_TITLE] or name, guess_section(path), body, tuple(path[:-1]))


def _raise_headings(lines: list[str], above: int) -> str:
    """The text with its headings moved so that the first level below the title is ##."""
    fenced, kept = False, []
    for line in lines:
        fenced ^= bool(_FENCE.match(line))
        match = _HEADING.fullmatch(line)
        kept.append(_raised(match, above) if match and not fenced else line)
    return "\n".join(kept).strip()


def _raised(heading: re.Match[str], above: int) -> str:
    depth = min(max(len(heading[1]) - above + 1, 2), 6)
    return f"{'#' * depth} {heading[2]}"


def strip_number(words: str) -> str:
    """A heading without its number: 「1.1 业务开通流程」 → 「业务开通流程」."""
    for pattern in (_CHAPTER, _SECTION):
        match = pattern.match(words)
        if match and match.end() < len(words):
            return words[match.end() :].strip()
    return words.strip()


def guess_section(path: list[str]) -> str:
    """The handbook's section for a part under these headings; "" when nothing tells.

    The heading's words decide; its number only where the handbook's section has a like name, or
    the heading above is that chapter.
    """
    if not path:
        return ""
    chapter = next(filter(None, map(_chapter, reversed(path))), 0)
    named = {key: name for key, name in SECTIONS.items() if not chapter or _of(key) == chapter}
    best = max(named, key=lambda key: _alike(strip_number(path[-1]), named[key]))
    if _alike(strip_number(path[-1]), named[best]) >= LEAST_ALIKE:
        return best
    numbered = re.match(r"\d+\.\d+", path[-1])
    if numbered and numbered[0] in named and chapter:
        return numbered[0]
    return next(iter(named)) if chapter else ""


def _chapter(words: str) -> int:
    """The handbook's chapter that a heading names; 0 when it names none."""
    name = strip_number(words)
    best = max(range(1, len(CHAPTERS) + 1), key=lambda number: _alike(name, CHAPTERS[number - 1]))
    return best if _alike(name, CHAPTERS[best - 1]) >= LEAST_ALIKE else 0


def _of(section: str) -> int:
    return int(section.partition(".")[0])


def _alike(one: str, other: str) -> float:
    return SequenceMatcher(None, one, other, autojunk=False).ratio()

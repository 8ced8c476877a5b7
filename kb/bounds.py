"""What an account is bound to: the chapters and regions it may see at all.

A ticket is of the region that stands in it, 河南 or 河南省郑州市; one without a region is for
everybody. An article is of the chapter it stands in today, with all its revisions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from kb.errors import InvalidInput

_WRITTEN_OUT = re.compile(r"(北京|天津|上海|重庆)市|(.{2,3}?)(?:省|(?:壮族|回族|维吾尔)?自治区)")


@dataclass(frozen=True)
class Bounds:
    """What alone may be shown; None: all of it."""

    chapters: frozenset[int] | None = None
    regions: frozenset[str] | None = None

    def has_chapter(self, chapter: int) -> bool:
        """Whether articles of this chapter may be shown."""
        return self.chapters is None or chapter in self.chapters

    def has_region(self, region: str) -> bool:
        """Whether tickets of this region may be shown; those without one always."""
        return self.regions is None or not region or region.startswith(tuple(self.regions))

    def check_chapter(self, chapter: int) -> None:
        """Raise InvalidInput for a chapter that is out of bounds."""
        if not self.has_chapter(chapter):
            raise InvalidInput("您的账号只管其他章节，不能写在这一章", field="section")

    def check_region(self, region: str) -> None:
        """Raise InvalidInput for a region that is out of bounds."""
        if not self.has_region(region):
            told = "、".join(sorted(self.regions or ()))
            raise InvalidInput(f"您的账号只管{told}，不能办其他地区的工单", field="region")

    def as_dict(self) -> dict[str, list[Any]]:
        """The bounds as they are recorded with a question; what is not bound is left out."""
        found: dict[str, list[Any]] = {}
        if self.chapters is not None:
            found["chapters"] = sorted(self.chapters)
        if self.regions is not None:
            found["regions"] = sorted(self.regions)
        return found


def make_bounds(chapters: Iterable[int] | None, regions: Iterable[str] | None) -> Bounds | None:
    """The bounds of an account, regions in their short form; None when nothing is bound."""
    if chapters is None and regions is None:
        return None
    return Bounds(
        None if chapters is None else frozenset(chapters),
        None if regions is None else frozenset(map(short_region, regions)),
    )


def parse_bounds(values: Mapping[str, Any]) -> Bounds | None:
    """Bounds as ``Bounds.as_dict`` wrote them."""
    return make_bounds(values.get("chapters"), values.get("regions"))


def short_region(region: str) -> str:
    """A province as tickets begin with it, written out or not: 河南省 is 河南."""
    found = _WRITTEN_OUT.fullmatch(region)
    return (found[1] or found[2]) if found else region

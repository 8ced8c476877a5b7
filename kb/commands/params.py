"""Kinds of arguments, with refusals in Chinese."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from kb.errors import InvalidInput
from kb.texts import clean_text
from kb.times import parse_instant

Context = click.Context | None
Parameter = click.Parameter | None


class Whole(click.ParamType[int]):
    """A whole number within bounds."""

    name = "整数"

    def __init__(self, low: int, high: int) -> None:
        """Take ``low`` to ``high``, both included."""
        self.low, self.high = low, high

    def convert(self, value: Any, param: Parameter, ctx: Context) -> int:
        """Parse; refuse what is no number or out of bounds."""
        text = str(value)
        is_number = text.isascii() and text.isdigit() and len(text) <= len(str(self.high))
        if not is_number or not self.low <= int(text) <= self.high:
            self.fail(f"应为 {self.low} 到 {self.high} 的整数", param, ctx)
        return int(text)


class Share(click.ParamType[float]):
    """A share above 0, at most 1."""

    name = "比例"

    def convert(self, value: Any, param: Parameter, ctx: Context) -> float:
        """Parse; refuse what is no number or out of bounds."""
        try:
            share = float(value)
        except ValueError:
            share = 0.0
        if not 0 < share <= 1:
            self.fail("应为大于 0、不超过 1 的数", param, ctx)
        return share


class OneOf(click.ParamType[str]):
    """One of some words."""

    name = "选项"

    def __init__(self, words: Iterable[str]) -> None:
        """Take any of ``words``."""
        self.words = tuple(words)

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """The words, for the help page."""
        del param, ctx
        return f"[{'|'.join(self.words)}]"

    def convert(self, value: Any, param: Parameter, ctx: Context) -> str:
        """Refuse any other word."""
        if value not in self.words:
            self.fail(f"应为 {'、'.join(self.words)} 之一", param, ctx)
        return str(value)


class Text(click.ParamType[str]):
    """A short text."""

    name = "文字"

    def __init__(self, longest: int = 200) -> None:
        """Take up to ``longest`` characters."""
        self.longest = longest

    def convert(self, value: Any, param: Parameter, ctx: Context) -> str:
        """Drop control characters; refuse broken or long text."""
        try:
            return clean_text(str(value), longest=self.longest)
        except InvalidInput as error:
            self.fail(error.detail, param, ctx)


class Instant(click.ParamType[datetime]):
    """An instant, ISO 8601; Beijing time when it says nothing else."""

    name = "时间"

    def convert(self, value: Any, param: Parameter, ctx: Context) -> datetime:
        """Parse; refuse anything else."""
        if isinstance(value, datetime):
            return value
        try:
            return parse_instant(str(value), field="")
        except InvalidInput as error:
            self.fail(error.detail, param, ctx)


class Day(click.ParamType[date]):
    """A day, YYYY-MM-DD."""

    name = "日期"

    def convert(self, value: Any, param: Parameter, ctx: Context) -> date:
        """Parse; refuse anything else."""
        if isinstance(value, date):
            return value
        try:
            day = date.fromisoformat(str(value).strip())
        except ValueError:
            self.fail("应为日期，例如 2026-03-11", param, ctx)
        if not 2000 <= day.year <= 2100:
            self.fail("年份应在 2000 到 2100 之间", param, ctx)
        return day


class Readable(click.ParamType[Path]):
    """A file or folder that is there."""

    name = "路径"

    def __init__(self, *, folder: bool | None = False, suffixes: tuple[str, ...] = ()) -> None:
        """Take a folder, a file, or either (None); a file with one of ``suffixes``, if any."""
        self.folder = folder
        self.suffixes = suffixes

    def _fits(self, path: Path) -> bool:
        if self.folder is None:
            return path.exists()
        return path.is_dir() if self.folder else path.is_file()

    def convert(self, value: Any, param: Parameter, ctx: Context) -> Path:
        """Refuse what is not there or of the other kind."""
        path = Path(value)
        try:
            is_there = self._fits(path)
        except (OSError, ValueError):
            is_there = False
        if not is_there:
            self.fail(f"没有这个{'文件夹' if self.folder else '文件'}：{value}", param, ctx)
        if self.suffixes and path.suffix.lower() not in self.suffixes:
            self.fail(f"只认 {'、'.join(self.suffixes)} 文件：{value}", param, ctx)
        return path

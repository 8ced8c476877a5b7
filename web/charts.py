"""Charts drawn on the server: SVG whose places are percentages, so that text never shrinks.

Nothing is told by colour alone: every chart stands beside its numbers, and columns are hatched.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from markupsafe import Markup, escape

from kb.reports.measures import Group, Measure
from kb.reports.outcomes import STATES
from kb.ticket import OUTCOMES

STRIP = 18
"""Height of a strip in pixels; its line runs in the middle."""
COLUMNS = 190
TOP, BOTTOM = 18, 24
LEFT = 4.0
"""Per cent of the width kept for the numbers of the scale."""
MOST_LABELS = 12
GRID = 4


def draw_strip(measure: Measure, scale: float) -> Markup:
    """One figure on a line from nothing to ``scale``: a dot within its interval."""
    interval, middle = measure.interval, STRIP / 2
    if interval is None or scale <= 0:
        return Markup("")
    low, value, high = (
        min(100.0, max(0.0, 100 * number / scale))
        for number in (interval.low, interval.value, interval.high)
    )
    parts = [_line("axis", 0, 100, middle)]
    parts += [_mark("axis", place, middle, 3) for place in (0, 50, 100)]
    parts += [_line("whisker", low, high, middle)]
    parts += [_mark("whisker", place, middle, 4) for place in (low, high)]
    parts += [f'<circle class="dot" cx="{value:.2f}%" cy="{middle}" r="4.5"/>']
    kind = "strip few" if measure.is_small else "strip"
    title = escape(f"{measure.group_name or measure.name}：{describe(measure)}")
    return Markup(  # noqa: S704 - numbers of ours, and a title that is escaped
        f'<svg class="{kind}" width="100%" height="{STRIP}" role="img"><title>{title}</title>'
        f"{''.join(parts)}</svg>"
    )


def scale_of(measures: Iterable[Measure]) -> float:
    """Where the strips of some figures end: at 100 % for shares, else at the largest bound."""
    found = list(measures)
    if found and found[0].kind != "median":
        return 1.0
    return max((each.interval.high for each in found if each.interval), default=1.0)


def describe(measure: Measure) -> str:
    """A figure with its interval in words."""
    if measure.interval is None:
        return measure.says
    return f"{format_value(measure)}，95% 区间 {format_range(measure)}，{format_total(measure)}"


def format_value(measure: Measure) -> str:
    """The figure itself."""
    if measure.interval is None:
        return "–"
    return _number(measure, measure.interval.value, with_unit=True)


def format_range(measure: Measure) -> str:
    """The bounds of the figure."""
    if measure.interval is None:
        return "–"
    low = _number(measure, measure.interval.low, with_unit=False)
    return f"{low}–{_number(measure, measure.interval.high, with_unit=True)}"


def format_total(measure: Measure) -> str:
    """What it was counted from."""
    count = f"{measure.count:,} / " if measure.count is not None else ""
    return f"{count}{measure.total:,}"


def _number(measure: Measure, value: float, *, with_unit: bool) -> str:
    if measure.kind == "share":
        return f"{100 * value:.1f}{'%' if with_unit else ''}"
    if measure.kind == "median":
        return f"{value:.1f}{' 小时' if with_unit else ''}"
    return f"{value:.3f}" if value <= 1 else f"{value:.2f}"


def _line(kind: str, start: float, end: float, height: float) -> str:
    return f'<line class="{kind}" x1="{start:.2f}%" x2="{end:.2f}%" y1="{height}" y2="{height}"/>'


def _mark(kind: str, place: float, height: float, half: float) -> str:
    return (
        f'<line class="{kind}" x1="{place:.2f}%" x2="{place:.2f}%"'
        f' y1="{height - half}" y2="{height + half}"/>'
    )


def draw_weeks(weeks: Sequence[tuple[Group, Mapping[str, int]]]) -> Markup:
    """Closings a week as columns, stacked by what became of them."""
    most = max((sum(states.values()) for _, states in weeks), default=0)
    if not most:
        return Markup("")
    top = _round_up(most)
    step = (100 - LEFT) / len(weeks)
    parts = [_grid(top)]
    every = -(-len(weeks) // MOST_LABELS)
    for place, (group, states) in enumerate(weeks):
        parts.append(_column(states, LEFT + place * step, step, top))
        if place % every == 0:
            centre = LEFT + (place + 0.5) * step
            parts.append(
                f'<text x="{centre:.2f}%" y="{COLUMNS - 6}" text-anchor="middle">'
                f"{escape(group.name.removesuffix(' 起'))}</text>"
            )
    total = sum(sum(states.values()) for _, states in weeks)
    said = f"{len(weeks)} 周共 {total:,} 次办结，最多的一周 {most:,} 次；逐周数字见下面的表。"
    return Markup(  # noqa: S704 - numbers and names of ours
        f'<svg class="columns-chart" width="100%" height="{COLUMNS}" role="img"'
        ' aria-labelledby="weeks-title weeks-desc">'
        '<title id="weeks-title">每周办结及其结果</title>'
        f'<desc id="weeks-desc">{said}</desc>{PATTERN}{"".join(parts)}</svg>'
    )


PATTERN = (
    '<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse"'
    ' patternTransform="rotate(45)"><rect class="hatch-ground" width="6" height="6"/>'
    '<line class="hatch-line" x1="0" x2="0" y1="0" y2="6"/></pattern></defs>'
)


def draw_key(state: str) -> Markup:
    """The small square that a legend shows for a state of closings."""
    return Markup(  # noqa: S704 - a code of ours
        f'<svg class="key" width="14" height="14" aria-hidden="true">'
        f'<rect class="state-{escape(state)}" x="1" y="1" width="12" height="12"/></svg>'
    )


def _column(states: Mapping[str, int], start: float, step: float, top: int) -> str:
    floor, parts = float(COLUMNS - BOTTOM), []
    for state in STATES:
        height = (COLUMNS - TOP - BOTTOM) * states[state] / top
        floor -= height
        if height:
            parts.append(
                f'<rect class="state-{state}" x="{start + 0.15 * step:.2f}%" y="{floor:.1f}"'
                f' width="{0.7 * step:.2f}%" height="{height:.1f}">'
                f"<title>{OUTCOMES[state]} {states[state]:,}</title></rect>"
            )
    return "".join(parts)


def _grid(top: int) -> str:
    lines = []
    for number in range(GRID + 1):
        height = COLUMNS - BOTTOM - (COLUMNS - TOP - BOTTOM) * number / GRID
        lines.append(_line("grid", 0, 100, round(height, 1)))
        if number:
            lines.append(
                f'<text class="scale" x="0" y="{height - 3:.1f}">{top * number // GRID:,}</text>'
            )
    return "".join(lines)


def _round_up(most: int) -> int:
    """A round number of GRID steps that holds the largest column."""
    unit = 1
    while most > 20 * unit:
        unit *= 10
    step = -(-most // (GRID * unit)) * unit
    return step * GRID

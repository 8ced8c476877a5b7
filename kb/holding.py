"""Files that would make answers worse are held back until somebody says why: the rule that editors
publish by holds for them too."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from kb.article import Article
from kb.errors import InvalidInput
from kb.foresight import Foreseen
from kb.other_items import read_items

DESPITE = "despite"
"""Item of an article's front matter: why it is published although judged answers get worse."""
MOST_ALONE = 8
"""Changed files up to which each is measured alone, to name those that make answers worse."""
Measure = Callable[[AbstractSet[str]], Foreseen]
"""What publishing these of the changed files would do."""


@dataclass(frozen=True)
class Ruling:
    """Which changed files may be taken in. Names are ids of articles and names of tables.

    ``held``: those that may not, and what they were measured to do; ``reasons``: why the others are
    published although judged answers get worse; ``foreseen``: what those with a reason do.
    """

    held: Mapping[str, str] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)
    foreseen: Foreseen | None = None

    def reason_for(self, name: str) -> str:
        """The stated reason, where one was needed."""
        return self.reasons.get(name, "") if self.foreseen and self.foreseen.lowers else ""


FREE = Ruling()
"""Everything may be taken in: nothing was measured, or nothing gets worse."""


def rule(changed: Sequence[str], reasons: Mapping[str, str], measure: Measure) -> Ruling:
    """Hold back what lowers the judged figures by more than noise and has no reason."""
    asked = [name for name in changed if name not in reasons]
    excused = frozenset(changed) - set(asked)
    held = {name: seen.fall for name, seen in _worse(asked, measure).items()} if asked else {}
    return Ruling(held, reasons, measure(excused) if excused else None)


def _worse(asked: Sequence[str], measure: Measure) -> dict[str, Foreseen]:
    """Those that lower alone; all when it takes several, or there are too many to try each."""
    whole = measure(frozenset(asked))
    if not whole.lowers:
        return {}
    alone = {each: measure({each}) for each in asked} if 1 < len(asked) <= MOST_ALONE else {}
    worse = {each: seen for each, seen in alone.items() if seen.lowers}
    rest = frozenset(asked) - worse.keys()
    if worse and not (rest and measure(rest).lowers):
        return worse
    return dict.fromkeys(asked, whole)


def own_reason(article: Article, before: Article | None) -> str:
    """The reason in an article's front matter; "" for one that excused an earlier change."""
    said = _said(article)
    return said if before is None or said != _said(before) else ""


def _said(article: Article) -> str:
    try:
        return str(read_items(article.revision.extra, known=()).get(DESPITE) or "").strip()
    except InvalidInput:
        return ""

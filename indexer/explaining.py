"""Why something is shown: the terms that found it, the step that fits, the highlights."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from indexer.analysis import Analyzer, Term
from indexer.queries import Query

Span = tuple[int, int]
_SENTENCE = re.compile(r"[^。！？；\n]+[。！？；]?")
_FILLERS = """
我家 家里 我们 我们家 你们 他们 我的 你的 他的 自己 别人 大家 人家 就是
还是 也是 都是 不是 是不是 但是 可是 只是 要是 这样 那样 这么 那么 怎么
什么 为什么 怎么办 怎么样 这边 那边 那里 哪里 这里 一下 一点 有点 一些 有些
时候 现在 之前 以后 后来 刚才 刚刚 然后 所以 因为 不过 而且 或者 反正 其实
应该 可能 好像 觉得 知道 不知道 说是 说说 跟你说 听说 告诉 请问 麻烦 麻烦你
帮我 给我 帮忙 谢谢 你好 您好 喂 那个 这个 哪个 不了 不能 不会 不行 不要
不用 不好 没有 已经 一直 总是 老是 经常 有时候 今天 昨天 前天 明天 上午
下午 晚上 早上 出来 起来 进去 下来 上来 回来 过来 过去 东西 事情 问题 情况
"""
FILLERS = frozenset(_FILLERS.split())
"""Words of every call, whatever it is about: never a key term, never marked."""
COMMON_SHARE = 2.3e-4
"""Words commoner than this in Chinese at large (那个, 一直, 没有) explain nothing."""
MOST_TELLING = 6
SNIPPET = 90
"""Longest snippet, in characters."""


@dataclass(frozen=True)
class Marked:
    """A text with the [start, end) offsets of the terms that were asked for, and those terms."""

    text: str
    highlights: tuple[Span, ...]
    terms: tuple[str, ...]
    weight: float


class Explainer:
    """Marks texts with one query's terms. ``idf``: weight of a word; rare ones decide."""

    def __init__(self, analyzer: Analyzer, query: Query, idf: Callable[[str], float]) -> None:
        """Keep the words asked for, as written and as synonyms."""
        self._analyzer = analyzer
        self._idf = idf
        self._written = query.written
        self._asked = {
            text: weight
            for (text, is_word), weight in query.terms.items()
            if is_word
            and (len(text) > 1 or text.isdigit())
            and text not in FILLERS
            and analyzer.general_share(text) < COMMON_SHARE
        }

    def telling(self) -> tuple[str, ...]:
        """The words of the complaint itself that decide, the weightiest first."""
        weighed = {
            word: weight * self._idf(word)
            for word, weight in self._asked.items()
            if word in self._written and self._idf(word) > 0
        }
        return tuple(sorted(weighed, key=lambda word: (-weighed[word], word))[:MOST_TELLING])

    def mark(self, text: str) -> Marked:
        """Find the words asked for in a text shown again and again: whole words only."""
        words = self._analyzer.kept_words(text)
        return self.mark_words(text, [word for word in words if word.text in self._asked])

    def mark_words(self, text: str, found: Sequence[Term]) -> Marked:
        """``text`` with the words asked for that were found in it, neighbours joined."""
        spans: list[Span] = []
        for word in found:
            if spans and spans[-1][1] >= word.start:
                spans[-1] = (spans[-1][0], max(spans[-1][1], word.end))
            else:
                spans.append((word.start, word.end))
        terms = tuple(dict.fromkeys(word.text for word in found))
        return Marked(text, tuple(spans), terms, self._weigh(terms))

    def _weigh(self, terms: Iterable[str]) -> float:
        return sum((self._asked[term] * self._idf(term) for term in terms), 0.0)

    def best(self, texts: Sequence[str]) -> tuple[int, Marked] | None:
        """Place and marks of the text that holds most of what was asked for; None if none does."""
        marked = [self.mark(text) for text in texts]
        if not marked:
            return None
        place = max(range(len(marked)), key=lambda each: (marked[each].weight, -each))
        return (place, marked[place]) if marked[place].weight > 0 else None

    def snippet(self, text: str) -> Marked:
        """The sentence of ``text`` that fits best, cut to SNIPPET characters."""
        sentences = [found for found in _SENTENCE.finditer(text) if found[0].strip()]
        cut = text[:SNIPPET]
        if sentences:
            weights = self.weigh_sentences(text, sentences)
            fitting = sentences[weights.index(max(weights)) :]
            cut = _cut("".join(found[0].strip() for found in fitting))
        return self.mark_words(cut, self._analyzer.find_words(cut, self._asked))

    def weigh_sentences(self, text: str, sentences: Sequence[re.Match[str]]) -> list[float]:
        """How much of what was asked for each sentence holds: ``text`` is cut once for all."""
        starts = [found.start() for found in sentences]
        held: list[dict[str, None]] = [{} for _ in sentences]
        for word in self._analyzer.find_words(text, self._asked):
            held[bisect_right(starts, word.start) - 1][word.text] = None
        return list(map(self._weigh, held))


class Unmarked(Explainer):
    """Explains nothing, at no cost."""

    def __init__(self) -> None:
        """There is nothing to look for."""

    def mark(self, text: str) -> Marked:
        """``text`` as it is."""
        return Marked(text, (), (), 0.0)

    def snippet(self, text: str) -> Marked:
        """None of the text."""
        return self.mark(text[:0])


def _cut(text: str) -> str:
    return text if len(text) <= SNIPPET else text[: SNIPPET - 1] + "…"

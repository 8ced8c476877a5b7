"""How Chinese is read aloud: syllables without tones, their initials, and which sound alike.

pypinyin's tables of characters and phrases are read as files when the first word is: imported, they
take 50 MB and half a second. A test holds the readings to what pypinyin itself says.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib.util import find_spec
from itertools import islice, product
from pathlib import Path
from typing import Any

KEPT_CHARACTERS = 20_000
LONGEST_PHRASE = 4
MOST_READINGS = 6
"""Readings tried of one word with characters of several readings."""

PHRASES = {
    "重置": "chong zhi", "重拨": "chong bo", "重启": "chong qi", "重连": "chong lian",
    "重装": "chong zhuang", "重发": "chong fa", "重绑": "chong bang", "重配": "chong pei",
    "重开": "chong kai", "重做": "chong zuo", "重插": "chong cha", "重登": "chong deng",
    "调单": "diao dan", "调取": "diao qu", "调阅": "diao yue", "调账": "tiao zhang",
    "调档": "tiao dang", "调价": "tiao jia", "调凭证": "diao ping zheng",
    "银行卡": "yin hang ka", "行短": "hang duan", "网银": "wang yin", "降档": "jiang dang",
    "降速": "jiang su", "返还": "fan huan", "退还": "tui huan", "还款": "huan kuan",
    "串号": "chuan hao", "弹窗": "tan chuang", "长途": "chang tu", "长号": "chang hao",
    "校园卡": "xiao yuan ka", "泄露": "xie lou", "卡顿": "ka dun", "网卡": "wang ka",
    "降套餐": "jiang tao can",
    "参考": "can kao", "测量": "ce liang", "单通": "dan tong", "应答": "ying da",
    "供应商": "gong ying shang", "打折": "da zhe", "折算": "zhe suan", "折扣": "zhe kou",
    "靓号": "liang hao", "时长": "shi chang", "调制": "tiao zhi", "解调": "jie tiao",
    "便宜": "pian yi", "尽快": "jin kuai", "朝向": "chao xiang", "宿舍": "su she",
}  # fmt: skip
"""Words of the trade with characters of several readings, as they are read."""

_INITIALS = (("zh", "z"), ("ch", "c"), ("sh", "s"))
_AFTER_F = {
    "": "u",
    "a": "a",
    "ai": "ai",
    "an": "an",
    "ang": "ang",
    "i": "ei",
    "n": "en",
    "o": "o",
}
_RUNS = re.compile(r"[a-z0-9]+|[\u4e00-\u9fff]+")


def syllables_of(word: str) -> tuple[str, ...] | None:
    """The likeliest reading of a Chinese word, a syllable a character; None if one has none."""
    reading = _phrase(word) or tuple(_read_along(word))
    return reading if len(reading) == len(word) else None


def short_name(title: str, *, longest: int = 60) -> str:
    """A title as a short name of letters, a syllable a word: 业务开通 → ye-wu-kai-tong."""
    runs = _RUNS.findall(title.lower())
    words = [word for run in runs for word in ([run] if run.isascii() else _read_along(run))]
    name = ""
    for word in words:
        longer = f"{name}-{word}" if name else word
        if len(longer) > longest:
            break
        name = longer
    return name


def readings_of(word: str) -> Iterator[tuple[str, ...]]:
    """Readings of a word, the likeliest first, MOST_READINGS at most."""
    likeliest = syllables_of(word)
    if likeliest is None:
        return
    yield likeliest
    for reading in islice(product(*map(_character, word)), MOST_READINGS):
        if reading != likeliest:
            yield reading


def _read_along(word: str) -> Iterator[str]:
    """Syllables of a word, by the longest known phrases in it from left to right; of a character
    that has no reading, none."""
    place = 0
    while place < len(word):
        for end in range(min(len(word), place + LONGEST_PHRASE), place + 1, -1):
            phrase = _phrase(word[place:end])
            if phrase:
                yield from phrase
                place = end
                break
        else:
            yield from _character(word[place])[:1]
            place += 1


def _phrase(word: str) -> tuple[str, ...]:
    if word in PHRASES:
        return tuple(PHRASES[word].split())
    found = _phrases().get(word, "").split()
    return tuple(map(_plain, found)) if len(found) == len(word) else ()


@lru_cache(maxsize=1)
def _phrases() -> Mapping[str, str]:
    """Phrases with the commonest reading of each of their characters, spaces between."""
    read: dict[str, list[list[str]]] = _read_table("phrases_dict.json")
    return {phrase: " ".join(each[0] for each in readings) for phrase, readings in read.items()}


@lru_cache(maxsize=1)
def _characters() -> Mapping[str, str]:
    """Code points of characters, as decimal numbers, with their readings, commas between."""
    read: dict[str, str] = _read_table("pinyin_dict.json")
    return read


def _read_table(name: str) -> Any:
    package = find_spec("pypinyin")
    if package is None or not package.submodule_search_locations:
        raise ModuleNotFoundError("pypinyin")
    return json.loads((Path(package.submodule_search_locations[0]) / name).read_text("utf-8"))


@lru_cache(maxsize=KEPT_CHARACTERS)
def _character(char: str) -> tuple[str, ...]:
    """Readings of one character without tones, the commonest first; none for what is no Chinese."""
    found = _characters().get(str(ord(char)), "")
    return tuple(dict.fromkeys(map(_plain, found.split(",")))) if found else ()


@lru_cache(maxsize=4_096)
def _plain(syllable: str) -> str:
    """A syllable without its tone: lüè → lve, as pinyin is typed."""
    letters = unicodedata.normalize("NFD", syllable).replace("u\N{COMBINING DIAERESIS}", "v")
    return "".join(char for char in letters if not unicodedata.combining(char))


@lru_cache(maxsize=4_096)
def sounds_like(syllable: str) -> str:
    """One form for syllables that dialects and typists mix up: zh/z, ch/c, sh/s, n/l/r at the
    start, hu/f, ng/n at the end."""
    for full, flat in _INITIALS:
        if syllable.startswith(full):
            syllable = flat + syllable.removeprefix(full)
    if syllable.startswith("hu") and syllable[2:] in _AFTER_F:
        syllable = "f" + _AFTER_F[syllable[2:]]
    if len(syllable) > 1 and syllable[0] in "nr":
        syllable = "l" + syllable[1:]
    if syllable.endswith("ng") and not syllable.endswith("ong"):
        syllable = syllable[:-1]
    return syllable.replace("v", "u")


def initials_of(syllables: tuple[str, ...]) -> str:
    """The first letter of each syllable: kd for kuan, dai."""
    return "".join(syllable[0] for syllable in syllables)


def split_syllables(letters: str, syllables: frozenset[str]) -> tuple[str, ...] | None:
    """``letters`` as a row of ``syllables``, longest first; None when they are none."""
    if not letters:
        return ()
    for end in range(min(len(letters), 6), 0, -1):
        if letters[:end] in syllables:
            rest = split_syllables(letters[end:], syllables)
            if rest is not None:
                return (letters[:end], *rest)
    return None

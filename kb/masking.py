"""Personal data is found and masked before any text is kept, indexed or logged.

Patterns and their order: the product's table of personal data (numbers of GB 11643, ITU-T E.118,
the ministry's number plan of 2023; mobile numbers are masked generously because ranges grow).
Digits said or written in Chinese or full width are found through a view of the text in which each
such character stands as one ASCII digit, so positions stay true.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

SPOKEN_DIGITS = dict(zip("零〇○一幺二两三四五六七八九", "00011223456789", strict=True))
_SEP = r"[-\s.·,，、]?"
_NUMERAL_RUN = re.compile(
    rf"(?:[零〇○一幺二两三四五六七八九]{_SEP}){{10,}}[零〇○一幺二两三四五六七八九]"
)


@dataclass(frozen=True)
class Mask:
    """One find: kind, [start, end) in the text, and what stands there afterwards."""

    kind: str
    start: int
    end: int
    replacement: str


def _keep(head: int, tail: int) -> Callable[[str], str]:
    def mask(found: str) -> str:
        hidden = max(len(found) - head - tail, 1)
        return found[:head] + "*" * hidden + (found[-tail:] if tail else "")

    return mask


def _mask_mobile(found: str) -> str:
    digits = re.sub(r"\D", "", found)[-11:]
    return f"{digits[:3]}****{digits[-4:]}"


def _mask_email(found: str) -> str:
    name, _, domain = found.partition("@")
    return f"{name[0]}***@{domain}"


def _mask_ip(found: str) -> str:
    first, second, *_ = found.split(".")
    return f"{first}.{second}.*.*"


def _mask_landline(found: str) -> str:
    area = 3 if found.startswith(("01", "02")) else 4
    return found[:area] + re.sub(r"\d", "*", found[area:])


def has_luhn(digits: str) -> bool:
    """ISO/IEC 7812 check digit."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 * (value > 9)
    return total % 10 == 0


def _is_public_ip(found: str) -> bool:
    address = ipaddress.ip_address(found)
    return found not in PUBLIC_DNS and not any(address in network for network in INNER_NETWORKS)


def _is_birthday(found: str) -> bool:
    text = found[6:14] if len(found) == 18 else "19" + found[6:12]
    try:
        date(int(text[:4]), int(text[4:6]), int(text[6:8]))
    except ValueError:
        return False
    return True


INNER_NETWORKS = tuple(
    map(ipaddress.ip_network, ("192.168.0.0/16", "10.0.0.0/8", "172.16.0.0/12", "127.0.0.0/8"))
)
PUBLIC_DNS = frozenset({"114.114.114.114", "223.5.5.5", "223.6.6.6", "8.8.8.8"})
_D = rf"(?:{_SEP}\d)"


@dataclass(frozen=True)
class _Pattern:
    kind: str
    regex: re.Pattern[str]
    mask: Callable[[str], str]
    check: Callable[[str], bool] = lambda found: True


NUMBER_PATTERNS: tuple[_Pattern, ...] = (
    _Pattern(
        "EMAIL",
        re.compile(r"(?<![\w.+-])[A-Za-z0-9_.+-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"),
        _mask_email,
    ),
    _Pattern(
        "MAC",
        re.compile(r"(?<![0-9A-Fa-f:-])(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}(?![0-9A-Fa-f:-])"),
        _keep(8, 0),
    ),
    _Pattern(
        "IPV4",
        re.compile(
            r"(?<![\d.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\d.])"
        ),
        _mask_ip,
        _is_public_ip,
    ),
    _Pattern(
        "ID18",
        re.compile(rf"(?<![\dA-Za-z])[1-9](?:{_SEP}\d){{16}}{_SEP}[\dXx](?![\dA-Za-z])"),
        lambda found: _keep(3, 4)(re.sub(r"[^\dXx]", "", found)),
        lambda found: _is_birthday(re.sub(r"[^\dXx]", "", found)),
    ),
    _Pattern(
        "ICCID",
        re.compile(r"(?<![0-9A-Za-z])8986\d{2}[0-9A-Z]{12,14}(?![0-9A-Za-z])"),
        _keep(6, 4),
    ),
    _Pattern("IMSI", re.compile(r"(?<![\dA-Za-z])460\d{12}(?!\d)"), _keep(5, 0)),
    _Pattern(
        "ID15",
        re.compile(r"(?<![\dA-Za-z])[1-9]\d{14}(?!\d)"),
        _keep(0, 0),
        lambda found: _is_birthday(found) and not has_luhn(found),
    ),
    _Pattern("IMEI", re.compile(r"(?<![\dA-Za-z])\d{15}(?!\d)"), _keep(8, 0), has_luhn),
    _Pattern(
        "MOBILE",
        re.compile(rf"(?<![\d.A-Za-z])(?:\+?86{_SEP})?1{_SEP}[3-9]{_D}{{9}}(?!\d)"),
        _mask_mobile,
    ),
    _Pattern(
        "IOT13",
        re.compile(r"(?<![\dA-Za-z])(?:14[0-4]\d{10}|1064[6-9]\d{8})(?!\d)"),
        _keep(5, 3),
    ),
    _Pattern(
        "LANDLINE",
        re.compile(
            r"(?<![\dA-Za-z])(?:0(?:10|2[0-57-9])[- ]?[2-8]\d{7}|0[3-9]\d{2}[- ]?[2-8]\d{6,7})(?!\d)"
        ),
        _mask_landline,
    ),
    _Pattern(
        "BANKCARD",
        re.compile(r"(?<![\dA-Za-z])(?:62|4\d|5[1-5]|35|37|9[0-9])(?:[- ]?\d){11,17}(?!\d)"),
        lambda found: _keep(6, 4)(re.sub(r"\D", "", found)),
        lambda found: has_luhn(re.sub(r"\D", "", found)),
    ),
)
TEXT_PATTERNS: tuple[_Pattern, ...] = (
    _Pattern(
        "PLATE",
        re.compile(
            r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-HJ-NP-Z][·\s]?"
            r"(?:[DF][A-HJ-NP-Z0-9]\d{4}|\d{5}[DF]|[A-HJ-NP-Z0-9]{4}[A-HJ-NP-Z0-9挂学警港澳])"
            r"(?![A-Za-z0-9])"
        ),
        _keep(2, 0),
    ),
    _Pattern(
        "BBACCT",
        re.compile(
            r"(?:宽带账号|宽带帐号|宽带号|上网账号|拨号账号|登录账号|LOID|loid)[::是为\s]{0,3}"
            r"(?P<v>[A-Za-z0-9_@.\-]{6,32})"
        ),
        _keep(2, 2),
    ),
    _Pattern(
        "PASSPORT",
        re.compile(
            r"(?:护照|通行证)[^A-Za-z0-9]{0,8}(?P<v>E[A-HJ-NP-Z0-9]\d{7}|[GDSPHMC]\d{8,10})"
            r"(?![A-Za-z0-9])"
        ),
        _keep(0, 0),
    ),
    _Pattern(
        "ADDRESS",
        re.compile(
            r"[一-龥A-Za-z0-9]{2,16}?(?:路|街|巷|大道|胡同|小区|花园|苑|村)"
            r"(?P<v>[一-龥A-Za-z0-9\-]{0,8}?\d{1,4}\s?(?:号|栋|幢|弄|座)"
            r"(?:[A-Za-z0-9\-]{0,6}(?:单元|楼|层|室|房|号|栋|座)){0,4}(?:\d{1,5})?)"
        ),
        lambda found: "***",
    ),
    _Pattern(
        "NAME",
        re.compile(
            r"(?:我叫|我的名字是|姓名|机主|户主|联系人)[::是为叫\s]{0,2}"
            r"(?P<v>[一-龥·]{2,4}?)(?=[,,。;;、\s()()]|先生|女士|小姐|$)"
        ),
        lambda found: found[0] + "*" * (len(found) - 1),
        lambda found: found[0] in SURNAMES,
    ),
)
SURNAMES = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高郑梁谢宋唐许邓韩冯曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任"
    "卢姚沈钟姜崔谭陆范汪廖石金韦贾夏付傅方邹熊白孟秦邱侯江尹薛闫阎雷龙黎史陶贺毛郝顾龚邵万覃武钱戴严莫"
    "孔向常汤康易乔赖文欧司诸葛尤施牛洪温芦柴葛殷安齐梅庄辛管祝左涂谷祁时舒耿卜路詹关苗凌费纪靳盛童欧阳"
)


def digit_view(text: str) -> str:
    """The text with full-width digits, and Chinese ones in long runs, as ASCII: same length."""
    view = [unicodedata.normalize("NFKC", char) if "０" <= char <= "９" else char for char in text]
    for run in _NUMERAL_RUN.finditer(text):
        for place in range(run.start(), run.end()):
            view[place] = SPOKEN_DIGITS.get(text[place], view[place])
    return "".join(view)


def find_personal_data(text: str, *, never: Iterable[str] = ()) -> list[Mask]:
    """All personal data in ``text``, in order, none overlapping; ``never`` lists texts left alone."""
    protected = [
        match.span()
        for word in never
        for match in re.finditer(rf"(?<![\w.]){re.escape(word)}(?![\w.])", text, re.ASCII)
    ]
    protected += [match.span() for match in re.finditer(r"TS\d{14}", text)]
    view = digit_view(text)
    taken: list[Mask] = []
    for pattern in NUMBER_PATTERNS + TEXT_PATTERNS:
        for match in pattern.regex.finditer(view):
            group = "v" if "v" in match.groupdict() else 0
            start, end = match.span(group)
            if not pattern.check(match.group(group)):
                continue
            if any(start < other_end and other < end for other, other_end in protected):
                continue
            if any(start < mask.end and mask.start < end for mask in taken):
                continue
            taken.append(Mask(pattern.kind, start, end, pattern.mask(match.group(group))))
    return sorted(taken, key=lambda mask: mask.start)


def mask_text(text: str, *, never: Iterable[str] = ()) -> str:
    """The text with every find masked: 138****5678, 110***********002X, 张**."""
    parts: list[str] = []
    place = 0
    for mask in find_personal_data(text, never=never):
        parts += (text[place : mask.start], mask.replacement)
        place = mask.end
    return "".join(parts) + text[place:]


def hash_number(number: str, *, key: bytes) -> str:
    """Keyed hash of a phone number's digits: equal numbers meet, the number stays secret."""
    digits = re.sub(r"\D", "", digit_view(number))[-11:]
    return hmac.new(key, digits.encode(), hashlib.sha256).hexdigest() if digits else ""

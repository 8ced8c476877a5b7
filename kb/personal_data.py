"""What personal data looks like: one table of patterns, tried in order.

Order, checks and masks: the product's table of personal data (GB 11643 identity numbers, ITU-T
E.118 cards, ISO/IEC 7812 check digits, the ministry's number plan of 2023). Mobile numbers are
masked generously because their ranges grow; names and addresses only on strong evidence, because
a dispatcher needs 「3号楼」 and a date is written 「8号」 too. The patterns read the view of
``kb.masking``, in which digits and full-width signs are ASCII.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

SURNAMES = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高郑梁谢宋唐许邓韩冯曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任"
    "卢姚沈钟姜崔谭陆范汪廖石金韦贾夏付傅方邹熊白孟秦邱侯江尹薛闫阎雷龙黎史陶贺毛郝顾龚邵万覃武钱戴严莫"
    "孔向常汤康易乔赖文欧司诸葛尤施牛洪温芦柴殷安齐梅庄辛管祝左涂谷祁时舒耿卜路詹关苗凌费纪靳盛童萧俞鲍"
    "陳張劉楊黃趙吳孫馬羅鄭謝許鄧馮蕭葉蘇呂盧鍾譚陸範賈鄒龍賀龔萬錢湯嚴顧"
)
"""First characters of the usual surnames, simplified and traditional."""
NOT_NAMES = re.compile(
    "安[装排全心抚慰]|方[便式法面案向才]|任[何务意]|常[年常用见]|时[候间常段刻]|路[由上过口线]|向[来你我外]|"
    "万[一能全分般]|金[额银华]|高[兴龄于层档速清端峰]|温[馨度和州]|于[是今]|白[天白银色]|关[机闭系于键心]|"
    "毛[病线]|余[额下款]|钱[不没包]|费[用率]|左右|全家|司机|文[字件本明]|江[苏西边北南]|康复|易于|施[工压]|"
    "祝您|严[重格]|武[汉装]|黄[色牛金]|齐全|何[时况必]|谢[谢了]|曾[经在]|许[多可]|董事|顾[客及]|程[序度]|"
    "付[费款了钱]|夏天|杜绝|钟[头点]|史上|莫[名非]|赖[账着]|尤其|辛苦|管[理家用]|舒服|马上|成功|单位|连续|"
    "应该|包括|石家|郑州|徐州|苏州|邓州|纪[念录]|童年|盛夏|梅雨|汤药|洪水|雷[雨电]|林[业区]|田里|谈好"
)
"""Words that begin like a surname and follow 「机主」 or 「联系人」 all the time."""
INNER_NETWORKS = tuple(
    map(ipaddress.ip_network, ("192.168.0.0/16", "10.0.0.0/8", "172.16.0.0/12", "127.0.0.0/8"))
)
PUBLIC_DNS = frozenset({"114.114.114.114", "223.5.5.5", "223.6.6.6", "8.8.8.8"})
_GAP = r"[- \t\u3000\u00a0]{0,2}"
_COMMA = r"[.·,、] ?"
_BEFORE = r"(?<![0-9A-Za-z])"


@dataclass(frozen=True)
class Pattern:
    """One kind of personal data. A group ``v`` in ``regex`` narrows the find to that group.

    ``digits``: how many a find holds at least (a text with fewer is not looked through).
    ``mask``: the find to what stands there afterwards. ``check``: whether the find is one indeed.
    ``unless_after``: what must not stand before it.
    """

    kind: str
    digits: int
    regex: re.Pattern[str]
    mask: Callable[[str], str]
    check: Callable[[str], bool] = bool
    unless_after: re.Pattern[str] | None = None


def keep(head: int, tail: int) -> Callable[[str], str]:
    """A mask that leaves the first ``head`` and the last ``tail`` characters standing."""

    def mask(found: str) -> str:
        hidden = max(len(found) - head - tail, 1)
        return found[:head] + "*" * hidden + (found[-tail:] if tail else "")

    return mask


def has_luhn(digits: str) -> bool:
    """ISO/IEC 7812 check digit."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 * (value > 9)
    return total % 10 == 0


def _digits(found: str) -> str:
    return re.sub(r"[^0-9Xx]", "", found)


def _mask_mobile(found: str) -> str:
    digits = _digits(found)[-11:]
    return f"{digits[:3]}****{digits[-4:]}"


def _is_grouped(found: str) -> bool:
    """Whether digits with blanks between them stand as a phone number does, not as a list."""
    groups = [len(group) for group in re.findall(r"\d+", re.sub(r"^\+?86\b", "", found))]
    if all(size == 1 for size in groups):
        return True
    return groups[0] in (1, 3, 4, 7) and len(groups) <= 5


def _mask_email(found: str) -> str:
    name, _, domain = found.partition("@")
    return f"{name[0]}***@{domain}"


def _mask_ip(found: str) -> str:
    first, second, *_ = found.split(".")
    return f"{first}.{second}.*.*"


def _is_public_ip(found: str) -> bool:
    address = ipaddress.ip_address(found)
    return found not in PUBLIC_DNS and not any(address in network for network in INNER_NETWORKS)


def _mask_landline(found: str) -> str:
    area = 3 if re.match(r"\D?0[12]", found) else 4
    area += not found[0].isdigit()
    return found[:area] + re.sub(r"\d", "*", found[area:])


def _is_birthday(found: str) -> bool:
    digits = _digits(found)
    text = digits[6:14] if len(digits) == 18 else "19" + digits[6:12]
    try:
        born = date(int(text[:4]), int(text[4:6]), int(text[6:8]))
    except ValueError:
        return False
    return 1890 <= born.year <= 2099


def _is_name(found: str) -> bool:
    return found[0] in SURNAMES and not NOT_NAMES.match(found)


def _is_house(found: str) -> bool:
    """A house number that cannot be a day of the month: above 31, or with what follows a house."""
    number = re.match(r"\d+", found)
    bare = re.fullmatch(r"\d+\s?号", found)
    return bare is None or (number is not None and int(number[0]) > 31)


_STREET = r"(?:(?<![线电链网短光回半公铁马道走套思出条段修])路|(?<![条整])街|巷|大道|大街|胡同)"
_NUMBER = r"\d{1,5}\s?(?:号(?![线杆箱机码段文令台窗卡])|弄)"
_INDOORS = (
    r"(?:[A-Za-z0-9\-]{0,6}\s?(?:号楼|单元|楼|层|室|房|户|号院|号|栋|幢|座|院)){0,5}(?:\d{3,5})?"
)
_BUILDING = r"\d{1,4}\s?(?:号楼|号院|栋|幢|座)"
_ROOM = r"(?:\d{1,5}(?:-\d{1,4})?\s?(?:室|房)|\d{3,4}(?![\dA-Za-z兆元块个多户人家分秒%.年]))"
_HOUSE = re.compile(rf"[一-龥A-Za-z0-9]{{1,12}}?{_STREET}(?P<v>{_NUMBER}{_INDOORS})")
_TOWN_HOUSE = re.compile(
    rf"(?:区|县|市|镇|乡|街道)[一-龥A-Za-z0-9]{{1,10}}?{_STREET}(?P<v>{_NUMBER}{_INDOORS})"
)
_FLAT = re.compile(
    rf"{_BUILDING}\s?(?:[A-Za-z]座?)?\s?(?:\d{{1,3}}\s?单元\s?)?{_ROOM}|\d{{1,3}}\s?单元\s?{_ROOM}"
)
_FLAT_DASHED = re.compile(
    r"(?:小区|花园|家园|苑|新村|公寓|城)(?P<v>\d{1,3}[-#]\d{1,2}[-#]\d{3,4})(?!\d)"
)
_FARM = re.compile(r"(?:村|屯|庄|寨)[一-龥]{0,4}?(?P<v>\d{1,3}\s?[组队社]\s?\d{1,4}\s?号)")


_GIVEN = "(?![的了是和在有不我你他她这那与及跟给请向对被让从到说位个名])[一-龥]"
"""A character of a given name: none of those that join words."""


def _hide(_found: str) -> str:
    return "***"


PATTERNS: tuple[Pattern, ...] = (
    Pattern(
        "EMAIL",
        0,
        re.compile(r"(?<![A-Za-z0-9_.+-])[A-Za-z0-9_.+-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"),
        _mask_email,
    ),
    Pattern(
        "MAC",
        0,
        re.compile(r"(?<![0-9A-Fa-f:-])(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}(?![0-9A-Fa-f:-])"),
        keep(8, 0),
    ),
    Pattern(
        "MAC",
        0,
        re.compile(rf"{_BEFORE}(?:[0-9A-Fa-f]{{4}}[-.]){{2}}[0-9A-Fa-f]{{4}}(?![0-9A-Za-z])"),
        keep(7, 0),
        lambda found: re.search("[A-Fa-f]", found) is not None,
    ),
    Pattern(
        "IPV4",
        4,
        re.compile(
            r"(?<![\d.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\d.])"
        ),
        _mask_ip,
        _is_public_ip,
        re.compile(r"(?:版本|固件|[vV])\D{0,3}$"),
    ),
    Pattern(
        "ID18",
        17,
        re.compile(rf"{_BEFORE}[1-9](?:{_GAP}\d){{16}}{_GAP}[\dXx](?![\dA-Za-z])"),
        lambda found: keep(3, 4)(_digits(found)),
        _is_birthday,
    ),
    Pattern(
        "ICCID",
        6,
        re.compile(r"(?<![0-9A-Za-z])8986\d{2}[0-9A-Z]{12,14}(?![0-9A-Za-z])"),
        keep(6, 4),
    ),
    Pattern("IMSI", 15, re.compile(rf"{_BEFORE}460\d{{12}}(?!\d)"), keep(5, 0)),
    Pattern(
        "ID15",
        15,
        re.compile(rf"{_BEFORE}[1-9]\d{{14}}(?!\d)"),
        keep(0, 0),
        lambda found: _is_birthday(found) and not has_luhn(found),
    ),
    Pattern("IMEI", 14, re.compile(rf"{_BEFORE}(?!0086)\d{{15}}(?!\d)"), keep(8, 0), has_luhn),
    Pattern(
        "IMEI", 14, re.compile(r"(?:IMEI|imei|串号)[^0-9]{0,6}(?P<v>\d{14,16})(?!\d)"), keep(8, 0)
    ),
    Pattern(
        "MOBILE",
        11,
        re.compile(r"(?<!\d)(?<!\d\.)(?:(?:\+|00)?86[- ]?)?0?1[3-9]\d{9}(?!\d)"),
        _mask_mobile,
    ),
    Pattern(
        "MOBILE",
        11,
        re.compile(rf"{_BEFORE}(?<!\d\.)(?:\+?86{_GAP})?1{_GAP}[3-9](?:{_GAP}\d){{9}}(?!\d)"),
        _mask_mobile,
        _is_grouped,
    ),
    Pattern(
        "MOBILE",
        11,
        re.compile(
            rf"(?<![\d.])(?<!\d,)1(?:[3-9]\d{_COMMA}(?:\d{{4}}{_COMMA}\d{{4}}|\d{{3}}{_COMMA}\d{{5}})"
            rf"|{_COMMA}[3-9](?:{_COMMA}\d){{9}})(?![\d])"
        ),
        _mask_mobile,
    ),
    Pattern(
        "IOT13", 13, re.compile(rf"{_BEFORE}(?:14[0-4]\d{{10}}|1064[6-9]\d{{8}})(?!\d)"), keep(5, 3)
    ),
    Pattern(
        "LANDLINE",
        7,
        re.compile(
            rf"{_BEFORE}(?:\(?0(?:10|2[0-57-9])\)?[- ]?[2-8]\d{{3}}[- ]?\d{{4}}"
            r"|\(?0[3-9]\d{2}\)?[- ]?[2-8]\d{2,3}[- ]?\d{4})(?!\d)"
        ),
        _mask_landline,
    ),
    Pattern(
        "LANDLINE",
        7,
        re.compile(
            r"(?:固话|座机|固定电话|电话)(?:号码?|是|为|[:\s]){0,4}(?P<v>[2-8]\d{6,7})(?!\d)"
        ),
        keep(0, 4),
    ),
    Pattern(
        "BANKCARD",
        13,
        re.compile(rf"{_BEFORE}(?:62|4\d|5[1-5]|35|37|9[0-9])(?:[- ]?\d){{11,17}}(?!\d)"),
        lambda found: keep(6, 4)(_digits(found)),
        lambda found: has_luhn(_digits(found)),
        re.compile(r"(?:订单|流水|工单|运单|编号|单号)号?(?:码)?[是为:\s]{0,3}$"),
    ),
    Pattern(
        "BANKCARD",
        13,
        re.compile(
            r"(?:银行卡|储蓄卡|信用卡|借记卡|卡号)[^\d\n]{0,6}(?P<v>\d(?:[- ]?\d){14,18})(?!\d)"
        ),
        lambda found: keep(6, 4)(_digits(found)),
    ),
    Pattern(
        "PLATE",
        3,
        re.compile(
            r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-HJ-NP-Z][·\s]?"
            r"(?:[DF][A-HJ-NP-Z0-9]\d{4}|\d{5}[DF]|[A-HJ-NP-Z0-9]{4}[A-HJ-NP-Z0-9挂学警港澳])"
            r"(?![A-Za-z0-9])"
        ),
        keep(2, 0),
        lambda found: len(re.findall(r"\d", found)) >= 3,
    ),
    Pattern(
        "BBACCT",
        1,
        re.compile(
            r"(?:宽带账号|宽带帐号|宽带号|上网账号|上网帐号|拨号账号|登录账号|LOID|loid)(?:号码?)?[:是为\s]{0,3}"
            r"(?P<v>[A-Za-z0-9_@.\-]{6,32})"
        ),
        keep(2, 2),
        lambda found: re.search(r"\d", found) is not None,
    ),
    Pattern(
        "PASSPORT",
        7,
        re.compile(
            r"(?:护照|通行证)[^A-Za-z0-9]{0,8}(?P<v>E[A-HJ-NP-Z0-9]\d{7}|[GDSPHMC]\d{8,10})"
            r"(?![A-Za-z0-9])"
        ),
        keep(0, 0),
    ),
    Pattern("ADDRESS", 1, _HOUSE, _hide, _is_house),
    Pattern("ADDRESS", 1, _TOWN_HOUSE, _hide),
    Pattern("ADDRESS", 4, _FLAT, _hide),
    Pattern("ADDRESS", 4, _FLAT_DASHED, _hide),
    Pattern("ADDRESS", 2, _FARM, _hide),
    Pattern(
        "NAME",
        0,
        re.compile(
            r"(?:我叫|我的名字是|姓名|机主|户主|联系人)[:是为叫\s]{0,2}(?P<v>[一-龥·]{2,4}?)"
            r"(?=[,。.;、!?\s()]|先生|女士|小姐|我|电话|手机|身份证|号码|证件|家住|住在|$)"
        ),
        lambda found: found[0] + "*" * (len(found) - 1),
        _is_name,
    ),
    Pattern(
        "NAME",
        0,
        re.compile(
            rf"(?<!师)(?P<v>[{''.join(sorted(SURNAMES))}]{_GIVEN}{{1,2}})(?=先生|女士|小姐)"
        ),
        lambda found: found[0] + "*" * (len(found) - 1),
        _is_name,
    ),
)

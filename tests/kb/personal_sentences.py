"""Sentences of callers with and without personal data, from one seed; every person is invented.

Each sentence with personal data is a carrier, a kind and a way of writing it: in digits, in full
width, with separators, as it is spoken. Those without hold the numbers and words a desk needs:
amounts, dates, speeds, codes, ticket and service numbers, floors, people only called 张先生.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

SEED = 20261124
EACH = 12
FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")
SPOKEN = str.maketrans("0123456789", "零幺二三四五六七八九")
WRITTEN = str.maketrans("0123456789", "〇一二三四五六七八九")
SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
GIVEN = ("伟", "秀英", "建国", "丽华", "子涵", "志强", "敏", "桂兰", "晓东", "雨桐", "欣怡", "国栋")
PLACES = ("金水区", "朝阳区", "浦东新区", "二七区", "天河区", "新华县", "高新区", "李家镇")
STREETS = ("建设路", "人民大道", "花园街", "经三路", "和平巷", "中山大街", "文化路", "解放路")
ESTATES = ("阳光小区", "绿城花园", "幸福家园", "锦绣苑", "东湖公寓", "学府城")
CARRIERS = (
    "您好，{}，家里宽带断了三天没人管",
    "我要投诉，{}，这个月话费多扣了30元",
    "{}。昨天报修的，师傅说24小时内上门，到现在没来",
    "客户来电称{}，要求今天下午三点前回电",
    "投诉人说：{}，500M的宽带测速只有80M",
    "刚才打10086没打通，{}，麻烦快点处理",
)
NUMBER_CARRIERS = ("我的号码是{}", "联系电话{}", "手机{}", "打{}这个号", "号码：{}", "我{}这张卡")


@dataclass(frozen=True)
class Sentence:
    """A sentence; ``secret``: what must not be left standing of it, "" when it has none."""

    text: str
    secret: str
    kind: str


def mobile(chance: random.Random) -> str:
    """An invented mobile number."""
    head = chance.choice(("138", "139", "150", "158", "166", "177", "186", "191", "199", "147"))
    return head + "".join(chance.choice("0123456789") for _ in range(8))


def _check_digit(body: str) -> str:
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return "10X98765432"[sum(int(d) * w for d, w in zip(body, weights, strict=True)) % 11]


def identity(chance: random.Random) -> str:
    """An invented identity number with a true check digit (GB 11643)."""
    born = f"{chance.randint(1950, 2008)}{chance.randint(1, 12):02}{chance.randint(1, 28):02}"
    area = chance.choice(("110105", "410102", "310115", "440106"))
    body = f"{area}{born}{chance.randint(1, 999):03}"
    return body + _check_digit(body)


def bank_card(chance: random.Random) -> str:
    """An invented card with a true check digit (ISO/IEC 7812)."""
    body = "6222" + "".join(chance.choice("0123456789") for _ in range(14))
    total = 0
    for place, digit in enumerate(reversed(body)):
        value = int(digit) * (2 - place % 2)
        total += value - 9 * (value > 9)
    return body + str(-total % 10)


def _split(digits: str, sizes: tuple[int, ...], gap: str) -> str:
    parts = []
    for size in sizes:
        parts.append(digits[:size])
        digits = digits[size:]
    return gap.join(parts)


FORMS: dict[str, Callable[[str], str]] = {
    "digits": lambda number: number,
    "full width": lambda number: number.translate(FULL_WIDTH),
    "blanks": lambda number: _split(number, (3, 4, 4), " "),
    "dashes": lambda number: _split(number, (3, 4, 4), "-"),
    "other dashes": lambda number: _split(number, (3, 4, 4), "－"),
    "one by one": " ".join,
    "country": lambda number: f"+86 {number}",
    "spoken": lambda number: number.translate(SPOKEN),
    "spoken with pauses": lambda number: _split(number.translate(SPOKEN), (3, 4, 4), "，"),
    "written": lambda number: number.translate(WRITTEN),
    "half spoken": lambda number: number[:3].translate(SPOKEN) + number[3:],
}


def _name(chance: random.Random) -> str:
    return chance.choice(SURNAMES) + chance.choice(GIVEN)


def _others(chance: random.Random) -> Iterator[tuple[str, str, str]]:
    """Kind, phrase and secret of what is not a mobile number."""
    number = identity(chance)
    yield "identity", f"身份证{number}", number[6:17]
    yield (
        "identity",
        f"身份证号是{number.translate(FULL_WIDTH)}",
        number[6:17].translate(FULL_WIDTH),
    )
    spoken = number.replace("X", "0").translate(SPOKEN)
    yield "identity", f"身份证{spoken}", spoken[6:17]
    yield "identity", f"证件号 {_split(number, (6, 8, 4), ' ')}", number[6:14]
    card = bank_card(chance)
    yield "card", f"银行卡{card}自动扣费", card[6:-4]
    yield "card", f"卡号{_split(card, (4, 4, 4, 4, 3), ' ')}", card[8:12]
    phone = f"{chance.randint(2, 8)}{chance.randint(1000000, 9999999)}"
    yield "landline", f"座机0371-{phone}没声音", phone[:6]
    yield "landline", f"固话号码{phone}", phone[:4]
    yield "mail", f"邮箱li{chance.randint(100, 999)}@example.com", "li" + phone[:1] + "@"
    name = _name(chance)
    for phrase in (
        "我叫{}，",
        "机主{}，",
        "姓名：{}，",
        "联系人{}，",
        "户主是{}，",
        "{}先生",
        "{}女士",
    ):
        yield "name", phrase.format(name).rstrip("，"), name
    street = f"{chance.choice(PLACES)}{chance.choice(STREETS)}"
    flat = f"{chance.randint(1, 30)}号楼{chance.randint(1, 6)}单元{chance.randint(101, 2402)}"
    house = f"{chance.randint(32, 400)}号{flat}"
    yield "address", f"地址{street}{house}", house
    yield "address", f"住{chance.choice(ESTATES)}{flat}", flat
    account = f"ad{chance.randint(10000000, 99999999)}"
    yield "account", f"宽带账号{account}", account
    plate = f"{chance.randint(10000, 99999)}"
    yield "plate", f"车牌豫A{plate}停在楼下", plate


def sentences_with(chance: random.Random) -> Iterator[Sentence]:
    """Sentences with one piece of personal data each."""
    for carrier in CARRIERS:
        for form, write in FORMS.items():
            for phrase in NUMBER_CARRIERS:
                for _ in range(EACH // 3):
                    written = write(mobile(chance))
                    yield Sentence(
                        carrier.format(phrase.format(written)), written, f"mobile, {form}"
                    )
        for _ in range(EACH):
            for kind, phrase, secret in _others(chance):
                yield Sentence(carrier.format(phrase), secret, kind)


INNOCENT = (
    "这个月扣了<1-999>.<10-99>元，套餐是<59|99|129|199>元的",
    "订单号<1000000000000000-9999999999999999>，积分换了<1000-99999>分",
    "<2024-2026>年<1-12>月<1-28>号办的业务",
    "从2026-0<1-9>-1<0-9> 1<0-9>:30开始没网",
    "签的是<100|300|500|1000>M宽带，测速才<10-90>M",
    "光功率-<18-30>dBm，错误代码<691|651|678|718>",
    "工单TS20261<100-130><100000-999999>催一下",
    "打<10086|10010|10000|12345|12315|96110>等了<5-50>分钟",
    "路由器192.168.<0-9>.1打不开，DNS改成114.114.114.114",
    "<王|李|张|何|于|白>先生投诉流量用了<1-99>G",
    "<王|李|张|何|于|白>女士说<2-9>个人一起办的合约",
    "我们小区<1-30>号楼整栋没信号，<2-30>层往上都没有",
    "欠费<10-500>块，一共交了<2-36>个月，每月<10-99>",
    "短信端口<10690|10698|95588>老发广告，一天<3-30>条",
    "从<郑州|江苏|徐州|高新区>回来以后就<不能漫游|没信号|上不了网>",
    "机主本人去过<2-5>次营业厅，联系人那一栏空着",
    "江苏的王女士和高新区的李先生都说<没信号|掉线>",
    "合约期<12|24|36>个月，违约金<100-900>，百分之<三十|二十>",
    "版本V<1-9>.<0-9>.<0-9>，型号HG<1000-9999>",
    "等了三四十分钟，一二三四五遍都说<稍等|在查>，五六百块呢",
)
"""What looks a little like personal data and is none; <a|b>: one of these, <a-b>: a number."""


def _fill(template: str, chance: random.Random) -> str:
    def choose(found: re.Match[str]) -> str:
        low, dash, high = found[1].partition("-")
        return str(chance.randint(int(low), int(high))) if dash else chance.choice(low.split("|"))

    return re.sub("<([^>]+)>", choose, template)


def sentences_without(chance: random.Random) -> Iterator[Sentence]:
    """Sentences with what looks a little like personal data and is none."""
    for carrier in ("{}", "您好，{}，请尽快处理", "客户反映：{}", "{}。要求今天给答复"):
        for template in INNOCENT:
            for _ in range(EACH + 3):
                yield Sentence(carrier.format(_fill(template, chance)), "", "none")


def labelled_sentences() -> list[Sentence]:
    """The whole set, the same each time."""
    chance = random.Random(SEED)
    return [*sentences_with(chance), *sentences_without(chance)]

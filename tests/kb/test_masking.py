"""Personal data is masked whatever its form; amounts, dates, codes and places are left alone."""

from __future__ import annotations

import itertools
import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.handbook import Handbook
from kb.masking import digit_view, find_personal_data, hash_number, mask_number, mask_text
from tests.kb.personal_sentences import labelled_sentences

NEVER = (
    "10086",
    "10000",
    "10001",
    "12345",
    "691",
    "114.114.114.114",
    "192.168.1.1",
    "110",
    "96110",
)

MASKED = [
    ("我号码13812345678停机了", "我号码138****5678停机了"),
    ("号码 138 1234 5678", "号码 138****5678"),
    ("号码138-1234-5678。", "号码138****5678。"),
    ("回拨+8613812345678", "回拨138****5678"),
    ("回拨+86 138 1234 5678", "回拨138****5678"),
    ("回拨008613812345678", "回拨138****5678"),
    ("加拨零013812345678也不通", "加拨零138****5678也不通"),
    ("手机１３８１２３４５６７８", "手机138****5678"),
    ("手机号:19912345678,急", "手机号:199****5678,急"),
    ("微信同号tel13812345678", "微信同号tel138****5678"),
    ("幺三八幺二三四五六七八", "138****5678"),
    ("我电话幺三八幺二三四五六七八一直打不通", "我电话138****5678一直打不通"),
    ("一三八，一二三四，五六七八", "138****5678"),
    ("幺三八幺二三四五六七八，500M的宽带", "138****5678，500M的宽带"),
    ("交了99块，幺三八，幺二三四，五六七八，500M", "交了99块，138****5678，500M"),
    ("电话13812345678一直占线", "电话138****5678一直占线"),
    ("1 3 8 1 2 3 4 5 6 7 8", "138****5678"),
    ("洞幺拐不算，幺拐拐幺两三四五六拐八才是", "洞幺拐不算，177****5678才是"),
    ("139 10000 123这个号", "139****0123这个号"),
    ("两个号13812345678和13987654321", "两个号138****5678和139****4321"),
    ("身份证11010519491231002X", "身份证110***********002X"),
    ("身份证11010519491231002x，", "身份证110***********002x，"),
    ("110105 19491231 0021", "110***********0021"),
    ("证件１１０１０５１９４９１２３１００２１", "证件110***********0021"),
    ("老证110105491231002还能用", "老证***************还能用"),
    ("卡号6222021234567894扣的", "卡号622202******7894扣的"),
    ("卡 6222 0212 3456 7894", "卡 622202******7894"),
    ("银行卡是6222021234567890，念错一位", "银行卡是622202******7890，念错一位"),
    ("邮箱zhang3@example.com", "邮箱z***@example.com"),
    ("MAC是00:1A:2B:3C:4D:5E", "MAC是00:1A:2B*********"),
    ("MAC 001a-2b3c-4d5e", "MAC 001a-2b*******"),
    ("公网203.0.113.25登录", "公网203.0.*.*登录"),
    ("IMSI 460001234567890", "IMSI 46000**********"),
    ("串号490154203237518", "串号49015420*******"),
    ("SIM卡89860012345678901234", "SIM卡898600**********1234"),
    ("物联卡1440012345678", "物联卡14400*****678"),
    ("座机010-62345678", "座机010-********"),
    ("座机(0371)62345678没声", "座机(0371)********没声"),
    ("固话号码62345678", "固话号码****5678"),
    ("车牌京A12345", "车牌京A*****"),
    ("货车鄂AP185挂", "货车鄂A*****"),
    ("宽带账号：ad12345678", "宽带账号：ad******78"),
    ("LOID:HNZZ00123456", "LOID:HN********56"),
    ("护照号E12345678", "护照号*********"),
    ("朝阳区建国路88号2单元301室", "朝阳区建国路***"),
    ("沿江南路198号", "沿江南路***"),
    ("金水区经三路8号", "金水区经三路***"),
    ("阳光小区3号楼2单元501没网", "阳光小区***没网"),
    ("我家12栋1803室", "我家***"),
    ("天通苑3-2-501", "天通苑***"),
    ("李庄村3组12号", "李庄村***"),
    ("机主：张三丰，", "机主：张**，"),
    ("我叫李明，家里没网", "我叫李*，家里没网"),
    ("我叫李明我要投诉", "我叫李*我要投诉"),
    ("客户王建国先生来电", "客户王**先生来电"),
    ("姓名欧阳小敏 电话", "姓名欧*** 电话"),
]

KEPT = [
    "小区3号楼整栋没网",
    "我们小区12栋都断了",
    "3号楼2单元断网",
    "我叫他来修，他不来",
    "我叫安装师傅，等了一天",
    "机主任何时候，都能办",
    "户主常年在外，家里没人",
    "联系人方式，麻烦改一下",
    "一条街都没信号",
    "村口那条路8号开始修",
    "线路12号才修好",
    "我们村5号那天停的网",
    "张先生说第二天上门",
    "每月9元、99.80元，一共1380.00元",
    "扣了13800元，要求退13800元",
    "2026-03-11 09:20 断的，2026年3月15日才通",
    "账期20260311到20260411",
    "订单TS20260311000001",
    "拨10086转10000，再拨12345",
    "110和96110都打过",
    "报错691、678、651",
    "速率500M，签约1000M，光功率-27dBm",
    "DNS改成114.114.114.114，网关192.168.1.1",
    "固件版本5.10.2.1",
    "时限TL001和TLC060101",
    "尾号5678",
    "号码138****5678",
    "客服热线4008101234",
    "二〇二六年三月十一日",
    "一二三四五楼都没信号",
    "流量用了15360兆，剩2048兆",
    "12座500M宽带",
    "3栋200多户都断了",
    "频道1、3、5看不了",
    "套餐19 200 300 400怎么选",
    "装了3次，等了15天，打了20次电话",
    "机主本人去营业厅，带身份证",
    "护照也行吗",
    "LOID重新下发后注册成功",
    "宽带账号被锁",
    "2号线地铁里没信号",
    "中山路35号线杆倒了",
]


@pytest.mark.parametrize(("text", "masked"), MASKED)
def test_personal_data_is_masked(text: str, masked: str) -> None:
    assert mask_text(text, never=NEVER) == masked


@pytest.mark.parametrize("text", KEPT)
def test_what_is_nobody_s_is_left_alone(text: str) -> None:
    assert mask_text(text, never=NEVER) == text


@pytest.mark.parametrize(("text", "masked"), MASKED)
def test_masking_again_changes_nothing(text: str, masked: str) -> None:
    assert mask_text(masked, never=NEVER) == masked, text


def test_of_thousands_of_callers_hardly_anything_is_left_standing_or_hidden_wrongly() -> None:
    """Recall of 0.995 at least and false masks of 0.005 at most, of every kind."""
    asked, wrong = Counter[str](), Counter[str]()
    for sentence in labelled_sentences():
        masked = mask_text(sentence.text, never=NEVER)
        asked[sentence.kind] += 1
        is_left = sentence.secret in masked if sentence.secret else masked != sentence.text
        wrong[sentence.kind] += is_left
    assert asked.total() - asked["none"] >= 2_500
    assert asked["none"] >= 1_000
    assert {kind: count for kind, count in wrong.items() if count > 0.005 * asked[kind]} == {}


def test_texts_never_masked_hide_no_longer_number() -> None:
    assert mask_text("身份证110 105 19491231 0021", never=NEVER) == "身份证110***********0021"


def test_no_sentence_of_the_shipped_handbook_looks_like_a_person(shipped: Handbook) -> None:
    for article in shipped.articles:
        texts = (article.revision.body, *article.revision.steps, *article.revision.keywords)
        for text in texts:
            assert not find_personal_data(text, never=shipped.never_mask), article.id


@given(st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True), st.sampled_from(["", " ", "-"]))
def test_no_mobile_number_survives(number: str, gap: str) -> None:
    said = gap.join((number[:3], number[3:7], number[7:]))
    masked = mask_text(f"号码{said}，请回电")
    assert masked == f"号码{number[:3]}****{number[7:]}，请回电"


@given(st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True))
def test_no_spoken_mobile_number_survives(number: str) -> None:
    spoken = number.translate(str.maketrans("0123456789", "零幺二三四五六七八九"))
    assert mask_text(f"打{spoken}找我") == f"打{number[:3]}****{number[7:]}找我"


@given(st.text(max_size=200))
def test_any_text_can_be_masked_and_its_view_is_as_long(text: str) -> None:
    assert len(digit_view(text)) == len(text)
    finds = find_personal_data(text)
    assert all(0 <= find.start < find.end <= len(text) for find in finds)
    assert all(one.end <= two.start for one, two in itertools.pairwise(finds))


@given(st.floats(min_value=0.01, max_value=99999, allow_nan=False))
def test_amounts_are_never_masked(amount: float) -> None:
    text = f"扣了{amount:.2f}元"
    assert mask_text(text) == text


@given(st.dates(), st.times())
def test_dates_are_never_masked(day: object, clock: object) -> None:
    text = f"{day} {str(clock)[:5]} 断的"
    assert mask_text(text) == text


@pytest.mark.parametrize(
    ("number", "masked"),
    [
        ("13812345678", "138****5678"),
        ("138****5678", "138****5678"),
        ("62345678", "62****78"),
        ("ad12345678", "ad******78"),
        ("10086", "10*86"),
        ("", ""),
    ],
)
def test_the_number_of_a_complaint_is_masked_whatever_it_is(number: str, masked: str) -> None:
    assert mask_number(number) == masked


def test_equal_numbers_meet_by_hash_and_only_under_one_key() -> None:
    number = hash_number("13812345678", key=b"one")
    assert hash_number("+86 138-1234-5678", key=b"one") == number
    assert hash_number("１３８１２３４５６７８", key=b"one") == number
    assert hash_number("13812345678", key=b"two") != number
    assert hash_number("", key=b"one") == ""
    assert re.fullmatch("[0-9a-f]{64}", number)

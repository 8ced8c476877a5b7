"""What callers ask for, found in what they say."""

from __future__ import annotations

import pytest

from kb.demand import MOST_DEMAND, find_demand


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("宽带断了三天，没人来修，要求赔偿误工费。", "要求赔偿误工费"),
        ("这个月多扣了30元，给我退回来！我没订过", "给我退回来"),
        ("我想取消这个会员，希望今天就办好", "我想取消这个会员；希望今天就办好"),
        ("家里网断了,盒子上那个红灯一直亮", ""),
        ("尽快修，尽快修", "尽快修"),
    ],
)
def test_the_clauses_that_ask_are_the_demand(said: str, asked: str) -> None:
    assert find_demand(said) == asked


def test_a_demand_is_cut_between_clauses() -> None:
    said = "，".join(f"要求退还第{place}笔话费" for place in range(40))
    found = find_demand(said)
    assert len(found) <= MOST_DEMAND
    assert found.endswith("笔话费")
    assert find_demand("要求" + "退" * 200) == ""

"""What differs between what was shown and what would be shown now."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kb.replay import CHANGES, Shown, compare, difference_as_dict, is_different

ITEM = Shown("procedure", "P1", "1", 1, 0.9, "断网")
OTHER = replace(ITEM, target_id="P2", position=2)


@pytest.mark.parametrize(
    ("before", "after", "changes"),
    [
        ([ITEM], [ITEM], ["same"]),
        ([ITEM], [replace(ITEM, score=0.90001)], ["same"]),
        ([ITEM], [replace(ITEM, score=0.8)], ["score"]),
        ([ITEM], [replace(ITEM, target_version="2", score=0.8)], ["version"]),
        ([ITEM], [replace(ITEM, target_version="2", position=2)], ["moved"]),
        ([], [ITEM], ["appeared"]),
        ([ITEM], [], ["vanished"]),
        (
            [ITEM, OTHER],
            [replace(OTHER, position=1), replace(ITEM, target_id="P3", position=2)],
            ["moved", "appeared", "vanished"],
        ),
        ([ITEM], [replace(ITEM, target_type="article")], ["appeared", "vanished"]),
        ([], [], []),
    ],
)
def test_each_item_tells_its_weightiest_change(
    before: list[Shown], after: list[Shown], changes: list[str]
) -> None:
    found = compare(before, after)
    assert [each.change for each in found] == changes
    assert set(changes) <= CHANGES.keys()
    assert is_different(found) == bool(set(changes) - {"same"})


def test_an_item_tells_both_its_places() -> None:
    (moved,) = compare([ITEM], [replace(ITEM, position=3)])
    told = difference_as_dict(moved)
    assert (told["before"]["position"], told["after"]["position"]) == (1, 3)
    (gone,) = compare([ITEM], [])
    assert difference_as_dict(gone) | {"before": None} == {
        "change": "vanished",
        "target_type": "procedure",
        "target_id": "P1",
        "title": "断网",
        "before": None,
        "after": None,
    }

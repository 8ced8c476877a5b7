"""Whatever is sent, each fault is named by its field and told in Chinese."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from web import bodies, learning_bodies
from web.errors import InvalidFields
from web.parsing import OTHERWISE, parse_model

MODELS = sorted(
    {
        model
        for module in (bodies, learning_bodies)
        for model in vars(module).values()
        if isinstance(model, type) and issubclass(model, (bodies.Body, bodies.Query))
    },
    key=lambda model: model.__name__,
)
WRONG: tuple[Any, ...] = (
    *(None, True, 0, -1, 10**30, 1.5, float("inf")),
    *("", "x", "\ud800", "长" * 30_000),
    *([], [1], {}, {"x": 1}),
)


def names(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
@pytest.mark.parametrize("value", WRONG, ids=lambda value: repr(value)[:9])
def test_a_fault_is_told_in_chinese(model: type[BaseModel], value: object) -> None:
    with pytest.raises(InvalidFields) as refused:
        parse_model(model, {**dict.fromkeys(names(model), value), "unknown": 1})
    assert "/unknown" in [fault.pointer for fault in refused.value.faults]
    for fault in refused.value.faults:
        assert fault.detail != OTHERWISE
        assert re.search("[一-龥]", fault.detail)
        assert "Input" not in fault.detail


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists))
def test_no_body_breaks_a_model(value: object) -> None:
    for model in MODELS:
        try:
            parse_model(model, value)
        except InvalidFields:
            continue

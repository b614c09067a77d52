from __future__ import annotations

from typing import Any

import pytest

from harness.connectivity.selectors import in_words, selects, unmet

LABELS = {"app": "order", "tier": "back"}


def _expression(operator: str, *values: str, key: str = "app") -> dict[str, Any]:
    return {"matchExpressions": [{"key": key, "operator": operator, "values": list(values)}]}


def test_an_absent_selector_selects_nothing_and_an_empty_one_everything() -> None:
    assert not selects(None, LABELS)
    assert selects({}, LABELS)
    assert selects({"matchLabels": None, "matchExpressions": None}, {})


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ({"matchLabels": {"app": "order"}}, True),
        ({"matchLabels": {"app": "order", "tier": "front"}}, False),
        ({"matchLabels": {"missing": "x"}}, False),
        (_expression("In", "order", "payment"), True),
        (_expression("In", "payment"), False),
        (_expression("In", "x", key="missing"), False),
        (_expression("NotIn", "payment"), True),
        (_expression("NotIn", "order"), False),
        (_expression("NotIn", "x", key="missing"), True),
        (_expression("Exists"), True),
        (_expression("Exists", key="missing"), False),
        (_expression("DoesNotExist"), False),
        (_expression("DoesNotExist", key="missing"), True),
        (_expression("Like", "order"), False),
        ({"matchLabels": {"app": "order"}, **_expression("NotIn", "back", key="tier")}, False),
    ],
)
def test_all_requirements_must_be_met(selector: dict[str, Any], *, expected: bool) -> None:
    assert selects(selector, LABELS) is expected


def test_a_selector_reads_as_kubectl_writes_it() -> None:
    selector = {"matchLabels": {"app": "a"}, **_expression("NotIn", "x", "y", key="tier")}
    assert in_words(selector) == "app=a, tier not in (x, y)"
    assert in_words({}) == "(everything)"
    assert in_words(_expression("Exists")) == "app"


def test_only_unmet_requirements_are_named() -> None:
    selector = {"matchLabels": {"app": "order", "tier": "front"}}
    assert [str(each) for each in unmet(selector, LABELS)] == ["tier=front"]

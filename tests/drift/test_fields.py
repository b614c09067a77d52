from __future__ import annotations

from typing import Any

import pytest

from harness.drift.fields import ABSENT, Item, differences, path_text, shown, value_at


def told(declared: Any, live: Any) -> dict[str, tuple[str, str]]:
    return {
        path_text(d.path): (shown(d.declared), shown(d.live)) for d in differences(declared, live)
    }


def test_equal_objects_have_no_difference() -> None:
    assert told({"a": [1, {"name": "x"}], "b": None}, {"a": [1, {"name": "x"}]}) == {}


def test_a_changed_scalar_is_one_difference_with_its_path() -> None:
    assert told({"spec": {"replicas": 1}}, {"spec": {"replicas": 3}}) == {
        "spec.replicas": ("1", "3")
    }


def test_a_field_that_one_side_lacks_is_told_at_the_top() -> None:
    found = told({"spec": {"probe": {"path": "/", "port": 1}}}, {"spec": {}})

    assert found == {"spec.probe": ('{"path": "/", "port": 1}', "")}


def test_items_are_paired_by_name_whatever_their_order() -> None:
    declared = {"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]}
    live = {"env": [{"name": "B", "value": "3"}, {"name": "A", "value": "1"}]}

    assert told(declared, live) == {"env[B].value": ("2", "3")}


def test_an_item_more_and_an_item_less_are_told_by_name() -> None:
    found = told({"env": [{"name": "A"}]}, {"env": [{"name": "B"}]})

    assert found == {"env[A]": ('{"name": "A"}', ""), "env[B]": ("", '{"name": "B"}')}


def test_ports_are_told_apart_by_protocol() -> None:
    both = [{"port": 53, "protocol": "TCP"}, {"port": 53, "protocol": "UDP", "targetPort": 53}]
    other = [{"port": 53, "protocol": "UDP", "targetPort": 5353}, both[0]]

    assert told({"ports": both}, {"ports": other}) == {"ports[53/UDP].targetPort": ("53", "5353")}


def test_another_port_is_one_changed_field_and_another_name_is_another_item() -> None:
    declared = {"ports": [{"port": 8080, "protocol": "TCP"}, {"port": 53, "protocol": "UDP"}]}
    live = {"ports": [{"port": 53, "protocol": "UDP"}, {"port": 9090, "protocol": "TCP"}]}

    assert told(declared, live) == {"ports[8080].port": ("8080", "9090")}
    assert told({"env": [{"name": "A"}]}, {"env": [{"name": "B"}]}).keys() == {"env[A]", "env[B]"}


def test_nameless_items_are_paired_by_position() -> None:
    declared = {"ingress": [{"from": [{"podSelector": {"app": "a"}}]}]}
    live = {"ingress": [{"from": [{"podSelector": {"app": "b"}}]}]}

    assert told(declared, live) == {"ingress[0].from[0].podSelector.app": ("a", "b")}


def test_lists_of_scalars_and_of_other_lengths_are_told_whole() -> None:
    assert told({"args": ["a", "b"]}, {"args": ["a"]}) == {"args": ('["a", "b"]', '["a"]')}
    assert told({"rules": [{"x": 1}]}, {"rules": [{"x": 1}, {"x": 2}]}).keys() == {"rules"}


def test_true_is_not_one_and_an_empty_selector_is_not_an_absent_one() -> None:
    assert told({"a": True}, {"a": 1}) == {"a": ("true", "1")}
    assert told({"namespaceSelector": {}}, {}) == {"namespaceSelector": ("{}", "")}


def test_a_list_of_nothing_and_an_absent_one_differ_as_the_server_wrote_them() -> None:
    assert told({"egress": []}, {}) == {"egress": ("[]", "")}


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (
            ("metadata", "labels", "app.kubernetes.io/name"),
            "metadata.labels[app.kubernetes.io/name]",
        ),
        (("data", "app.properties"), "data[app.properties]"),
        (("spec", "containers", Item("web", 0, {}), "image"), "spec.containers[web].image"),
    ],
)
def test_paths_are_written_as_people_write_them(path: Any, text: str) -> None:
    assert path_text(path) == text


def test_a_value_is_found_by_the_name_of_its_item() -> None:
    obj = {"env": [{"name": "B", "value": "2"}, {"name": "A", "value": "1"}]}

    assert value_at(obj, ("env", Item("A", 0, {"name": "A", "value": "9"}), "value")) == "1"
    assert value_at(obj, ("env", Item("C", 0, {"name": "C"}))) is ABSENT
    assert value_at(obj, ("spec", "x")) is ABSENT


def test_long_values_are_shortened_and_blanks_are_seen() -> None:
    assert shown("x" * 500).endswith("…")
    assert len(shown("x" * 500)) == 160
    assert shown(" a ") == '" a "'
    assert shown("") == '""'
    assert shown(ABSENT) == ""

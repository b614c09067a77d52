"""The known pods: whom selectors mean, and that nobody is asked the same thing twice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from harness.connectivity.peers import Endpoint
from harness.connectivity.population import SEVERAL, Population
from tests.connectivity.objects import pods, spaces


class CountedLabels(Mapping[str, str]):
    """Labels that count how often they are read."""

    def __init__(self, **labels: str) -> None:
        self._labels = labels
        self.reads = 0

    def __getitem__(self, key: str) -> str:
        self.reads += 1
        return self._labels[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._labels)

    def __len__(self) -> int:
        return len(self._labels)


ORDER, DB = CountedLabels(app="order", tier="back"), CountedLabels(app="db", tier="back")
FAR = CountedLabels(app="db")


def population() -> Population:
    ends = [
        Endpoint(namespace="shop", labels=ORDER),
        Endpoint(namespace="shop", labels=DB),
        Endpoint(namespace="data", labels=FAR),
    ]
    return Population(ends, {"shop": {"team": "a"}, "data": {"team": "b"}})


def test_a_selector_is_asked_of_the_pods_of_its_own_namespace() -> None:
    known = population()

    assert not known.selects_nobody({}, "shop")
    assert not known.selects_nobody(pods(app="order")["podSelector"], "shop")
    assert known.selects_nobody(pods(app="order")["podSelector"], "data")


def test_in_a_namespace_without_known_pods_nothing_is_claimed() -> None:
    assert not population().selects_nobody(pods(app="order")["podSelector"], "elsewhere")
    assert not Population().selects_nobody({}, "shop")


def test_a_peer_means_no_pod_one_or_several() -> None:
    known = population()

    assert known.meant_by(pods(app="payment"), "shop") == 0
    assert known.meant_by(pods(app="db"), "shop") == 1
    assert known.meant_by(pods(tier="back"), "shop") == SEVERAL
    assert known.meant_by({**spaces(team="b"), **pods(app="db")}, "shop") == 1


def test_a_namespace_is_known_by_its_labels_and_by_its_name() -> None:
    known = population()

    assert known.is_namespace(spaces(team="b")["namespaceSelector"])
    assert known.is_namespace(
        spaces(**{"kubernetes.io/metadata.name": "shop"})["namespaceSelector"]
    )
    assert not known.is_namespace(spaces(team="c")["namespaceSelector"])


def test_the_same_question_is_answered_once() -> None:
    known, selector, peer = population(), pods(app="x")["podSelector"], pods(tier="back")
    first = known.selects_nobody(selector, "shop"), known.meant_by(peer, "shop")
    before = ORDER.reads + DB.reads + FAR.reads

    again = [(known.selects_nobody(selector, "shop"), known.meant_by(peer, "shop"))] * 50

    assert set(again) == {first}
    assert ORDER.reads + DB.reads + FAR.reads == before


def test_the_same_selector_in_another_namespace_is_another_question() -> None:
    known, selector = population(), pods(app="order")["podSelector"]

    assert known.selects_nobody(selector, "shop") != known.selects_nobody(selector, "data")

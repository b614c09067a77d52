from __future__ import annotations

import pytest

from harness.connectivity.addresses import Match, enclosing, is_address, match_block


@pytest.mark.parametrize(
    ("cidr", "excepted", "address", "expected"),
    [
        ("10.0.0.0/8", [], "10.1.2.3", Match.YES),
        ("10.0.0.0/8", [], "11.1.2.3", Match.NO),
        ("10.0.0.0/8", ["10.1.0.0/16"], "10.1.2.3", Match.NO),
        ("10.0.0.0/8", ["10.1.0.0/16"], "10.2.2.3", Match.YES),
        ("10.0.0.0/8", [], "10.244.0.0/16", Match.YES),
        ("10.244.1.0/24", [], "10.244.0.0/16", Match.PERHAPS),
        ("10.20.0.0/20", [], "10.244.0.0/16", Match.NO),
        ("0.0.0.0/0", ["10.244.3.0/24"], "10.244.0.0/16", Match.PERHAPS),
        ("0.0.0.0/0", ["10.0.0.0/8"], "10.244.0.0/16", Match.NO),
        ("0.0.0.0/0", [], "", Match.YES),
        ("0.0.0.0/0", ["169.254.169.254/32"], "", Match.PERHAPS),
        ("10.0.0.0/8", [], "", Match.PERHAPS),
        ("10.0.0.0/8", [], "fd00::1", Match.NO),
        ("::/0", [], "fd00::1", Match.YES),
        ("nonsense", [], "10.0.0.1", Match.NO),
    ],
)
def test_a_block_holds_an_address_or_perhaps_one_of_a_network(
    cidr: str, excepted: list[str], address: str, expected: Match
) -> None:
    assert match_block({"cidr": cidr, "except": excepted}, address) is expected


def test_the_network_around_addresses_is_the_smallest() -> None:
    assert enclosing(["10.244.0.5"]) == "10.244.0.5"
    assert enclosing(["10.244.0.5", "10.244.0.6"]) == "10.244.0.4/30"
    assert enclosing(["10.244.0.0/24", "10.244.1.0/24"]) == "10.244.0.0/23"
    assert enclosing(["", "x"]) == ""


def test_addresses_are_told_from_names() -> None:
    assert is_address("127.0.0.1")
    assert is_address("[::1]")
    assert not is_address("kafka-0")

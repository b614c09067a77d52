from __future__ import annotations

import pytest

from harness.doctor.capabilities import NAMES, missing_capabilities


def status(bounding: str) -> str:
    return f"Name:\tpython\nCapEff:\t0000000000000000\nCapBnd:\t{bounding}\nCapAmb:\t0\n"


@pytest.mark.parametrize(
    ("bounding", "last", "missing"),
    [
        ("000001ffffffffff", 40, ()),
        ("000001fffeffffff", 40, ("CAP_SYS_RESOURCE",)),
        ("000001fffeffffff", 23, ()),
        ("0000003fffffffff", 40, ("CAP_PERFMON", "CAP_BPF", "CAP_CHECKPOINT_RESTORE")),
        ("0000003fffffffff", 37, ()),
        ("fffffffffffffffe", 60, ("CAP_CHOWN",)),
    ],
)
def test_what_the_kernel_knows_and_the_bounding_set_lacks_is_missing(
    bounding: str, last: int, missing: tuple[str, ...]
) -> None:
    assert missing_capabilities(status(bounding), last) == missing


def test_nothing_is_missing_where_there_is_no_bounding_set() -> None:
    assert missing_capabilities("Name:\tpython\n", 40) == ()


def test_capability_numbers_are_those_of_the_kernel() -> None:
    assert NAMES[0] == "CHOWN"
    assert NAMES[12] == "NET_ADMIN"
    assert NAMES[24] == "SYS_RESOURCE"
    assert NAMES[40] == "CHECKPOINT_RESTORE"
    assert len(set(NAMES)) == 41

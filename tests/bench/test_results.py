from __future__ import annotations

from pathlib import Path

import pytest

from bench.results import Attempt, Measured, add, measurements, quantile


def measured(case: str, word: str = "failed") -> Measured:
    attempt = Attempt(
        contestant="kr8s", word=word, seconds=1.5, exit_code=1, named=False, given=("a",)
    )
    return Measured(
        case=case,
        route="apply",
        repetition=0,
        visible=0.5,
        limit_seconds=120,
        attempts=(attempt,),
        lines=("x",),
    )


def test_measurements_survive_the_file_and_replace_their_like(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "faults.json"
    assert measurements(path) == []
    add(path, measured("b"))
    add(path, measured("a"))
    add(path, measured("b", "nothing"))
    assert measurements(path) == [measured("a"), measured("b", "nothing")]


@pytest.mark.parametrize(("part", "value"), [(0.5, 50), (0.99, 99), (1.0, 100), (0.0, 1)])
def test_a_quantile_is_one_of_the_values(part: float, value: float) -> None:
    assert quantile(range(100, 0, -1), part) == value


def test_there_is_no_quantile_of_nothing() -> None:
    with pytest.raises(ValueError, match="no values"):
        quantile([], 0.5)

"""The catalogue is complete, readable, and equal to its page in the documentation."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.diagnosis.catalogue import Cause, catalogue
from harness.diagnosis.reference import causes_markdown
from harness.model.finding import Phase

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "causes.md"
FAMILIES = {
    "R": 17, "A": 30, "C": 7, "I": 15, "S": 14, "H": 11, "V": 12, "P": 17, "G": 8, "K": 13,
    "B": 10, "N": 17,
}  # fmt: skip
EVERY = pytest.mark.parametrize("cause", catalogue().values(), ids=lambda c: c.id)


def test_every_cause_of_the_specification_has_its_id() -> None:
    wanted = {f"{letter}{n:02d}" for letter, last in FAMILIES.items() for n in range(1, last + 1)}

    assert wanted <= set(catalogue())


@EVERY
def test_a_cause_can_be_understood_and_mended(cause: Cause) -> None:
    assert re.fullmatch(r"[A-Z]\d\d", cause.id)
    assert isinstance(cause.phase, Phase)
    assert len(cause.title) <= 90
    assert len(cause.why) >= 30
    assert len(cause.mend) >= 10


def test_the_page_of_the_documentation_is_the_catalogue() -> None:
    assert PAGE.read_text(encoding="utf-8") == causes_markdown(), "run make causes"

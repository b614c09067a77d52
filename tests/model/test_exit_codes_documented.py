from __future__ import annotations

import re
from pathlib import Path

from harness.config import Settings
from harness.model.errors import ExitCode

DOCS = Path(__file__).parents[2] / "docs" / "reference"


def test_the_documented_exit_codes_are_the_real_ones() -> None:
    text = (DOCS / "exit-codes.md").read_text(encoding="utf-8")
    documented = {
        int(n): w for n, w in re.findall(r"^\| (\d+) \| ([a-z ]+) \|", text, re.MULTILINE)
    }

    assert documented == {int(c): c.name.lower().replace("_", " ") for c in ExitCode}


def test_every_setting_is_documented() -> None:
    text = (DOCS / "configuration.md").read_text(encoding="utf-8")

    for name in Settings.model_fields:
        assert f"`{name}" in text, name

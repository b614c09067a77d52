"""Reads the pins: TOML files for what is built, go.mod files for the versions of modules.

A version stands in one place only. What the tables mean is written at the top of each file in
``pins/``; ``catalogue`` turns them into parts.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HOME = Path(__file__).parent
"""The folder with pins, recipes and Go sources."""

Table = Mapping[str, Any]
"""A table of a TOML file; its values are checked where they are used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pins:
    """Everything that is pinned, as written."""

    home: Path
    go: Table
    debian: Table
    images: Table

    def module_version(self, folder: str, module: str) -> str:
        """The version of a module that the go.mod of a program requires; "" for no module.

        Raises:
            ValueError: go.mod does not require the module.
        """
        if not module:
            return ""
        path = self.home / "go" / folder / "go.mod"
        found = re.search(
            rf"^(?:require )?\s*{re.escape(module)} (v\S+)", path.read_text("utf-8"), re.MULTILINE
        )
        if found is None:
            msg = f"{path} does not require {module}"
            raise ValueError(msg)
        return found[1]


def read_pins(home: Path = HOME) -> Pins:
    """The pins of a folder laid out like this package."""
    tables = {
        name: tomllib.loads((home / "pins" / f"{name}.toml").read_text("utf-8"))
        for name in ("go", "debian", "images")
    }
    return Pins(home=home, **tables)

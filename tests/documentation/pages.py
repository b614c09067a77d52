"""The pages of the documentation and the commands that stand in them."""

from __future__ import annotations

import importlib.util
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
JOINTS = frozenset({"|", ">", ">>", "&&", "||", ";", "&"})
PREFIXES = (
    (".venv/bin/python", "-m", "harness"),
    ("python", "-m", "harness"),
    (".venv/bin/harness",),
    ("harness",),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One command line of a page."""

    page: str
    line: str

    @property
    def words(self) -> list[str]:
        """The words of the first program, without what a comment says."""
        words = shlex.split(self.line, comments=True)
        return words[: next((i for i, word in enumerate(words) if word in JOINTS), len(words))]

    @property
    def arguments(self) -> list[str] | None:
        """The words after `harness`, however it is called; None for another program."""
        for prefix in PREFIXES:
            if tuple(self.words[: len(prefix)]) == prefix:
                return self.words[len(prefix) :]
        return None


def pages() -> list[Path]:
    """Returns every page that people read."""
    return [ROOT / "README.md", ROOT / "examples/bookshop/README.md", *sorted(DOCS.rglob("*.md"))]


def shown(path: Path) -> Iterator[Shown]:
    """Yields the commands of a page's console blocks."""
    name = path.relative_to(ROOT).as_posix()
    for block in BLOCK.findall(path.read_text(encoding="utf-8")):
        for line in block.replace("\\\n", " ").splitlines():
            if line.startswith("$ "):
                yield Shown(page=name, line=line[2:])


def loaded(name: str) -> ModuleType:
    """Returns a program of docs/ as a module."""
    spec = importlib.util.spec_from_file_location(f"docs_{name}", DOCS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module

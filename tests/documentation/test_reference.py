"""The reference is what the code says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from harness.config import Settings, _table_within
from harness.pytest_plugin import LIVE_FIXTURES
from tests.documentation.pages import DOCS, ROOT, loaded

REFERENCE = loaded("reference")


@pytest.mark.parametrize("name", sorted(REFERENCE.PAGES))
def test_a_page_made_from_the_code_is_up_to_date(name: str) -> None:
    written = (REFERENCE.FOLDER / name).read_text(encoding="utf-8")

    assert written == REFERENCE.PAGES[name](), "make reference"


def test_every_schema_of_the_package_is_listed() -> None:
    found = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "harness").rglob("*schema.json")
        if "audit/schemas" not in path.as_posix()
    }

    assert found <= set(REFERENCE.SCHEMAS)


def keys(table: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for name, field in table.model_fields.items():
        inner = _table_within(field.annotation)
        if inner is None:
            yield f"{prefix}{name}"
        elif "tuple" not in str(field.annotation):
            middle = "" if inner is field.annotation else ".*"
            yield from keys(inner, f"{prefix}{name}{middle}.")
        else:
            yield f"{prefix}{name}"


def documented(text: str) -> set[str]:
    """Returns the keys of the table; `.a`, `.b` share the table of the first."""
    found = set()
    for row in re.findall(r"^\| (`[^|]+) \|", text, re.MULTILINE):
        names = re.findall(r"`([^`]+)`", row)
        table = names[0].rpartition(".")[0]
        found |= {f"{table}{n}" if n.startswith(".") else n for n in names}
    return {re.sub(r'"?<[a-z]+>"?', "*", name) for name in found}


def test_every_key_of_the_settings_is_documented_and_no_other() -> None:
    text = (DOCS / "reference" / "configuration.md").read_text(encoding="utf-8")

    known = {key.replace("audit.parameters", "audit.parameters.*") for key in keys(Settings)}
    assert documented(text) == known


def test_every_fixture_and_option_of_the_plugin_is_documented() -> None:
    page = (DOCS / "how-to" / "pytest.md").read_text(encoding="utf-8")
    plugin = Path(ROOT / "harness/pytest_plugin/__init__.py").read_text(encoding="utf-8")

    options = set(re.findall(r'"(--gitops-[a-z-]+)"', plugin))
    assert options <= set(re.findall(r"--gitops-[a-z-]+", page))
    assert {*LIVE_FIXTURES, "gitops_run"} <= set(re.findall(r"`(\w+)", page))


def test_every_input_of_the_action_is_documented() -> None:
    page = (DOCS / "ci" / "index.md").read_text(encoding="utf-8")
    action = (ROOT / "action.yml").read_text(encoding="utf-8")
    inputs = action.partition("inputs:\n")[2].partition("\noutputs:")[0]

    named = re.findall(r"^  ([a-z]+):$", inputs, re.MULTILINE)
    assert named
    assert set(named) <= set(re.findall(r"^\| `([a-z]+)` \|", page, re.MULTILINE))

"""Tests of folders whose files are not deployed."""

from __future__ import annotations

import pytest

from harness.audit.illustrations import is_off, is_shown


@pytest.mark.parametrize("path", ["docs/a.yaml", "x/Examples/a.yaml", "a/templates/b.yaml"])
def test_examples_and_templates_are_shown_only(path: str) -> None:
    assert is_shown(path)
    assert is_off(path)


def test_what_was_taken_out_of_use_is_off() -> None:
    assert is_off("apps/disabled/a.yaml")
    assert not is_shown("apps/disabled/a.yaml")


@pytest.mark.parametrize("path", ["docs.yaml", "overlays/test/a.yaml", "clusters/test/x/a.yaml"])
def test_environments_and_file_names_are_deployed(path: str) -> None:
    assert not is_off(path)

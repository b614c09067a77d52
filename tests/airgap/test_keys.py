"""A key changes with what is built from, and with nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from airgap.keys import KEY_LENGTH, digest_of_sources, digest_of_value, key_of


def test_the_order_of_a_mapping_does_not_count() -> None:
    assert digest_of_value({"a": 1, "b": [2]}) == digest_of_value({"b": [2], "a": 1})


def test_a_different_value_has_a_different_digest() -> None:
    assert digest_of_value({"a": 1}) != digest_of_value({"a": "1"})


def test_a_key_is_short_and_depends_on_what_lies_below() -> None:
    one = key_of(name="a", settings={}, sources="", below=["b=1"])
    two = key_of(name="a", settings={}, sources="", below=["b=2"])
    assert len(one) == KEY_LENGTH
    assert one != two


def test_content_and_names_count_and_times_do_not(tmp_path: Path) -> None:
    source = tmp_path / "recipe"
    source.mkdir()
    (source / "file").write_text("one")
    before = digest_of_sources([source])
    os.utime(source / "file", (1, 1))
    assert digest_of_sources([source]) == before
    (source / "file").write_text("two")
    changed = digest_of_sources([source])
    (source / "file").rename(source / "other")
    assert len({before, changed, digest_of_sources([source])}) == 3


def test_the_executable_bit_counts(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o644)
    before = digest_of_sources([script])
    script.chmod(0o755)
    assert digest_of_sources([script]) != before


def test_a_link_counts_by_its_target_even_if_that_is_absent(tmp_path: Path) -> None:
    source = tmp_path / "recipe"
    source.mkdir()
    (source / "link").symlink_to("nowhere")
    before = digest_of_sources([source])
    (source / "link").unlink()
    (source / "link").symlink_to("elsewhere")
    assert digest_of_sources([source]) != before


def test_compiled_python_does_not_count(tmp_path: Path) -> None:
    source = tmp_path / "recipe"
    (source / "__pycache__").mkdir(parents=True)
    before = digest_of_sources([source])
    (source / "__pycache__" / "x.pyc").write_bytes(b"x")
    assert digest_of_sources([source]) == before


def test_a_source_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        digest_of_sources([tmp_path / "absent"])

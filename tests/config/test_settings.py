from __future__ import annotations

from pathlib import Path

import pytest

from harness.config import Settings, load_settings
from harness.model.errors import UsageError


def _load(tmp_path: Path, text: str) -> Settings:
    (tmp_path / "harness.toml").write_text(text, encoding="utf-8")
    return load_settings(tmp_path)


def test_without_a_file_everything_has_a_default(tmp_path: Path) -> None:
    assert load_settings(tmp_path) == Settings()


def test_an_unknown_key_is_named_with_its_nearest_neighbour(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        _load(tmp_path, '[images."ghcr.io/a/b"]\ncontxt = "services"\n')

    assert "images.ghcr.io/a/b.contxt" in caught.value.seen
    assert "did you mean 'context'" in caught.value.seen


@pytest.mark.parametrize(
    ("text", "near"),
    [("[deadline]\nready = 5\n", "'deadlines'"), ("[deadlines]\nreedy = 5\n", "'ready'")],
)
def test_the_nearest_name_comes_from_the_same_table(tmp_path: Path, text: str, near: str) -> None:
    with pytest.raises(UsageError) as caught:
        _load(tmp_path, text)

    assert near in caught.value.seen


def test_a_wrong_type_names_the_key(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        _load(tmp_path, "[deadlines]\nready = 'soon'\n")

    assert "deadlines.ready" in caught.value.seen


def test_what_is_no_toml_names_the_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        _load(tmp_path, "[deadlines\n")

    assert "line 1" in caught.value.seen
    assert caught.value.exit_code == 2

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


AUDIT = """
[[audit.clusters]]
name = "prod"
server = "https://10.0.0.1"
labels = { env = "prod" }

[[audit.pull_requests]]
number = 7
branch = "feature/basket"
head_sha = "0123456789"

[[audit.parameters.plugin]]
name = "a"
nested = { x = 1 }
"""


def test_what_servers_would_answer_may_be_given(tmp_path: Path) -> None:
    audit = _load(tmp_path, AUDIT).audit

    assert audit.clusters is not None
    assert audit.pull_requests is not None
    assert [(c.name, c.labels, c.project) for c in audit.clusters] == [
        ("prod", {"env": "prod"}, "")
    ]
    assert [(p.number, p.target_branch) for p in audit.pull_requests] == [(7, "main")]
    assert audit.parameters == {"plugin": ({"name": "a", "nested": {"x": 1}},)}


def test_no_clusters_is_another_answer_than_unknown_clusters(tmp_path: Path) -> None:
    assert _load(tmp_path, "[audit]\n").audit.clusters is None
    assert _load(tmp_path, "[audit]\nclusters = []\n").audit.clusters == ()


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        (AUDIT.replace("labels", "label"), "did you mean 'labels'?"),
        (AUDIT.replace("head_sha", "head_sh"), "did you mean 'head_sha'?"),
        (AUDIT.replace('"prod" }', "1 }"), "audit.clusters.0.labels.env"),
        (AUDIT.replace("number = 7", "number = 0"), "audit.pull_requests.0.number"),
        (AUDIT.replace('name = "prod"\n', ""), "audit.clusters.0.name: field required"),
        (AUDIT.replace("plugin", "plug"), "audit.parameters.plug"),
    ],
)
def test_a_wrong_answer_is_named(tmp_path: Path, text: str, seen: str) -> None:
    with pytest.raises(UsageError) as caught:
        _load(tmp_path, text)

    assert seen in caught.value.seen

from __future__ import annotations

from pathlib import Path

import pytest

from harness.repo.repository_files import RepositoryTree, folders_of


def _write(root: Path, name: str, text: str = "a: 1\n") -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text, encoding="utf-8")


def test_a_folder_is_where_a_file_lies(tmp_path: Path) -> None:
    _write(tmp_path, "apps/web/a.yaml")
    _write(tmp_path, ".git/config")
    (tmp_path / "empty").mkdir()

    tree = RepositoryTree(tmp_path)

    assert tree.files == ("apps/web/a.yaml",)
    assert tree.folders == ("apps", "apps/web")
    assert [tree.is_folder(p) for p in ("apps", ".", "empty", "apps/web/a.yaml")] == [
        True, True, False, False,
    ]  # fmt: skip


def test_folders_come_as_a_walk_finds_them() -> None:
    assert folders_of(["a-b/x", "a/c/x", "a/x"]) == ("a", "a/c", "a-b")


def test_a_link_to_a_folder_is_one_only_within_the_tree(tmp_path: Path) -> None:
    root = tmp_path / "repository"
    _write(root, "apps/web/a.yaml")
    _write(tmp_path, "outside/b.yaml")
    (root / "inner").symlink_to("apps")
    (root / "outer").symlink_to(tmp_path / "outside")
    (root / "loop").symlink_to("loop")

    tree = RepositoryTree(root)

    assert [tree.is_folder(p) for p in ("inner", "inner/web", "outer", "loop")] == [
        True, True, False, False,
    ]  # fmt: skip
    assert "inner" in tree.files


def test_what_leads_out_of_the_tree_is_not_read(tmp_path: Path) -> None:
    root = tmp_path / "repository"
    _write(root, "a.yaml")
    _write(tmp_path, "secret.yaml")
    (root / "link.yaml").symlink_to(tmp_path / "secret.yaml")
    tree = RepositoryTree(root)

    assert tree.text("a.yaml") == "a: 1\n"
    for path in ("link.yaml", "../secret.yaml"):
        with pytest.raises(ValueError, match="leads out"):
            tree.text(path)


def test_only_given_files_count(tmp_path: Path) -> None:
    _write(tmp_path, "a/x")
    _write(tmp_path, "b/x")

    assert RepositoryTree(tmp_path, ["b/x"]).folders == ("b",)

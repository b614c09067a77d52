from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from harness.repo.argocd_options import build_options
from harness.repo.kustomize_program import find_kustomize
from harness.repo.render_plain import PlainObjects, matches, read_plain

POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n"


def _read(root: Path, files: Mapping[str, str | bytes], **directory: Any) -> PlainObjects:
    for name, content in files.items():
        path = root / "app" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_plain(root, "app", {"directory": directory})


def test_manifests_of_the_folder_are_read_and_other_yaml_is_passed_over(tmp_path: Path) -> None:
    files = {
        "b.yml": POD,
        "a.json": json.dumps({"apiVersion": "v1", "kind": "Secret"}),
        "values.yaml": "a: b\n",
        "notes.yaml": "a: [\n",
        "skipped.yaml": f"# +argocd:skip-file-rendering\n{POD}",
        "README.md": POD,
        "deep/c.yaml": POD,
    }

    found = _read(tmp_path, files)

    assert found.failure == ""
    assert [o["kind"] for o in found.objects] == ["Secret", "Pod"]
    assert found.files == ("app/a.json", "app/b.yml")


@pytest.mark.parametrize(
    ("directory", "names"),
    [
        ({"recurse": True}, ["a.yaml", "deep/b.yaml", "deep/er/c.yaml"]),
        ({"recurse": True, "exclude": "deep/*"}, ["a.yaml"]),
        ({"recurse": True, "include": "{a,*/b}.yaml"}, ["a.yaml", "deep/b.yaml"]),
        ({"include": "*.yml"}, []),
    ],
)
def test_what_is_read_is_told_by_the_source(
    tmp_path: Path, directory: dict[str, Any], names: list[str]
) -> None:
    found = _read(tmp_path, {"a.yaml": POD, "deep/b.yaml": POD, "deep/er/c.yaml": POD}, **directory)

    assert list(found.files) == [f"app/{name}" for name in names]


@pytest.mark.parametrize(
    ("pattern", "name", "is_taken"),
    [
        ("*.yaml", "deep/a.yaml", True),
        ("{*.yml,*.json}", "a.json", True),
        ("{a,b{c,d}}.x", "bd.x", True),
        ("[!a].x", "a.x", False),
        ("?.x", "b.x", True),
        ("a.x", "ba.x", False),
        ("{" * 50, "a", False),
        ("{a,b}" * 50, "a", False),
        ("*a" * 40, "a" * 200 + "b", False),
    ],
)
def test_globs_are_those_of_argocd_and_end(pattern: str, name: str, is_taken: bool) -> None:
    assert matches(pattern, name) is is_taken


@pytest.mark.parametrize(
    "content",
    [POD + "data: [\n", f"{POD}---\na: [\n", POD.encode() + b"\xff", b"\0"],
    ids=["break", "later document", "not UTF-8", "binary"],
)
def test_a_manifest_that_cannot_be_read_fails(tmp_path: Path, content: str | bytes) -> None:
    found = _read(tmp_path, {"bad.yaml": content})

    assert "app/bad.yaml" in found.failure
    assert found.objects == ()


def test_a_link_out_of_the_repository_fails(tmp_path: Path) -> None:
    (tmp_path / "secret.yaml").write_text(POD, encoding="utf-8")
    root = tmp_path / "root"
    (root / "app").mkdir(parents=True)
    (root / "app/a.yaml").symlink_to(tmp_path / "secret.yaml")

    assert "illegal filepath in symlink" in _read(root, {}).failure


def test_jsonnet_is_noted(tmp_path: Path) -> None:
    found = _read(tmp_path, {"a.jsonnet": "{}"})

    assert found.notes == ("app/a.jsonnet is Jsonnet, which is not evaluated here",)


@pytest.mark.parametrize("text", ["[" * 100_000, "{", '"x"', "[1, null]"])
def test_odd_json_fails_or_holds_nothing(tmp_path: Path, text: str) -> None:
    assert _read(tmp_path, {"a.json": text}).objects == ()


@pytest.mark.parametrize(
    "text",
    [
        'data:\n  kustomize.buildOptions: "--enable-helm --load-restrictor=x"\n',
        "spec:\n  kustomizeBuildOptions: --enable-helm --load-restrictor=x\n",
        "configs:\n  cm:\n    'kustomize.buildOptions': '--enable-helm --load-restrictor=x'\n",
    ],
)
def test_build_options_are_found_wherever_they_are_declared(text: str) -> None:
    assert build_options(["a: b\n", text]) == ("--enable-helm", "--load-restrictor=x")


def _bundle(cache: Path, key: str, content: object) -> None:
    folder = cache / "bundles" / key
    folder.mkdir(parents=True)
    (folder / "bundle.json").write_text(json.dumps(content), encoding="utf-8")


def test_the_bundles_kustomize_comes_before_that_of_the_path(tmp_path: Path) -> None:
    tool = tmp_path / "parts" / "kustomize"
    tool.parent.mkdir()
    tool.write_text("", encoding="utf-8")
    tool.chmod(0o755)
    _bundle(tmp_path, "a", {"tools": {"kustomize": {"path": "parts/kustomize"}}})

    assert find_kustomize(tmp_path, which=lambda _: "/bin/kustomize") == tool


@pytest.mark.parametrize(
    "content", [{"tools": {"kustomize": {"path": "gone"}}}, {"tools": []}, [], "x", {}]
)
def test_a_damaged_bundle_is_passed_over(tmp_path: Path, content: object) -> None:
    _bundle(tmp_path, "a", content)

    assert find_kustomize(tmp_path, which=lambda name: f"/bin/{name}") == Path("/bin/kustomize")
    assert find_kustomize(tmp_path, which=lambda _: None) is None

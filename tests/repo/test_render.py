from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.model.errors import RepositoryError
from harness.repo.render import innermost, render

TOOL = Path("kustomize")


def _folder(root: Path, name: str = "app", kustomization: bool = True) -> Path:
    folder = root / name
    folder.mkdir(parents=True)
    if kustomization:
        (folder / "kustomization.yaml").write_text("resources: []\n", encoding="utf-8")
    return folder


def test_a_kustomization_is_built(tmp_path: Path, kustomize: Any) -> None:
    folder = _folder(tmp_path)
    kustomize.answers["app"] = (0, "kind: Service\nmetadata: {name: a}\n---\n")

    objects = render(folder, root=tmp_path, kustomize=TOOL, runner=kustomize)

    assert [o["kind"] for o in objects] == ["Service"]


def test_a_folder_without_kustomization_is_read_as_plain_yaml(
    tmp_path: Path, kustomize: Any
) -> None:
    folder = _folder(tmp_path, kustomization=False)
    text = "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Secret}\n"
    (folder / "all.yaml").write_text(text, encoding="utf-8")

    objects = render(folder, root=tmp_path, kustomize=TOOL, runner=kustomize)

    assert [o["kind"] for o in objects] == ["Secret"]


@pytest.mark.parametrize("name", ["app", "gone"])
def test_an_empty_or_missing_folder_says_what_belongs_there(
    tmp_path: Path, kustomize: Any, name: str
) -> None:
    _folder(tmp_path, kustomization=False)

    with pytest.raises(RepositoryError) as caught:
        render(tmp_path / name, root=tmp_path, kustomize=TOOL, runner=kustomize)

    assert caught.value.subject == name
    assert "kustomization.yaml" in caught.value.expected


def test_broken_yaml_names_file_and_line(tmp_path: Path, kustomize: Any) -> None:
    folder = _folder(tmp_path, kustomization=False)
    (folder / "bad.yaml").write_text("kind: Service\nmetadata: {name: [\n", encoding="utf-8")

    with pytest.raises(RepositoryError) as caught:
        render(folder, root=tmp_path, kustomize=TOOL, runner=kustomize)

    assert caught.value.subject == "app/bad.yaml"
    assert "line 3" in caught.value.seen


def test_a_missing_resource_is_named_without_kustomizes_noise(
    tmp_path: Path, kustomize: Any
) -> None:
    folder = _folder(tmp_path)
    kustomize.answers["app"] = (
        1,
        f"Error: accumulating resources: accumulation err='accumulating resources from "
        f"'servce.yaml': open {tmp_path}/app/servce.yaml: no such file or directory': "
        f"must build at directory: not a valid directory: evalsymlink failure on "
        f"'{tmp_path}/app/servce.yaml' : lstat: no such file or directory",
    )

    with pytest.raises(RepositoryError) as caught:
        render(folder, root=tmp_path, kustomize=TOOL, runner=kustomize)

    assert caught.value.seen == (
        "R03: app/kustomization.yaml names 'servce.yaml', which does not exist"
    )
    finding = caught.value.finding
    assert finding is not None
    assert (finding.cause, finding.file) == ("R03", "app/kustomization.yaml")
    assert caught.value.exit_code == 3


def test_other_complaints_are_kept_without_the_checkouts_path() -> None:
    text = innermost('Error: invalid Kustomization: json: unknown field "resurces"', Path("/r"))

    assert text == 'invalid Kustomization: json: unknown field "resurces"'

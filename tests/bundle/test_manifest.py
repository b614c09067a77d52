"""bundle.json is read completely or refused with the reason; files are checked."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.bundle.manifest import ROLES, read_bundle, verify
from harness.model.errors import BundleError


def change(path: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    data = json.loads(path.read_text())
    edit(data)
    path.write_text(json.dumps(data))


def test_a_bundle_is_read_with_paths_inside_its_cache(bundle_json: Path, cache: Path) -> None:
    bundle = read_bundle(bundle_json)
    assert (bundle.origin, bundle.key, bundle.kubernetes) == ("build", "k1", "v1.36.3")
    assert {image.role for image in bundle.images} == set(ROLES)
    assert bundle.image("node").archive == cache / "parts/node/k1/image.tar"
    assert bundle.tools["kind"].path == cache / "parts/kind/k1/kind"
    assert bundle.argocd_manifest == cache / "parts/argocd-files/k1/core.yaml"
    assert bundle.seconds == {"node": 35.0}


def test_a_whole_bundle_passes_both_checks(bundle_json: Path) -> None:
    verify(read_bundle(bundle_json), thorough=False)
    verify(read_bundle(bundle_json), thorough=True)


@pytest.mark.parametrize("schema", [2, 0, "1", None])
def test_another_schema_is_refused_and_named(bundle_json: Path, schema: object) -> None:
    change(bundle_json, lambda data: data.update(schema=schema))
    with pytest.raises(BundleError, match="schema is") as caught:
        read_bundle(bundle_json)
    assert "schema 1, which this version of the harness reads" in caught.value.paragraph()


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (lambda d: d.pop("tools"), "tools: field required"),
        (lambda d: d["tools"].pop("kind"), "lacks tool kind"),
        (lambda d: d["images"].pop(0), "lacks image node"),
        (lambda d: d["manifests"].clear(), "lacks manifest argocd"),
        (lambda d: d["tools"]["kind"].update(path="/etc/passwd"), "not a relative path"),
        (lambda d: d["tools"]["kind"].update(path="parts/../../x"), "not a relative path"),
        (lambda d: d["tools"]["kind"].update(sha256="abc"), "sha256"),
        (lambda d: d["images"][0].update(reference="postgres:17"), "reference"),
        (lambda d: d.update(origin="elsewhere"), "origin"),
    ],
)
def test_what_is_missing_or_wrong_is_named(
    bundle_json: Path, edit: Callable[[dict[str, Any]], object], reason: str
) -> None:
    change(bundle_json, edit)
    with pytest.raises(BundleError) as caught:
        read_bundle(bundle_json)
    assert reason in caught.value.seen
    assert "harness bundle build" in caught.value.paragraph()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b"null"])
def test_what_is_no_bundle_is_one_paragraph(bundle_json: Path, content: bytes) -> None:
    bundle_json.write_bytes(content)
    with pytest.raises(BundleError, match=r"Reading the bundle .*bundle\.json failed"):
        read_bundle(bundle_json)


def test_a_missing_bundle_is_one_paragraph(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="No such file"):
        read_bundle(tmp_path / "bundle.json")
    with pytest.raises(BundleError):
        read_bundle(Path("/bundle.json"))


def test_unknown_fields_are_left_for_later_versions(bundle_json: Path) -> None:
    change(bundle_json, lambda data: data["images"][0].update(labels={"a": "b"}))
    assert read_bundle(bundle_json).key == "k1"


def test_a_missing_file_is_named(bundle_json: Path) -> None:
    bundle = read_bundle(bundle_json)
    bundle.image("kafka").archive.unlink()
    with pytest.raises(BundleError, match="image kafka is missing"):
        verify(bundle, thorough=False)


def test_a_wrong_size_is_named_with_both_sizes(bundle_json: Path) -> None:
    bundle = read_bundle(bundle_json)
    archive = bundle.image("kafka").archive
    whole = archive.stat().st_size
    archive.write_bytes(archive.read_bytes()[:-1])
    with pytest.raises(BundleError) as caught:
        verify(bundle, thorough=False)
    assert f"image kafka has {whole - 1} bytes" in caught.value.seen
    assert caught.value.expected == f"{whole} bytes"


def test_a_changed_file_of_the_same_size_is_found_only_thoroughly(bundle_json: Path) -> None:
    bundle = read_bundle(bundle_json)
    tool = bundle.tools["kind"].path
    tool.write_bytes(b"?" + tool.read_bytes()[1:])
    verify(bundle, thorough=False)
    with pytest.raises(BundleError, match="tool kind has SHA-256"):
        verify(bundle, thorough=True)


def test_an_empty_or_unexecutable_tool_is_found(bundle_json: Path) -> None:
    bundle = read_bundle(bundle_json)
    bundle.tools["kind"].path.chmod(0o644)
    with pytest.raises(BundleError, match="tool kind is not executable"):
        verify(bundle, thorough=False)
    bundle.tools["kind"].path.write_bytes(b"")
    with pytest.raises(BundleError, match="tool kind has 0 bytes"):
        verify(bundle, thorough=False)

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from harness.gitops.argocd import REFRESH, SET_REFRESH, apply_bootstrap, refresh, refresh_failed
from harness.io.kube import KubeError
from harness.model.errors import EngineError

ARGO = "/apis/argoproj.io/v1alpha1/namespaces/argocd"


class RecordingApi:
    """Lists what it was given and remembers what was changed."""

    def __init__(self, sets: list[dict[str, Any]], apps: list[dict[str, Any]]) -> None:
        self.lists = {f"{ARGO}/applicationsets": sets, f"{ARGO}/applications": apps}
        self.merged: list[tuple[str, Any]] = []
        self.applied: list[str] = []
        self.refuse = ""

    def items(self, path: str, **query: str) -> list[dict[str, Any]]:
        assert query == {}
        return self.lists[path]

    def apply(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        if self.refuse:
            raise KubeError(self.refuse, 422)
        self.applied.append(path)
        return dict(body)

    def merge(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        (found,) = body["metadata"]["annotations"].items()
        self.merged.append((path.rsplit("/", 1)[-1], found))
        return {}


def _obj(name: str, *conditions: dict[str, str], **annotations: str) -> dict[str, Any]:
    meta = {"name": name, "annotations": annotations}
    return {"metadata": meta, "status": {"conditions": list(conditions)}}


FAILED = {"type": "ErrorOccurred", "status": "True"}
WELL = {"type": "ErrorOccurred", "status": "False"}


def test_everything_is_asked_to_look_again() -> None:
    api = RecordingApi([_obj("set")], [_obj("app")])

    refresh(api)

    assert api.merged == [("set", (SET_REFRESH, "true")), ("app", (REFRESH, "hard"))]


def test_a_leftover_annotation_is_taken_away_first_or_nothing_would_change() -> None:
    api = RecordingApi([_obj("set", **{SET_REFRESH: "true"})], [])

    refresh(api)

    assert api.merged == [("set", (SET_REFRESH, None)), ("set", (SET_REFRESH, "true"))]


def test_only_what_failed_is_asked_again() -> None:
    api = RecordingApi(
        [_obj("bad", FAILED), _obj("good", WELL)],
        [_obj("broken", {"type": "ComparisonError"}), _obj("fine")],
    )

    refresh_failed(api)

    assert [name for name, _ in api.merged] == ["bad", "broken"]


def test_projects_are_applied_before_what_is_in_them() -> None:
    api = RecordingApi([], [])
    meta = {"name": "x", "namespace": "argocd"}

    apply_bootstrap(
        api,
        [
            {"kind": "ApplicationSet", "metadata": meta, "spec": {"template": {"spec": {}}}},
            {"kind": "AppProject", "metadata": meta},
        ],
    )

    assert api.applied == [
        f"{ARGO}/appprojects/default", f"{ARGO}/appprojects/x", f"{ARGO}/applicationsets/x",
    ]  # fmt: skip


def test_a_refused_bootstrap_object_is_named() -> None:
    api = RecordingApi([], [])
    api.refuse = "spec.generators: Required value"

    with pytest.raises(EngineError) as caught:
        apply_bootstrap(api, [{"kind": "AppProject", "metadata": {"name": "shop"}}])

    assert caught.value.subject == "AppProject argocd/shop"
    assert "Required value" in caught.value.seen

"""The expansion oracle: what was predicted of ApplicationSets is what Argo CD makes of them.

A tree with many kinds of generators and templates, and the example, are deployed; every
Application, its source, its destination and every manifest must be the ones that were worked out
beforehand without a cluster. A difference is a defect.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from platformdirs import user_cache_path

from harness.config import load_settings
from harness.io.kube import Kube
from harness.io.process import ProcessRunner
from harness.manifests.scoping import with_namespace
from harness.model.kinds import collection
from harness.repo.applicationsets import GeneratedApplication, Given, generate
from harness.repo.declaration import Tools, declare
from harness.repo.kustomize_program import find_kustomize
from harness.repo.render_request import Engine, RenderTools, Request
from harness.repo.rendering import render_roots
from harness.repo.repository_files import RepositoryTree
from scenarios.conftest import EXAMPLE, ROOT, CommandLine, Outcome, in_docker
from scenarios.faults.fault import Fault
from scenarios.faults.shared_cluster import SharedCluster

TREES = {"expansion": ROOT / "scenarios" / "trees" / "expansion", "musiccorp": EXAMPLE}
VARIANTS = 15
"""ApplicationSets of the tree; fewer would prove less than is promised."""
Object = dict[str, Any]
Key = tuple[str, str, str, str]
"""(group, kind, namespace, name)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """A tree as it was predicted and as it is on the cluster."""

    tree: Path
    outcome: Outcome
    kube: Kube
    bootstrap: tuple[Object, ...]
    predicted: Mapping[str, GeneratedApplication]
    problems: tuple[object, ...]

    @property
    def live(self) -> dict[str, Object]:
        """The Applications that Argo CD holds, by name."""
        found = self.kube.items(collection("Application", "argocd"))
        return {str(app["metadata"]["name"]): app for app in found}


@pytest.fixture(scope="module", params=list(TREES))
def deployed(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployed]:
    """Deploys one tree on a cluster of its own, and removes everything afterwards."""
    tree, before = TREES[str(request.param)], in_docker()
    place = tmp_path_factory.mktemp("expansion")
    bundle = str(request.config.getoption("--gitops-bundle"))
    line = CommandLine(place / "state", place / "report", bundle)
    cluster = SharedCluster(line, tree, place / "tree", place / "state")
    given = cluster.judge(Fault(name="expansion"))
    try:
        assert cluster.kube is not None, given.outcome.text[-3000:]
        yield _deployed(tree, given.outcome, cluster.kube)
    finally:
        line.run("down")
    assert in_docker() == before


def _deployed(tree: Path, outcome: Outcome, kube: Kube) -> Deployed:
    tools = Tools(kustomize=_kustomize(), runner=ProcessRunner())
    bootstrap = declare(tree, "dev", load_settings(tree), tools).bootstrap
    generated = generate(
        [(obj, "bootstrap") for obj in bootstrap],
        RepositoryTree(tree),
        Given(clusters=(), answers_every_url=True),
    )
    return Deployed(
        tree=tree,
        outcome=outcome,
        kube=kube,
        bootstrap=bootstrap,
        predicted={app.name: app for app in generated.applications},
        problems=generated.problems,
    )


def _kustomize() -> Path:
    found = find_kustomize(user_cache_path("gitops-harness"))
    assert found is not None, "kustomize is neither in the bundle cache nor on the PATH"
    return found


def test_every_application_is_synced(deployed: Deployed) -> None:
    """One of the trees holds ConfigMaps alone; a run without a workload ends after the sync."""
    assert " Applications synced at " in deployed.outcome.text, deployed.outcome.text[-3000:]
    assert {a["status"]["sync"]["status"] for a in deployed.live.values()} == {"Synced"}


def test_nothing_is_left_unresolved(deployed: Deployed) -> None:
    assert deployed.problems == ()
    assert deployed.predicted


def test_there_are_as_many_variants_as_promised(deployed: Deployed) -> None:
    sets = [obj for obj in deployed.bootstrap if obj.get("kind") == "ApplicationSet"]

    assert len(sets) >= (VARIANTS if deployed.tree == TREES["expansion"] else 1)


def test_the_same_applications_are_there(deployed: Deployed) -> None:
    assert sorted(deployed.live) == sorted(deployed.predicted)


def test_every_application_says_what_was_predicted(deployed: Deployed) -> None:
    live = deployed.live
    wrong = {
        name: difference
        for name, app in deployed.predicted.items()
        if name in live and (difference := _differences(app.object, live[name]))
    }

    assert wrong == {}


def test_every_application_belongs_to_the_set_that_was_predicted(deployed: Deployed) -> None:
    predicted = {name: app.set_name for name, app in deployed.predicted.items()}

    assert {name: _owner(app) for name, app in deployed.live.items()} == predicted


def test_every_manifest_is_the_predicted_one(deployed: Deployed) -> None:
    live = deployed.live
    wrong = {}
    for name, objects in _rendered(deployed).items():
        expected = {_key(obj) for obj in objects}
        found = _resources(live[name])
        if found != expected:
            wrong[name] = {"missing": expected - found, "unexpected": found - expected}

    assert wrong == {}


def test_every_config_map_holds_what_was_predicted(deployed: Deployed) -> None:
    compared = 0
    for name, objects in _rendered(deployed).items():
        for obj in (o for o in objects if o["kind"] == "ConfigMap"):
            meta = obj["metadata"]
            found = deployed.kube.find(
                f"{collection('ConfigMap', meta['namespace'])}/{meta['name']}"
            )
            assert found is not None, (name, meta)
            assert found.get("data") == obj.get("data"), (name, meta)
            compared += 1

    assert compared or deployed.tree != TREES["expansion"]


def _differences(predicted: Object, live: Object) -> list[str]:
    """Returns what the prediction and the live Application say differently."""
    found = []
    expected, seen = _plain(predicted["spec"]), _plain(live["spec"])
    found += [
        f"spec.{key}: predicted {expected.get(key)!r}, live {seen.get(key)!r}"
        for key in sorted({*expected, *seen})
        if expected.get(key) != seen.get(key)
    ]
    for part in ("labels", "annotations"):
        wanted = predicted["metadata"].get(part) or {}
        held = live["metadata"].get(part) or {}
        found += [
            f"metadata.{part}.{key}: predicted {value!r}, live {held.get(key)!r}"
            for key, value in wanted.items()
            if held.get(key) != value
        ]
    return found


def _plain(value: Any) -> Any:
    """Returns a spec without what is empty: the API server and Argo CD leave that out."""
    if isinstance(value, dict):
        made = {key: _plain(entry) for key, entry in value.items()}
        return {key: entry for key, entry in made.items() if entry not in (None, "", False, {}, [])}
    return [_plain(entry) for entry in value] if isinstance(value, list) else value


def _owner(app: Object) -> str:
    owners = app["metadata"].get("ownerReferences") or []
    return next((str(o["name"]) for o in owners if o["kind"] == "ApplicationSet"), "")


def _rendered(deployed: Deployed) -> dict[str, list[Object]]:
    """Returns the objects of each predicted Application, rendered as Argo CD would."""
    places = [
        (app, source)
        for app in deployed.predicted.values()
        for source in app.sources
        if source.path
    ]
    requests = [
        Request(
            path=source.folder,
            engine=Engine.ARGOCD,
            options=source.raw,
            name=app.name,
            namespace=app.namespace,
        )
        for app, source in places
    ]
    tools = RenderTools(runner=ProcessRunner(), kustomize=_kustomize())
    made: dict[str, list[Object]] = {name: [] for name in deployed.predicted}
    answers = render_roots(deployed.tree, requests, tools, cache=None)
    for (app, _), answer in zip(places, answers, strict=True):
        assert not answer.failure, (app.name, answer.failure)
        assert not answer.unjudged, (app.name, answer.unjudged)
        made[app.name] += [with_namespace(obj, app.namespace) for obj in answer.objects]
    return made


def _key(obj: Object) -> Key:
    group, _, version = str(obj["apiVersion"]).rpartition("/")
    assert version
    meta = obj["metadata"]
    return (group, str(obj["kind"]), str(meta.get("namespace") or ""), str(meta["name"]))


def _resources(app: Object) -> set[Key]:
    return {
        (
            str(entry.get("group") or ""),
            str(entry["kind"]),
            str(entry.get("namespace") or ""),
            str(entry["name"]),
        )
        for entry in (app.get("status") or {}).get("resources") or []
    }

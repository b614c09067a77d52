"""Stage "engine" on an existing cluster: the Argo CD that is there, or one installed on request.

An installation is made of Argo CD's own manifests, object by object, and only where none of these
objects exists: what is there belongs to somebody. Every object carries the labels of the run.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml

from harness.bundle.manifest import read_bundle
from harness.drift.api_resources import ApiResources
from harness.gitops.argocd_manifest import NAMESPACE, Loader, configured_manifest
from harness.health.judge import judge_workload
from harness.io.kube import Kube, KubeError
from harness.model.bundle import Bundle
from harness.model.errors import BundleError, ClusterError, EngineError
from harness.model.kinds import object_path
from harness.model.refs import ObjectRef
from harness.model.run import Health
from harness.stages.context import Context
from harness.stages.existing.argocd import find_argocd
from harness.stages.existing.connection import read_served
from harness.stages.existing.making import Maker
from harness.stages.existing.place import ArgoCd, Place
from harness.stages.existing.request import ExistingCluster
from harness.stages.stage import Voice
from harness.watch.readiness import WATCHED_KINDS, workload_judgement
from harness.watch.settle import settle
from harness.watch.view import ClusterView

Object = dict[str, Any]
CRD_SECONDS = 60.0
LOOK_SECONDS = 0.5
WORKLOAD_KINDS = frozenset({"Deployment", "StatefulSet"})


def engine(context: Context, voice: Voice, asked: ExistingCluster, place: Place) -> str:
    """Finds Argo CD; installs it where there is none and that was asked for.

    Raises:
        EngineError: There is none, or its installation does not come up.
    """
    kube = context.kube.get()
    expected = [a.application.name for a in context.declaration.get().applications]
    try:
        found = find_argocd(kube, expected)
    except KubeError as error:
        raise _unreadable(error) from error
    if found is None and not asked.install_engine:
        raise _absent(asked)
    if found is None:
        found = _install(context, voice, place)
    elif asked.install_engine:
        context.run.notes.append(f"Argo CD was there already, in {found.namespace}: left as it is")
    place.engine.put(found)
    context.run.facts["Argo CD"] = f"{found.version or 'version not told'} in {found.namespace}"
    late = _not_ready(context, found)
    context.run.notes += [f"Argo CD is not whole: {each}" for each in late]
    word = "installed" if found.installed_here else "found"
    return f"Argo CD {found.version or '(version not told)'} {word} in {found.namespace}" + (
        f"; not ready: {', '.join(late)}" if late else ""
    )


def _unreadable(error: KubeError) -> ClusterError:
    return ClusterError(
        attempted="Looking for",
        subject="Argo CD",
        seen=str(error),
        expected="an API server that says what it serves",
        next_step="kubectl api-resources",
    )


def _absent(asked: ExistingCluster) -> EngineError:
    return EngineError(
        attempted="Looking for",
        subject=f"Argo CD in {asked.context}",
        seen="the API server serves no Applications (argoproj.io/v1alpha1)",
        expected="the Argo CD that deploys this repository",
        next_step="--install-engine, or harness diagnose, which needs no Argo CD",
    )


def _not_ready(context: Context, found: ArgoCd) -> list[str]:
    now, kube, late = context.clock.now().timestamp(), context.kube.get(), []
    for ref in found.workloads:
        try:
            live = kube.find(object_path(ref))
        except KubeError:
            continue
        status = judge_workload({**live, "kind": ref.kind} if live else None, ref, (), now=now)
        if status.health is not Health.READY:
            late.append(f"{ref.name} ({status.message})")
    return late


def _install(context: Context, voice: Voice, place: Place) -> ArgoCd:
    bundle = newest_bundle(context)
    voice.say(f"installing Argo CD {bundle.argocd_version}")
    objects = manifest_objects(bundle.argocd_manifest.read_text(encoding="utf-8"))
    maker = Maker.of(context)
    _none_exists(maker, objects, place.resources.get())
    maker.namespace(NAMESPACE)
    for obj in objects:
        maker.create(obj, place.resources.get())
    _served(context)
    read_served(context, place)
    refs = tuple(ObjectRef.of(o) for o in objects if o.get("kind") in WORKLOAD_KINDS)
    _settled(context, voice, refs, bundle.argocd_version)
    return ArgoCd(
        namespace=NAMESPACE, version=bundle.argocd_version, workloads=refs, installed_here=True
    )


def newest_bundle(context: Context) -> Bundle:
    """Returns the newest bundle of the cache, for Argo CD's manifests.

    Raises:
        BundleError: There is none.
    """
    found = sorted(
        (context.options.cache / "bundles").glob("*/bundle.json"), key=lambda p: -p.stat().st_mtime
    )
    if not found:
        raise BundleError(
            attempted="Looking for the manifests of Argo CD in",
            subject=str(context.options.cache),
            seen="there is no bundle",
            expected="a bundle: it holds them",
            next_step="harness bundle pull, or harness bundle build",
        )
    return read_bundle(found[0])


def manifest_objects(text: str) -> tuple[Object, ...]:
    """Returns Argo CD's objects with their namespace, the definitions first."""
    objects = [o for o in yaml.load_all(configured_manifest(text, {}), Loader=Loader) if o]
    for obj in objects:
        if not str(obj["kind"]).startswith(("Cluster", "CustomResource")):
            obj["metadata"].setdefault("namespace", NAMESPACE)
    return tuple(sorted(objects, key=lambda o: o["kind"] != "CustomResourceDefinition"))


def _none_exists(maker: Maker, objects: Sequence[Object], resources: ApiResources) -> None:
    there = maker.existing(objects, resources)
    if there:
        raise EngineError(
            attempted="Installing",
            subject="Argo CD",
            seen=f"{len(there)} of its objects exist already: {', '.join(map(str, there[:4]))}",
            expected="none of them: what is there is not ours to change or to remove",
            next_step="remove what an earlier installation left, or finish that installation",
        )


def _served(context: Context) -> None:
    clock, kube = context.clock, context.kube.get()
    deadline = clock.monotonic() + CRD_SECONDS
    for kind in ("applications", "applicationsets", "appprojects"):
        while not _answers(kube, kind):
            if clock.monotonic() > deadline or context.stopped.is_set():
                raise EngineError(
                    attempted="Waiting for",
                    subject=f"the API of {kind}.argoproj.io",
                    seen=f"it is not served after {CRD_SECONDS:.0f} s",
                    expected="Argo CD's definitions to be served",
                    next_step=f"kubectl get crd {kind}.argoproj.io",
                )
            clock.sleep(LOOK_SECONDS)


def _answers(kube: Kube, plural: str) -> bool:
    try:
        kube.get(f"/apis/argoproj.io/v1alpha1/{plural}", limit="1")
    except KubeError:
        return False
    return True


def _settled(context: Context, voice: Voice, refs: Sequence[ObjectRef], version: str) -> None:
    limit = context.settings.deadlines.engine
    with ClusterView(context.kube.get(), [(k, NAMESPACE) for k in WATCHED_KINDS]) as view:
        ended = settle(
            view,
            workload_judgement(refs, context.clock),
            clock=context.clock,
            deadline_seconds=limit,
            on_change=lambda s: voice.say(s.count),
            cancelled=context.stopped,
        )
    if not ended.ok:
        raise EngineError(
            attempted="Waiting for",
            subject=f"Argo CD {version}",
            seen=ended.standing.line,
            expected=f"its workloads ready within {limit:.0f} s",
            next_step="read argocd/ in the evidence folder",
        )

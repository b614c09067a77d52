"""Stage "provide": what a run makes on request, before it looks whether everything is synced.

With `--apply` the bootstrap of an environment that is deployed nowhere in the cluster; with
`--make-secrets` the secrets that are referred to and neither declared nor there. Nothing is made
next to what others have: a namespace that exists already could not be cleared of ours alone.
"""

from __future__ import annotations

import secrets as random_source
from collections.abc import Iterable
from typing import Any

from harness.gitops.argocd_manifest import default_project, uses_default_project
from harness.io.kube import Kube, KubeError
from harness.model.errors import ClusterError, EngineError, SecretError
from harness.model.kinds import object_path
from harness.model.refs import ObjectRef
from harness.model.repository import SecretUse
from harness.model.secret import Secret
from harness.secrets.plan import (
    PlannedSecret,
    RegistryLogin,
    SecretSources,
    plan_secrets,
    secret_object,
)
from harness.stages.context import Context
from harness.stages.existing.argocd import applications
from harness.stages.existing.making import Maker
from harness.stages.existing.place import Place
from harness.stages.existing.request import ExistingCluster, labels
from harness.stages.stage import Voice

Object = dict[str, Any]
BOOTSTRAP_KINDS = frozenset({"AppProject", "Application", "ApplicationSet"})


def provide(context: Context, voice: Voice, asked: ExistingCluster, place: Place) -> str:
    """Makes namespaces, secrets and the bootstrap, as far as that was asked for.

    Raises:
        EngineError: The environment cannot be applied here without touching what others made.
        SecretError: A secret cannot be made up.
        ClusterError: The API server refuses.
    """
    said = []
    applies = asked.apply and not _is_deployed(context)
    if asked.apply and not applies:
        context.run.notes.append("the environment is deployed already: nothing was applied")
    wanted = secrets_to_make(context) if asked.make_secrets else ()
    bootstrap = _bootstrap(context, place) if applies else ()
    if applies:
        voice.say("making the namespaces")
        said.append(_make_namespaces(context, place, bootstrap))
    if asked.make_secrets:
        said.append(_make_secrets(context, wanted, place))
    for obj in bootstrap:
        Maker.of(context).create(obj, place.resources.get())
    if bootstrap:
        said.append(f"applied {', '.join(str(ObjectRef.of(o)) for o in bootstrap)}")
    return "; ".join(said) or "nothing to make"


def _is_deployed(context: Context) -> bool:
    expected = {a.application.name for a in context.declaration.get().applications}
    live = applications(context.kube.get(), "")
    if live is None:
        raise EngineError(
            attempted="Applying",
            subject=f"the bootstrap of {context.options.environment}",
            seen="the Applications of this cluster may not be listed",
            expected="to know that none of the environment is deployed",
            next_step="kubectl auth can-i list applications.argoproj.io --all-namespaces",
        )
    return any(str(a["metadata"]["name"]) in expected for a in live)


def _bootstrap(context: Context, place: Place) -> tuple[Object, ...]:
    declaration, home = context.declaration.get(), place.engine.get().namespace
    if declaration.generated_bootstrap:
        raise _refused(
            context,
            "the repository declares no Application",
            "an ApplicationSet or Application whose repository this Argo CD can reach",
            "declare one, see docs/existing-cluster.md",
        )
    objects = [_placed(context, obj, home) for obj in declaration.bootstrap]
    objects.sort(key=lambda o: o.get("kind") != "AppProject")
    resources, maker = place.resources.get(), Maker.of(context)
    project = {**default_project(), "metadata": {"name": "default", "namespace": home}}
    if uses_default_project(objects) and not maker.existing([project], resources):
        objects.insert(0, project)
    there = maker.existing(objects, resources)
    if there:
        raise _refused(
            context,
            f"{', '.join(map(str, there))} exists, and none of its Applications does",
            "none of these objects: what is there is not ours to change",
            f"kubectl -n {there[0].namespace} describe {there[0].kind.lower()} {there[0].name}",
        )
    return tuple(objects)


def _placed(context: Context, obj: Object, home: str) -> Object:
    """Returns a bootstrap object in Argo CD's namespace."""
    meta = obj.get("metadata") or {}
    kind, namespace = str(obj.get("kind")), str(meta.get("namespace") or home)
    if kind not in BOOTSTRAP_KINDS:
        raise _refused(
            context,
            f"its bootstrap holds {ObjectRef.of(obj)}",
            "AppProjects, Applications and ApplicationSets alone",
            "apply it yourself, then run without --apply",
        )
    if namespace != home:
        raise _refused(
            context,
            f"{ObjectRef.of(obj)} belongs to {namespace}, and Argo CD runs in {home}",
            f"namespace {home}",
            "correct the bootstrap",
        )
    return {**obj, "metadata": {**meta, "namespace": home}}


def _make_namespaces(context: Context, place: Place, bootstrap: Iterable[Object]) -> str:
    declaration, kube = context.declaration.get(), context.kube.get()
    there = [n for n in declaration.namespaces if _find(kube, f"/api/v1/namespaces/{n}")]
    if there:
        raise _refused(
            context,
            f"namespace {', '.join(there)} exists already",
            "namespaces that are not there yet: in another one, ours could not be told from yours",
            f"kubectl delete namespace {there[0]}, or deploy it as you do and run without --apply",
        )
    _nothing_cluster_wide_exists(context, place)
    made = [n for n in declaration.namespaces if Maker.of(context).namespace(n)]
    return f"made namespace {', '.join(made)}" if list(bootstrap) else ""


def _nothing_cluster_wide_exists(context: Context, place: Place) -> None:
    resources = place.resources.get()
    objects = [o for a in context.declaration.get().applications for o in a.objects]
    wide = [o for o in objects if _is_wide(o, place) and o.get("kind") != "Namespace"]
    there = Maker.of(context).existing(wide, resources)
    if there:
        raise _refused(
            context,
            f"{', '.join(map(str, there[:4]))} exists already",
            "nothing of these names: Argo CD would take it over and its removal would delete it",
            "deploy it as you do, then run without --apply",
        )


def _is_wide(obj: Object, place: Place) -> bool:
    resource = place.resources.get().find(str(obj.get("apiVersion")), str(obj.get("kind")))
    return resource is not None and not resource.namespaced


def _find(kube: Kube, path: str) -> Object | None:
    try:
        return kube.find(path)
    except KubeError as error:
        raise ClusterError(
            attempted="Reading",
            subject=path,
            seen=str(error),
            expected="to know what is there before anything is made; nothing was made",
            next_step="kubectl auth can-i --list",
        ) from error


def _refused(context: Context, seen: str, expected: str, next_step: str) -> EngineError:
    return EngineError(
        attempted="Applying",
        subject=f"the bootstrap of {context.options.environment}",
        seen=seen,
        expected=expected,
        next_step=next_step,
    )


def secrets_to_make(context: Context) -> tuple[PlannedSecret, ...]:
    """Returns the secrets that are referred to, declared nowhere and not in the cluster.

    Raises:
        SecretError: One cannot be made up.
        ClusterError: Whether one exists may not be read.
    """
    kube = context.kube.get()
    missing = [
        use
        for use in context.declaration.get().secrets
        if not _find(kube, object_path(ObjectRef("Secret", use.namespace, use.name)))
    ]
    for use in missing:
        _can_be_made_up(context, use)
    sources = SecretSources(
        settings=context.settings.secrets,
        environment=context.options.environment_variables,
        login=RegistryLogin(username="", password=Secret("")),  # never used: asked above
        generate=lambda: random_source.token_urlsafe(18),
    )
    return plan_secrets(missing, sources)


def _can_be_made_up(context: Context, use: SecretUse) -> None:
    settings = context.settings.secrets.get(use.name)
    is_told = settings is not None and settings.namespace in {"", use.namespace}
    if not use.is_pull_secret or is_told:
        return
    raise SecretError(
        attempted="Making",
        subject=f"the pull secret {use.namespace}/{use.name}",
        seen="the credentials of a real registry cannot be invented",
        expected="its content in harness.toml, for example from an environment variable",
        next_step=f'add [secrets.{use.name}] type = "kubernetes.io/dockerconfigjson" and '
        f'data = {{".dockerconfigjson" = "env:PULL_SECRET"}}',
    )


def _make_secrets(context: Context, planned: Iterable[PlannedSecret], place: Place) -> str:
    listed = tuple(planned)
    context.secrets += [value for p in listed for value in p.sensitive]
    maker, kube = Maker.of(context), context.kube.get()
    for each in listed:
        if _find(kube, f"/api/v1/namespaces/{each.namespace}") is None:
            raise SecretError(
                attempted="Making",
                subject=f"Secret {each.namespace}/{each.name}",
                seen=f"there is no namespace {each.namespace}",
                expected="the namespace of the environment",
                next_step="--apply, which makes it",
            )
        maker.create(secret_object(each, labels(context.run_id)), place.resources.get())
    context.run.notes += [
        f"Secret {p.namespace}/{p.name} was made by this run ({p.origin}); the repository refers "
        "to it and does not declare it"
        for p in listed
    ]
    return f"made {len(listed)} secrets" if listed else "no secret was missing"

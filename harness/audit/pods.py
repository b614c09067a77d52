"""The pods that any object describes, read tolerantly: specification, containers, references. Pure.

Besides the workloads of `harness.manifests.pods` it knows kinds of operators that hold a complete
pod template (Argo Rollout, Knative Service, KEDA ScaledJob, DeploymentConfig, OpenKruise).
Odd input (a list where a mapping should be) reads as empty. Paths of fields are those of findings.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from harness.audit.reading import at, entries, group_of, mapping, named, text, text_at

Object = dict[str, Any]
Spec = Mapping[str, Any]
_TEMPLATE = ("spec", "template", "spec")
_BUILT_IN = {
    "Pod": ("spec",),
    "CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
    "Deployment": _TEMPLATE,
    "StatefulSet": _TEMPLATE,
    "DaemonSet": _TEMPLATE,
    "Job": _TEMPLATE,
    "ReplicaSet": _TEMPLATE,
    "ReplicationController": _TEMPLATE,
}
_CUSTOM = {
    ("Rollout", "argoproj.io"): _TEMPLATE,
    ("DeploymentConfig", "apps.openshift.io"): _TEMPLATE,
    ("Service", "serving.knative.dev"): _TEMPLATE,
    ("CloneSet", "apps.kruise.io"): _TEMPLATE,
    ("StatefulSet", "apps.kruise.io"): _TEMPLATE,
    ("DaemonSet", "apps.kruise.io"): _TEMPLATE,
    ("ScaledJob", "keda.sh"): ("spec", "jobTargetRef", "template", "spec"),
}
_KINDS = frozenset(_BUILT_IN) | {kind for kind, _ in _CUSTOM}
_GROUPS = frozenset({"", "apps", "batch", "extensions"})


class Use(StrEnum):
    """How a pod uses a Secret or ConfigMap."""

    ENV = "env"
    ENV_FROM = "envFrom"
    VOLUME = "volume"


@dataclass(frozen=True, slots=True, kw_only=True)
class PodReference:
    """One reference from a pod specification to a Secret or ConfigMap."""

    kind: str
    name: str
    use: Use
    key: str = ""
    """Empty for the whole object."""
    optional: bool = False
    container: str = ""
    """Empty for volumes."""
    variable: str = ""
    """The environment variable that takes the key."""
    field: str
    """Dotted path of the scalar that names the object, below the pod specification."""
    key_field: str = ""
    """Dotted path of the scalar that names the key."""


def pod_path(obj: Any) -> tuple[str, ...]:
    """Returns where an object holds a pod specification; empty where it holds none."""
    kind = text(mapping(obj).get("kind"))
    if kind not in _KINDS:
        return ()
    group = group_of(obj)
    custom = _CUSTOM.get((kind, group))
    return custom or (_BUILT_IN.get(kind, ()) if group in _GROUPS else ())


def pod_spec(obj: Any) -> Spec | None:
    """Returns the pod specification inside an object, or None where it describes no pods."""
    path = pod_path(obj)
    found = at(obj, *path) if path else None
    return found if isinstance(found, dict) else None


def prefix(obj: Any) -> str:
    """Returns the dotted path of the pod specification inside an object."""
    return ".".join(pod_path(obj))


def containers(spec: Spec) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yields each container with its path below the pod specification, init containers first."""
    for group in ("initContainers", "containers"):
        for name, container in named(spec.get(group)):
            yield f"{group}[{name}]", container


def volumes(spec: Spec) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yields the name of each volume with its content."""
    yield from named(spec.get("volumes"))


def claim_templates(obj: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yields the name of each claim template of a StatefulSet or CloneSet with the template."""
    if text(mapping(obj).get("kind")) in {"StatefulSet", "CloneSet"}:
        for template in entries(at(obj, "spec", "volumeClaimTemplates")):
            yield text_at(template, "metadata", "name"), template


def references(spec: Spec, *, replaced: frozenset[str] = frozenset()) -> Iterator[PodReference]:
    """Yields every reference of a pod specification to Secrets and ConfigMaps.

    Volumes named in `replaced` are left out: a claim template of that name takes their place.
    """
    for place, container in containers(spec):
        yield from _of_env(place, container)
        yield from _of_env_from(place, container)
    for name, volume in volumes(spec):
        if name not in replaced:
            yield from _of_volume(f"volumes[{name}]", volume)


def _of_env(place: str, container: Mapping[str, Any]) -> Iterator[PodReference]:
    for variable, entry in named(container.get("env")):
        for field, kind in (("secretKeyRef", "Secret"), ("configMapKeyRef", "ConfigMap")):
            ref = at(entry, "valueFrom", field)
            if isinstance(ref, dict):
                path = f"{place}.env[{variable}].valueFrom.{field}"
                yield PodReference(
                    kind=kind,
                    name=text(ref.get("name")),
                    use=Use.ENV,
                    key=text(ref.get("key")),
                    optional=bool(ref.get("optional")),
                    container=place,
                    variable=variable,
                    field=f"{path}.name",
                    key_field=f"{path}.key",
                )


def _of_env_from(place: str, container: Mapping[str, Any]) -> Iterator[PodReference]:
    for position, entry in enumerate(entries(container.get("envFrom"))):
        for field, kind in (("secretRef", "Secret"), ("configMapRef", "ConfigMap")):
            ref = entry.get(field)
            if isinstance(ref, dict):
                yield PodReference(
                    kind=kind,
                    name=text(ref.get("name")),
                    use=Use.ENV_FROM,
                    optional=bool(ref.get("optional")),
                    container=place,
                    field=f"{place}.envFrom[{position}].{field}.name",
                )


def _of_volume(place: str, volume: Mapping[str, Any]) -> Iterator[PodReference]:
    yield from _of_source("Secret", volume.get("secret"), f"{place}.secret", "secretName")
    yield from _of_source("ConfigMap", volume.get("configMap"), f"{place}.configMap", "name")
    for position, source in enumerate(entries(at(volume, "projected", "sources"))):
        path = f"{place}.projected.sources[{position}]"
        yield from _of_source("Secret", source.get("secret"), f"{path}.secret", "name")
        yield from _of_source("ConfigMap", source.get("configMap"), f"{path}.configMap", "name")
    for steps, field in _CREDENTIALS:
        found = mapping(at(volume, *steps))
        yield from _of_source("Secret", found, ".".join((place, *steps)), field)


_CREDENTIALS: tuple[tuple[tuple[str, ...], str], ...] = (
    (("csi", "nodePublishSecretRef"), "name"),
    (("azureFile",), "secretName"),
    (("flexVolume", "secretRef"), "name"),
    (("iscsi", "secretRef"), "name"),
    (("rbd", "secretRef"), "name"),
    (("cephfs", "secretRef"), "name"),
)


def _of_source(kind: str, source: Any, path: str, field: str) -> Iterator[PodReference]:
    found = mapping(source)
    name, optional = text(found.get(field)), bool(found.get("optional"))
    if not name:
        return
    keys = [text(item.get("key")) for item in entries(found.get("items"))]
    for position, key in enumerate(keys or [""]):
        yield PodReference(
            kind=kind,
            name=name,
            use=Use.VOLUME,
            key=key,
            optional=optional,
            field=f"{path}.{field}",
            key_field=f"{path}.items[{position}].key" if key else "",
        )

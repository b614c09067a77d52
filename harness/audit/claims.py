"""Every claim specification of a scope, wherever it stands. Pure.

Claims, templates of StatefulSets, ephemeral volumes, and the ones inside of custom resources.
The class is the beta annotation's, else `storageClassName`: absent means the cluster's default
class, an empty text means a volume made by hand (API reference, PersistentVolumeClaimSpec).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.audit.api_groups import is_custom, is_of
from harness.audit.pods import claim_templates, pod_spec, prefix, volumes
from harness.audit.reading import at, items, mapping, metadata, text, texts
from harness.audit.scope import Declared, Scope

OLD_CLASS = "volume.beta.kubernetes.io/storage-class"
DEFAULT_MARKS = (
    "storageclass.kubernetes.io/is-default-class",
    "storageclass.beta.kubernetes.io/is-default-class",
)
_DEEPEST = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimSpec:
    """One claim specification."""

    holder: Declared
    """The object that holds it: the claim itself, a workload, a custom resource."""
    spec: Mapping[str, Any]
    path: str
    """Dotted path of the specification in the holder."""
    metadata: Mapping[str, Any]
    is_claim: bool = False
    """Whether the holder is the claim."""

    @property
    def class_field(self) -> str:
        """The dotted path of the class in the holder."""
        if OLD_CLASS in mapping(self.metadata.get("annotations")):
            return f"{self.path.removesuffix('spec')}metadata.annotations[{OLD_CLASS}]"
        return f"{self.path}.storageClassName"

    @property
    def wish(self) -> str | None:
        """The class it asks for; empty for none at all, None for the default."""
        old = mapping(self.metadata.get("annotations")).get(OLD_CLASS)
        found = old if old is not None else self.spec.get("storageClassName")
        return None if found is None else text(found)

    @property
    def volume(self) -> str:
        """The PersistentVolume it names itself."""
        return text(self.spec.get("volumeName"))

    @property
    def modes(self) -> frozenset[str]:
        """The access modes it asks for."""
        return frozenset(texts(self.spec.get("accessModes")))

    @property
    def request(self) -> Any:
        """The size it asks for, as written."""
        return at(self.spec, "resources", "requests", "storage")

    @property
    def volume_mode(self) -> str:
        """`Filesystem` or `Block`."""
        return text(self.spec.get("volumeMode")) or "Filesystem"


def claim_specs(scope: Scope) -> tuple[ClaimSpec, ...]:
    """Returns every claim specification of a scope."""
    found: tuple[ClaimSpec, ...] = scope.memo(
        "claim specifications",
        lambda: tuple(claim for declared in scope.declared for claim in _of_object(declared)),
    )
    return found


def _of_object(declared: Declared) -> Iterator[ClaimSpec]:
    obj = declared.object
    if is_of(obj, "", "PersistentVolumeClaim"):
        spec, meta = mapping(obj.get("spec")), metadata(obj)
        yield ClaimSpec(holder=declared, spec=spec, path="spec", metadata=meta, is_claim=True)
        return
    for name, template in claim_templates(obj):
        path = f"spec.volumeClaimTemplates[{name}].spec"
        yield _template(declared, template, path)
    pod = pod_spec(obj)
    for name, volume in volumes(pod) if pod is not None else ():
        template = at(volume, "ephemeral", "volumeClaimTemplate")
        if isinstance(template, dict):
            path = f"{prefix(obj)}.volumes[{name}].ephemeral.volumeClaimTemplate.spec"
            yield _template(declared, template, path)
    if is_custom(obj) and pod is None:
        for path, spec in _inside(obj.get("spec"), "spec", 0):
            yield ClaimSpec(holder=declared, spec=spec, path=path, metadata={})


def _template(declared: Declared, template: Mapping[str, Any], path: str) -> ClaimSpec:
    return ClaimSpec(
        holder=declared,
        spec=mapping(template.get("spec")),
        path=path,
        metadata=mapping(template.get("metadata")),
    )


def _inside(value: Any, path: str, depth: int) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yields what looks like a claim specification in a custom resource."""
    if depth > _DEEPEST:
        return
    for position, item in enumerate(items(value)):
        yield from _inside(item, f"{path}[{position}]", depth + 1)
    found = mapping(value)
    if "storageClassName" in found and ("resources" in found or "accessModes" in found):
        yield path, found
        return
    for key, inner in found.items():
        if isinstance(inner, dict | list):
            yield from _inside(inner, f"{path}.{key}", depth + 1)

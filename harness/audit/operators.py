"""Whether an operator or a program may make an object that no table knows of. Pure.

Hints, each enough for silence: a custom resource of which the object bears the name (`orders` and
`orders-credentials`), a custom resource of an unknown group or a command line that mentions the
name, a package manager at work in the namespace, a Role that lets somebody write an object of that
name, and an account of the namespace that may create any (operators make their own certificates).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from harness.audit.api_groups import may_make_by_name
from harness.audit.creators import creators
from harness.audit.pods import containers, pod_spec
from harness.audit.reading import entries, group_of, items, mapping, metadata, text, text_at, texts
from harness.model.refs import ObjectRef

Object = dict[str, Any]
MAKEABLE = frozenset(
    {"ConfigMap", "PersistentVolumeClaim", "Role", "Secret", "Service", "ServiceAccount"}
)
MENTIONABLE = frozenset({"ConfigMap", "PersistentVolumeClaim", "Secret"})
"""Of other kinds, Services above all, a mention is a use and no sign of a maker."""
PACKAGES = frozenset({
    ("helm.toolkit.fluxcd.io", "HelmRelease"), ("helm.cattle.io", "HelmChart"),
    ("helm.crossplane.io", "Release"), ("kappctrl.k14s.io", "App"),
    ("packaging.carvel.dev", "PackageInstall"), ("operators.coreos.com", "Subscription"),
    ("kfdef.apps.kubeflow.org", "KfDef"),
    ("datasciencecluster.opendatahub.io", "DataScienceCluster"),
})  # fmt: skip
_WORD = re.compile(r"[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?")
_SEPARATOR = re.compile(r"[^a-z0-9]+")
_WRITES = frozenset({"create", "patch", "update", "*"})
_PLURALS = {"secrets": "Secret", "configmaps": "ConfigMap"}
_DEEPEST = 12
_LONGEST = 20_000
"""Characters of one command line that are looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operators:
    """Names that may belong to objects made at run time."""

    families: frozenset[tuple[str, str]]
    """Namespace and name of custom resources whose operator may make objects."""
    mentions: frozenset[tuple[str, str]]
    """Namespace and words of custom resources' specs and of command lines."""
    written: frozenset[tuple[str, str, str]]
    """Kind, namespace and name that a Role lets somebody write."""
    managed: frozenset[str]
    """Namespaces in which a package manager installs what it likes."""
    creators: frozenset[tuple[str, str]]
    """Kind, and namespace of accounts that may create any object of it there."""

    @classmethod
    def of(cls, objects: Iterable[Object]) -> Operators:
        """Returns the hints of some objects."""
        listed = tuple(objects)
        made = [obj for obj in listed if may_make_by_name(obj)]
        return cls(
            families=frozenset((_space(o), text(metadata(o).get("name"))) for o in made),
            mentions=frozenset((_space(o), word) for o in listed for word in _words_of(o)),
            written=frozenset(found for o in listed for found in _written(o)),
            managed=frozenset(space for o in listed for space in _managed(o)),
            creators=creators(listed),
        )

    def may_make(self, ref: ObjectRef) -> bool:
        """Tells whether the object may be made by somebody at run time."""
        if ref.kind not in MAKEABLE:
            return False
        spaces = {"", ref.namespace} if ref.namespace else None
        if any(
            (spaces is None or space in spaces) and _bears(ref.name, name)
            for space, name in self.families
        ):
            return True
        if (ref.kind, ref.namespace) in self.creators or ref.namespace in self.managed:
            return True
        return self._is_mentioned(ref, spaces) or self.is_written(ref)

    def is_written(self, ref: ObjectRef) -> bool:
        """Tells whether a Role lets somebody write an object of that name."""
        return any(
            (kind, name) == (ref.kind, ref.name)
            and (not space or not ref.namespace or space == ref.namespace)
            for kind, space, name in self.written
        )

    def _is_mentioned(self, ref: ObjectRef, spaces: set[str] | None) -> bool:
        if ref.kind not in MENTIONABLE:
            return False
        if spaces is None:
            return any(word == ref.name for _, word in self.mentions)
        return any((space, ref.name) in self.mentions for space in spaces)


def _bears(name: str, family: str) -> bool:
    """Tells whether a name holds the words of another one, e.g. `a-orders-db` those of `orders`."""
    words = _SEPARATOR.sub("-", name.lower())
    return len(family) > 1 and f"-{_SEPARATOR.sub('-', family.lower())}-" in f"-{words}-"


def _words_of(obj: Object) -> Iterator[str]:
    if may_make_by_name(obj):
        yield from _scalars(obj.get("spec"), 0)
    spec = pod_spec(obj)
    for _, container in containers(spec) if spec is not None else ():
        for line in (*texts(container.get("args")), *texts(container.get("command"))):
            yield from _WORD.findall(line[:_LONGEST])


def _scalars(value: Any, depth: int) -> Iterator[str]:
    if depth > _DEEPEST:
        return
    if isinstance(value, str):
        if len(value) <= 253:
            yield value
        return
    for inner in (*items(value), *mapping(value).values()):
        yield from _scalars(inner, depth + 1)


def _managed(obj: Object) -> Iterator[str]:
    """Yields the namespace into which an object has something unknown installed."""
    if (group_of(obj), text(obj.get("kind"))) in PACKAGES:
        spec = mapping(obj.get("spec"))
        yield (
            text(spec.get("targetNamespace"))
            or text_at(spec, "forProvider", "namespace")
            or _space(obj)
        )


def _written(obj: Object) -> Iterator[tuple[str, str, str]]:
    if group_of(obj) != "rbac.authorization.k8s.io":
        return
    for rule in entries(obj.get("rules")):
        if not _WRITES & set(texts(rule.get("verbs"))):
            continue
        for plural in texts(rule.get("resources")):
            for name in texts(rule.get("resourceNames")):
                yield _PLURALS.get(plural, ""), _space(obj), name


def _space(obj: Object) -> str:
    return text(metadata(obj).get("namespace"))

"""Reads what lives in place of the declared objects, and rehearses the declaration on it.

The rehearsal is a server-side apply with `dryRun=All`: the API server merges, defaults and admits
as for a real one and stores nothing. That is checked before any declared field is sent: the first
object of each API group gets a harmless annotation by dry run, and everything ends if it is found
stored. Nothing is judged here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from harness.drift.api_resources import ApiResources, Resource, group_of
from harness.drift.applied_form import applied_form, last_applied
from harness.drift.leftovers import hands, undeclared, updating_appliers
from harness.drift.ownership import applying_manager, owners
from harness.io.kube import KubeError
from harness.model.errors import ClusterError
from harness.model.refs import ObjectRef

Object = dict[str, Any]
MANAGER = "gitops-harness-drift"
"""In whose name is rehearsed where nobody applies server-side."""
TRIES = 4
"""An object may change between reading and rehearsing; then both are done again."""
FRESH_NAME = "drift-"
PROBE = "gitops-harness/dry-run"
"""Annotation of the first rehearsal in a group; it must never be found stored."""
EXTENSION = "an extension API server keeps such objects, and it need not honour a dry run"
LONGEST_REASON = 240


class LiveApi(Protocol):
    """What finding the gap needs of the API; none of it writes."""

    def get(self, path: str, **query: str) -> Object:
        """Returns the object or list at a path."""

    def find(self, path: str) -> Object | None:
        """Returns the object at a path, or None where there is none."""

    def items(self, path: str, **query: str) -> list[Object]:
        """Returns the items of a list."""

    def rehearse(self, path: str, body: Mapping[str, Any], *, manager: str) -> Object:
        """Returns what applying an object server-side would make of it."""

    def rehearse_creation(self, path: str, body: Mapping[str, Any]) -> Object:
        """Returns what creating an object would make of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One declared object and where it belongs."""

    ref: ObjectRef
    group: str
    object: Object
    """As it is applied."""
    application: str
    folder: str
    """Of the repository; empty for the bootstrap."""

    @property
    def identity(self) -> tuple[str, str, str, str]:
        """Group, kind, namespace and name."""
        return self.group, self.ref.kind, self.ref.namespace, self.ref.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What was found in place of one declared object."""

    asked: Asked
    live: Object | None = None
    rehearsed: Object | None = None
    """The live object as a dry run would leave it; None where there was none."""
    fresh: Object | None = None
    """What the declaration alone comes to; only where it was needed and could be asked."""
    refusal: str = ""
    """Why there was no dry run."""
    unread: str = ""
    """Why it is not known what lives; empty where it is."""


def asked(obj: Object, application: str, folder: str) -> Asked:
    """Returns a declared object as it is asked about."""
    return Asked(
        ref=ObjectRef.of(obj),
        group=group_of(str(obj.get("apiVersion") or "")),
        object=applied_form(obj),
        application=application,
        folder=folder,
    )


def placed(declared: Asked, resources: ApiResources) -> Asked:
    """Returns a declared object without its namespace where its kind lives in none."""
    resource = _resource(declared, resources)
    if resource is None or resource.namespaced or not declared.ref.namespace:
        return declared
    meta = {k: v for k, v in declared.object["metadata"].items() if k != "namespace"}
    ref = replace(declared.ref, namespace="")
    return replace(declared, ref=ref, object={**declared.object, "metadata": meta})


def read_live(kube: LiveApi, declared: Asked, resources: ApiResources) -> Reading:
    """Returns what lives in place of a declared object, without a rehearsal."""
    resource = _resource(declared, resources)
    if resource is None:
        return Reading(asked=declared, unread=_unserved(declared, resources))
    if resource.namespaced and not declared.ref.namespace:
        return Reading(asked=declared, unread="neither it nor its Application names a namespace")
    try:
        live = kube.find(resource.path(declared.ref.namespace, declared.ref.name))
    except KubeError as error:
        return Reading(asked=declared, unread=_reason(error, declared.ref))
    if live is None:
        return Reading(asked=declared)
    refusal = "" if resources.may_rehearse(declared.group) else EXTENSION
    return Reading(asked=declared, live=_named(live, declared), refusal=refusal)


def _unserved(declared: Asked, resources: ApiResources) -> str:
    """Returns why nothing is known of an object whose kind is not served in its version.

    Nothing where the kind is served in no version: then the object cannot be there.
    """
    version = declared.object.get("apiVersion")
    if declared.group in resources.silent:
        return f"{version} does not answer"
    others = resources.versions(declared.group, declared.ref.kind)
    return f"{version} is not served, but {', '.join(others)}" if others else ""


def _resource(declared: Asked, resources: ApiResources) -> Resource | None:
    return resources.find(str(declared.object.get("apiVersion") or ""), declared.ref.kind)


def check_dry_run(kube: LiveApi, reading: Reading, resources: ApiResources) -> None:
    """Makes sure, by a harmless annotation, that dry runs of a group are honoured.

    Raises:
        ClusterError: The API server has stored the annotation.
    """
    resource, live = _resource(reading.asked, resources), reading.live
    if resource is None or live is None:
        return
    ref = reading.asked.ref
    path = resource.path(ref.namespace, ref.name)
    meta = {k: v for k, v in live["metadata"].items() if k in {"name", "namespace"}}
    body = {
        "apiVersion": live["apiVersion"],
        "kind": live["kind"],
        "metadata": {**meta, "annotations": {PROBE: "a dry run"}},
    }
    try:
        kube.rehearse(path, body, manager=MANAGER)
        stored = kube.get(path)
    except KubeError:
        return  # a refusal writes nothing; the rehearsal of each object meets it again
    if PROBE in ((stored.get("metadata") or {}).get("annotations") or {}):
        raise ClusterError(
            attempted="Comparing by dry run",
            subject=str(ref),
            seen=f"the API server stored the annotation {PROBE} although dryRun=All was asked",
            expected="nothing to be written; nothing else was sent",
            next_step=f"kubectl annotate {ref.kind.lower()} {ref.name} {PROBE}-",
        )


def rehearse(kube: LiveApi, reading: Reading, resources: ApiResources) -> Reading:
    """Returns the reading with the rehearsal of the declaration, or why there is none."""
    declared, resource = reading.asked, _resource(reading.asked, resources)
    live = reading.live
    if live is None or resource is None or reading.refusal or is_ending(live):
        return reading
    path = resource.path(declared.ref.namespace, declared.ref.name)
    for _ in range(TRIES):
        manager = applying_manager(live) or MANAGER
        try:
            answer = kube.rehearse(path, declared.object, manager=manager)
            if _version(answer) == _version(live):
                fresh = _fresh(kube, declared, resource, live)
                return replace(reading, live=live, rehearsed=_named(answer, declared), fresh=fresh)
            live = _named(kube.get(path), declared)
        except KubeError as error:
            return replace(reading, refusal=_reason(error, declared.ref))
    return replace(reading, live=live, refusal="it changes faster than it can be compared")


def is_ending(live: Object) -> bool:
    """Tells whether an object is being deleted."""
    return bool((live.get("metadata") or {}).get("deletionTimestamp"))


def _fresh(kube: LiveApi, declared: Asked, resource: Resource, live: Object) -> Object | None:
    """Asks what the declaration alone comes to, where somebody owns more than it says."""
    found = owners(live)
    who = hands(found) if last_applied(live) else (*hands(found), *updating_appliers(found))
    is_needed = next(undeclared(who, live, declared.object, None), None) is not None
    if not is_needed or not resource.namespaced:
        return None
    meta = {k: v for k, v in declared.object["metadata"].items() if k != "name"}
    body = {**declared.object, "metadata": {**meta, "generateName": FRESH_NAME}}
    try:
        answer = kube.rehearse_creation(resource.collection(declared.ref.namespace), body)
    except KubeError:
        return None
    return _named(answer, declared)


def _named(obj: Object, declared: Asked) -> Object:
    return {**obj, "kind": declared.ref.kind, "apiVersion": declared.object.get("apiVersion")}


def _version(obj: Object) -> str:
    return str((obj.get("metadata") or {}).get("resourceVersion") or "")


def _reason(error: KubeError, ref: ObjectRef) -> str:
    if ref.kind == "Secret" and error.status in {400, 422, 500}:
        return f"refused ({error.status}); the answer may quote values and is not shown"
    _, _, said = str(error).partition(": ")
    return " ".join((said or str(error)).split())[:LONGEST_REASON]

"""What overlays do to each other and to names: collisions of objects, prefixes and host names.

kustomize's namePrefix and nameSuffix rename a Service and the references that kustomize knows, not
the host names in values (cause R10). Two Applications that render the same object for the same
cluster share it: Argo CD says SharedResourceWarning, and one of them stays OutOfSync (cause A18,
argo-cd `controller/state.go`). Roots without an engine may be alternatives and are not compared.
"""

from __future__ import annotations

import itertools
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.audit.checks.all_checks import ScopeCheck, SurveyCheck
from harness.audit.engine_objects import deployer_place, dotted, ref_of
from harness.audit.finding import Fault, Severity
from harness.audit.illustrations import is_off
from harness.audit.kustomize_tree import distinct_sources, options_of, reached
from harness.audit.reading import at, group_of, is_known, text, texts
from harness.audit.scope import Scope
from harness.audit.source import Object, Source, SourceKind, Tree
from harness.audit.survey import Survey
from harness.audit.world import separate
from harness.connectivity.dependencies import Unresolved
from harness.diagnosis.rules.quotes import listed
from harness.manifests.pods import field_prefix
from harness.model.refs import ObjectRef

IN_CLUSTER = frozenset({"", "in-cluster", "https://kubernetes.default.svc"})
FAIL_ON_SHARED = "FailOnSharedResource=true"
MOST_AFFIXES = 4
"""Prefixes of nested kustomizations that are tried together."""
_DATA = re.compile(
    r"^(?P<kind>ConfigMap|Secret) (?P<space>[^/\s]*)/(?P<name>\S+) data\[(?P<key>.+)\]$"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RenamedHost:
    """A host name that was a Service's until a prefix or suffix renamed the Service."""

    unresolved: Unresolved
    service: ObjectRef
    source: Source


def renamed_hosts(scope: Scope) -> Iterator[RenamedHost]:
    """Yields the host names that miss a Service only by the affixes of their own root."""
    if not _has_affixes(scope):
        return
    affixes: dict[str, tuple[frozenset[str], frozenset[str]]] = {}
    for world in separate(scope):
        for found in world.graph.unresolved:
            client = world.find(world.real(found.client))
            if client is None:
                continue
            path = client.source.path
            if path not in affixes:
                affixes[path] = _affixes(client.source, scope.tree)
            for name in _affixed(found.host.partition(".")[0], *affixes[path]):
                service = world.find(ObjectRef("Service", found.namespace, name))
                if service is not None:
                    yield RenamedHost(unresolved=found, service=service.ref, source=client.source)
                    break


def _has_affixes(scope: Scope) -> bool:
    """Tells whether any root may rename anything: the graph of a scope is dear."""
    given = (options_of(source, "kustomize") for source in scope.sources)
    contents = (*scope.tree.kustomizations.values(), *given)
    return any(c.get(word) for c in contents for word in ("namePrefix", "nameSuffix"))


def _affixes(source: Source, tree: Tree) -> tuple[frozenset[str], frozenset[str]]:
    """Returns the prefixes and suffixes that a root may give to names, joined ones too."""
    if source.kind is not SourceKind.KUSTOMIZE:
        return frozenset(), frozenset()
    contents: list[Mapping[str, object]] = [options_of(source, "kustomize")]
    contents += [tree.kustomizations[folder] for folder in sorted(reached(tree, source.path))]
    prefixes = [text(c.get("namePrefix")) for c in contents]
    suffixes = [text(c.get("nameSuffix")) for c in contents]
    return _joined(prefixes), _joined(suffixes)


def _joined(parts: Iterable[str]) -> frozenset[str]:
    known = sorted({part for part in parts if is_known(part)})[:MOST_AFFIXES]
    orders = (o for n in range(len(known) + 1) for o in itertools.permutations(known, n))
    return frozenset("".join(order) for order in orders)


def _affixed(name: str, prefixes: frozenset[str], suffixes: frozenset[str]) -> Iterator[str]:
    """Yields what a name may be after a root has renamed it."""
    for before, after in sorted(itertools.product(prefixes, suffixes)):
        if before or after:
            yield f"{before}{name}{after}"


def broken_host_names(scope: Scope) -> Iterator[Fault]:
    """Yields the values that still name a Service as it was before its prefix."""
    for found in renamed_hosts(scope):
        unresolved = found.unresolved
        holder, field = _holder(unresolved)
        yield Fault(
            rule="nameprefix-breaks-hostname",
            object=found.service,
            user=holder,
            message=f"{holder} names the host {unresolved.host}, and the prefix or suffix of "
            f"{found.source.path} renames that Service to {found.service.name}",
            expected=f"the host {found.service.name}",
            fix=f"set the host with `replacements` from Service {found.service.name}, or leave "
            "the prefix out",
            cause="R10",
            severity=Severity.NOTE
            if scope.is_open(unresolved.namespace) or not unresolved.certain
            else None,
            field=field,
            value=unresolved.host,
            source=found.source.path,
        )


def _holder(unresolved: Unresolved) -> tuple[ObjectRef, str]:
    """Returns the object whose value names the host, with the field."""
    data = _DATA.match(unresolved.source)
    if data:
        return ObjectRef(data["kind"], data["space"], data["name"]), f"data[{data['key']}]"
    client = unresolved.client
    return client, f"{field_prefix(client.kind)}.{unresolved.source}"


Key = tuple[str, str, str, str]
"""Group, kind, namespace and name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """Two roots that render the same objects for the same cluster."""

    one: Source
    other: Source
    same: tuple[Key, ...]
    """What both hold alike."""
    different: tuple[Key, ...]
    """What both hold, each with other contents."""

    @property
    def all(self) -> tuple[Key, ...]:
        """Everything that both hold, what differs first."""
        return (*self.different, *self.same)


def overlaps(sources: Sequence[Source]) -> Iterator[Overlap]:
    """Yields the pairs of engine-deployed roots that share objects in one cluster."""
    holders: dict[tuple[str, Key], list[int]] = {}
    indexes = [_index(source) if source.deployer is not None else {} for source in sources]
    for number, index in enumerate(indexes):
        for key in index:
            holders.setdefault((cluster(sources[number]), key), []).append(number)
    shared: dict[tuple[int, int], list[Key]] = {}
    for (_, key), numbers in holders.items():
        for pair in itertools.pairwise(numbers):
            shared.setdefault(pair, []).append(key)
    for (one, other), keys in sorted(shared.items()):
        if _are_of_one_engine(sources[one], sources[other]):
            different = [k for k in keys if indexes[one][k] != indexes[other][k]]
            same = [k for k in keys if indexes[one][k] == indexes[other][k]]
            yield Overlap(
                one=sources[one], other=sources[other], same=tuple(same), different=tuple(different)
            )


def _are_of_one_engine(one: Source, other: Source) -> bool:
    """Tells whether two deployers are two, and may run side by side."""
    if one.deployer is None or other.deployer is None or one.deployer == other.deployer:
        return False
    if is_off(one.origin) or is_off(other.origin):
        return False
    spaces = {one.deployer.namespace, other.deployer.namespace} - {""}
    return len(spaces) < 2 and one.deployer.kind == other.deployer.kind


def cluster(source: Source) -> str:
    """Returns the cluster of a root, the engine's own as an empty text."""
    return "" if source.destination in IN_CLUSTER else source.destination


def _index(source: Source) -> dict[Key, Object]:
    found = {}
    for obj in source.objects:
        ref = ref_of(obj)
        if is_known(ref.name) and (is_known(ref.namespace) or not ref.namespace):
            found[group_of(obj), ref.kind, ref.namespace, ref.name] = obj
    return found


def shared_objects(scope: Scope) -> Iterator[Fault]:
    """Yields the pairs of Applications of one environment that render the same object."""
    for found in overlaps(scope.sources):
        if found.one.group == found.other.group or not (found.one.group and found.other.group):
            yield _shared(found, scope.tree)


def _shared(found: Overlap, tree: Tree) -> Fault:
    kinds = {kind for _, kind, _, _ in found.all}
    is_refused = any(FAIL_ON_SHARED in _sync_options(s) for s in (found.one, found.other))
    is_harmless = kinds <= {"Namespace"} or not found.different or _may_be_alternatives(found)
    return _collision(
        found,
        tree,
        f"{found.other.deployer} renders {_in_words(found.all)}, which {found.one.deployer} "
        "renders too",
        severity=Severity.NOTE if is_harmless and not is_refused else None,
    )


def _may_be_alternatives(found: Overlap) -> bool:
    """Tells whether the deployers are declared in different folders, by nobody in common."""
    return _folder(found.one.origin) != _folder(found.other.origin)


def _folder(origin: str) -> str:
    """Returns the folder of a file, or of the root that renders a deployer."""
    is_file = origin.endswith((".yaml", ".yml", ".json"))
    return posixpath.dirname(origin) if is_file else origin


def _sync_options(source: Source) -> tuple[str, ...]:
    return texts(at(source.spec, "syncPolicy", "syncOptions"))


def _collision(found: Overlap, tree: Tree, message: str, severity: Severity | None) -> Fault:
    is_flux = found.other.deployer is not None and found.other.deployer.kind == "Kustomization"
    steps = ("spec", "targetNamespace") if is_flux else ("spec", "destination", "namespace")
    file, line = deployer_place(found.other, tree, *steps)
    return Fault(
        rule="overlay-namespace-collision",
        object=found.other.deployer or ObjectRef("Folder", "", found.other.path),
        message=message,
        expected=f"each object in one of {found.one.path} and {found.other.path}",
        fix=f"give {found.other.path} a namespace of its own, or leave the objects to "
        f"{found.one.path}"
        if found.one.path != found.other.path
        else f"remove one of {found.one.deployer} and {found.other.deployer}",
        cause="A18",
        severity=severity,
        field=dotted(steps),
        value=found.other.namespace,
        source=found.other.path,
        file=file,
        line=line,
    )


def _in_words(keys: Sequence[Key]) -> str:
    return listed((str(ObjectRef(kind, space, name)) for _, kind, space, name in keys), 3)


def across_environments(survey: Survey) -> Iterator[Fault]:
    """Yields the environments that are deployed into the same namespace of the same cluster.

    Only where it is said that the cluster is the same: by its name or address, or because one file
    declares both Applications.
    """
    sources = list(distinct_sources(survey))
    for found in overlaps(sources):
        one, other = found.one, found.other
        is_same_cluster = bool(cluster(one)) or bool(one.origin and one.origin == other.origin)
        if one.group and other.group and one.group != other.group and is_same_cluster:
            keys = [key for key in found.all if key[2]]
            if keys:
                yield _collision(
                    found,
                    survey.tree,
                    f"{other.deployer} ({other.group}) renders {_in_words(keys)} into the same "
                    f"cluster as {one.deployer} ({one.group})",
                    severity=Severity.NOTE,
                )


CHECKS: tuple[ScopeCheck, ...] = (broken_host_names, shared_objects)
SURVEY_CHECKS: tuple[SurveyCheck, ...] = (across_environments,)

"""Pod templates and their workloads: what the API server or the kubelet refuses by what is written.

Names used twice, a strategy that contradicts itself, a schedule that is none, memory in thousandths
of a byte, root where it is forbidden, a governing Service that is not there. Sources: Kubernetes
`pkg/apis/{core,apps,batch}/validation`, kubelet `verifyRunAsNonRoot`. Volumes, variables and limits
are in `pod_fields`, types and spellings in `schemas`, where pods may run in `placement`. Pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from harness.audit.finding import Fault, NotJudged, Severity
from harness.audit.pods import containers
from harness.audit.reading import at, entries, is_known, mapping, text, whole
from harness.audit.scope import Scope
from harness.audit.world import PodTemplate, world

if TYPE_CHECKING:  # all_checks imports this module
    from harness.audit.checks.all_checks import ScopeCheck


def names_are_unique(scope: Scope) -> Iterable[Fault | NotJudged]:
    """Yields names that two containers of a pod, or two ports of a container, share."""
    for template in world(scope).templates:
        places = [(place, text(c.get("name")), c) for place, c in containers(template.spec)]
        for name in _doubled(name for _, name, _ in places):
            seen = f"two containers of {template.ref} are called {name}"
            field = f"{template.prefix}.containers[{name}].name"
            yield _fault(template, "container-name-duplicate", seen, "a name for each", field, name)
        for place, _, container in places:
            ports = entries(container.get("ports"))
            for name in _doubled(text(port.get("name")) for port in ports):
                seen = f"two ports of {place} of {template.ref} are called {name}"
                field = f"{template.prefix}.{place}.ports[{name}].name"
                yield _fault(template, "port-name-duplicate", seen, "a name for each", field, name)


def _doubled(names: Iterable[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1 and is_known(name)]


def _fault(
    template: PodTemplate, rule: str, seen: str, expected: str, field: str, value: str
) -> Fault:
    return Fault(
        rule=rule,
        object=template.ref,
        cause="A13",
        message=seen,
        expected=expected,
        fix=f"rename one {value} in {field.rpartition('.')[0]}",
        field=field,
        value=value,
        source=template.declared.source.path,
    )


def ports_are_used_once(scope: Scope) -> Iterable[Fault | NotJudged]:
    """Yields ports that two containers of one pod declare; they share one network."""
    for template in world(scope).templates:
        owners: dict[tuple[int, str], list[str]] = {}
        for name, port in _ports(template):
            number = whole(port.get("containerPort"))
            key = (number or 0, text(port.get("protocol")) or "TCP")
            if number and name not in owners.setdefault(key, []):
                owners[key].append(name)
        for (number, protocol), names in owners.items():
            if len(names) > 1:
                yield _clash(template, number, protocol, names)


def _ports(template: PodTemplate) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for container in entries(template.spec.get("containers")):
        for port in entries(container.get("ports")):
            yield text(container.get("name")), port


def _clash(template: PodTemplate, number: int, protocol: str, names: list[str]) -> Fault:
    field = f"{template.prefix}.containers[{names[1]}].ports"
    return Fault(
        rule="port-used-twice",
        object=template.ref,
        cause="P15",
        message=f"containers {' and '.join(names)} of {template.ref} both declare {protocol} "
        f"{number}, and share one network",
        expected="a port of its own for each container that listens",
        fix=f"give container {names[1]} another port, or remove the declaration",
        field=field,
        value=str(number),
        source=template.declared.source.path,
    )


def strategies_are_consistent(scope: Scope) -> Iterable[Fault | NotJudged]:
    """Yields Deployments that recreate their pods and have rules for a rolling update."""
    for template in world(scope).templates:
        strategy = mapping(at(template.declared.object, "spec", "strategy"))
        rolling = strategy.get("rollingUpdate")
        is_deployment = template.ref.kind == "Deployment"
        if is_deployment and strategy.get("type") == "Recreate" and rolling is not None:
            yield Fault(
                rule="strategy-contradicts",
                object=template.ref,
                cause="A13",
                message=f"spec.strategy of {template.ref} has type Recreate and rollingUpdate",
                expected="no rollingUpdate beside type Recreate",
                fix="set spec.strategy.rollingUpdate to null where the type is patched",
                field="spec.strategy.rollingUpdate",
                source=template.declared.source.path,
            )


def memory_is_in_bytes(scope: Scope) -> Iterable[Fault | NotJudged]:
    """Yields amounts of memory with the suffix of thousandths."""
    for template in world(scope).templates:
        for place, container in containers(template.spec):
            for word in ("requests", "limits"):
                path = ("resources", word, "memory")
                amount = text(at(container, *path))
                if amount.endswith("m") and amount[:-1].isdecimal() and int(amount[:-1]) < 10**6:
                    field = ".".join((template.prefix, place, *path))
                    yield _milli(template, field, amount, is_limit=word == "limits")


def _milli(template: PodTemplate, field: str, amount: str, *, is_limit: bool) -> Fault:
    return Fault(
        rule="memory-in-millibytes",
        object=template.ref,
        severity=None if is_limit else Severity.NOTE,
        message=f"{field} of {template.ref} is {amount}: thousandths of a byte",
        expected=f"{amount[:-1]}Mi, if mebibytes are meant",
        fix=f"write {amount[:-1]}Mi as {field}",
        field=field,
        value=amount,
        source=template.declared.source.path,
    )


def root_is_allowed(scope: Scope) -> Iterable[Fault | NotJudged]:
    """Yields containers that must not run as root and are told to run as user 0."""
    for template in world(scope).templates:
        pod = mapping(template.spec.get("securityContext"))
        for place, container in containers(template.spec):
            own = mapping(container.get("securityContext"))
            user = own.get("runAsUser", pod.get("runAsUser"))
            forbids = own.get("runAsNonRoot", pod.get("runAsNonRoot"))
            if whole(user) == 0 and forbids is True:
                yield _root(template, place, is_own="runAsUser" in own)


def _root(template: PodTemplate, place: str, *, is_own: bool) -> Fault:
    where = f"{place}.securityContext" if is_own else "securityContext"
    field = f"{template.prefix}.{where}.runAsUser"
    return Fault(
        rule="root-user-forbidden",
        object=template.ref,
        cause="P05",
        message=f"{place} of {template.ref} has runAsNonRoot: true and runAsUser: 0",
        expected="a user other than 0, or no runAsNonRoot",
        fix=f"set {field} to a user other than 0",
        field=field,
        value="0",
        source=template.declared.source.path,
    )


CHECKS: tuple[ScopeCheck, ...] = (
    names_are_unique,
    ports_are_used_once,
    strategies_are_consistent,
    memory_is_in_bytes,
    root_is_allowed,
)

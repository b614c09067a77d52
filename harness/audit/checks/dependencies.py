"""Host names in the configuration that no Service has, and ports that the Service does not offer.

Only names that are hosts for certain count, in namespaces whose objects are rendered here; hosts
outside the cluster are fine. A name that nearly is a Service's is a defect; one that nothing is
like may be a Service that the cluster has already. Prefixes and suffixes of kustomize are told by
`overlays` (nameprefix-breaks-hostname). Failure causes N08, N09. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any

from harness.audit.checks import pod_names
from harness.audit.checks.overlays import renamed_hosts
from harness.audit.finding import Fault, NotJudged, Severity
from harness.audit.reading import at, entries, is_placeholder, text, texts, whole
from harness.audit.scope import Declared, Presence, Scope
from harness.audit.world import World, is_of_cluster, world
from harness.connectivity.dependencies import Dependency, Unresolved
from harness.connectivity.services import Trouble, ports_of
from harness.connectivity.variable_names import normal
from harness.model.refs import ObjectRef

if TYPE_CHECKING:  # all_checks imports this module
    from harness.audit.checks.all_checks import ScopeCheck

_HOLDER = re.compile(
    r"(?P<kind>ConfigMap|Secret) (?P<space>[^/\s]*)/(?P<name>\S+) data\[(?P<key>.+)\]"
)
_LAST = re.compile(r"(?:env|data)\[(?P<name>[^\]]+)\]$")
_FILLED_IN_LATER = re.compile(
    r"^(?:change-?me|change-?this|dummy|example|fixme|hostname|my-?host|placeholder|replace-?me|tbd"
    r"|todo|x{2,}|(?:your|my|some)-.*|.*-here)$"
)
_OWN_NAMES = frozenset({
    "APP_HOST", "APP_HOSTNAME", "APP_URL", "BASE_URL", "HOST", "HOSTNAME", "PUBLIC_URL", "ROOT_URL",
    "SERVER_HOST", "SERVER_HOSTNAME", "SERVER_URL", "SITE_URL", "VIRTUAL_HOST",
})  # fmt: skip
"""Variables that tell a program its own name, or where to listen."""
ALIKE = 0.8
"""Ratio of difflib from which a name is the other one misspelt."""
_TOP_LEVEL = frozenset({
    "app", "cloud", "com", "corp", "dev", "home", "internal", "intranet", "io", "lan", "live",
    "local", "localdomain", "localhost", "net", "org", "prod", "staging", "svc", "test",
})  # fmt: skip
"""Last words of domains that are names of namespaces too."""
_PORTS_OF_SCHEMES = frozenset({80, 443})
"""Implied by a URL without port, to which many programs add a port from elsewhere."""


def hosts_are_services(scope: Scope) -> Iterable[Fault | NotJudged]:
    """Yields the hosts that no Service has, one fault for each place that names one."""
    here = world(scope)
    renamed = {(r.unresolved.client, r.unresolved.host) for r in renamed_hosts(scope)}
    elsewhere = _mesh_hosts(here)
    for found in here.graph.unresolved:
        is_told = (found.client, found.host) in renamed or found.host in elsewhere
        if is_told or not _is_certain(found):
            continue
        reason = here.pods.reason(found.namespace)
        if not _is_absent(scope, here, found):
            yield from pod_names.faults(here, found, *_holder(here, found.client, found.source))
        elif reason:
            place = f"host {found.host} of {here.real(found.client)}"
            yield NotJudged(subject=place, reason=f"no rendered Service has this name; {reason}")
        else:
            yield _misspelt(here, found) if _is_meant(here, found) else _not_there(here, found)


def _is_certain(found: Unresolved) -> bool:
    if not found.certain or not found.namespace_given or is_placeholder(found.host):
        return False
    first, _, rest = found.host.partition(".")
    if is_of_cluster(found.namespace) or _FILLED_IN_LATER.match(first):
        return False
    if rest in _TOP_LEVEL or found.host == found.client.name:
        return False
    variable = _LAST.search(found.source)
    return variable is None or not _is_own_name(normal(variable["name"]), found.client.name)


def _is_own_name(variable: str, client: str) -> bool:
    """Whether a variable tells a program its own name, as `DOZZLE_HOSTNAME` does for dozzle."""
    own = normal(client)
    return variable in _OWN_NAMES or variable.rpartition("_")[0] in {own, own.partition("_")[0]}


def _is_absent(scope: Scope, here: World, found: Unresolved) -> bool:
    """Whether no Service has the name, not even in a namespace that nobody says.

    Of a pod's name the second word is the Service's.
    """
    names = found.host.split(".")[:2]
    absent = (Presence.ABSENT, Presence.POSSIBLE)
    if any(scope.presence(ObjectRef("Service", found.namespace, n)) not in absent for n in names):
        return False
    return all(d.ref.name != names[0] for d in here.of_kind("Service", "Endpoints"))


def _is_meant(here: World, found: Unresolved) -> bool:
    """Whether the nearest Service is the one: spelt alike, and with the port that is asked."""
    service = here.inventory.services.get((found.namespace, found.nearest))
    if service is None:
        return False
    if found.port and found.port not in _PORTS_OF_SCHEMES:
        return found.port in ports_of(service)
    wanted = found.host.partition(".")[0]
    return SequenceMatcher(None, wanted, found.nearest).ratio() >= ALIKE


def _mesh_hosts(here: World) -> frozenset[str]:
    """Returns the hosts that a service mesh answers for (Istio's ServiceEntry)."""
    return frozenset(
        host
        for each in here.declared
        if each.ref.kind == "ServiceEntry"
        for host in texts(at(each.object, "spec", "hosts"))
    )


def _misspelt(here: World, found: Unresolved) -> Fault:
    holder, field = _holder(here, found.client, found.source)
    return Fault(
        rule="dependency-not-deployed",
        object=holder,
        cause="N09",
        message=_seen(here, found),
        expected=f"the host {found.nearest}",
        fix=f"write {found.nearest} in place of {found.host} in {field} of {holder}",
        field=field,
        value=found.host,
        source=_source(here, holder, found.client),
    )


def _not_there(here: World, found: Unresolved) -> Fault:
    holder, field = _holder(here, found.client, found.source)
    wanted = ObjectRef("Service", found.namespace, found.host.partition(".")[0])
    known = sorted(here.inventory.services_of(found.namespace))[:8]
    like = f"; the nearest is {found.nearest}" if found.nearest else ""
    return Fault(
        rule="dependency-not-deployed",
        object=wanted,
        user=holder,
        severity=Severity.PRECONDITION,
        cause="N09",
        message=_seen(here, found),
        expected=f"{wanted}, declared or in the cluster; declared are "
        f"{', '.join(known) or 'none'}{like}",
        fix=f"declare {wanted}, or correct {field} of {holder}",
        field=field,
        value=found.host,
        source=_source(here, holder, found.client),
    )


def _seen(here: World, found: Unresolved) -> str:
    is_waiting = found.source.startswith("initContainers[")
    return (
        f"{here.real(found.client)} needs the host {found.host}, and no Service of namespace "
        f"{found.namespace or '(unknown)'} has this name"
        + ("; its init container waits for it" if is_waiting else "")
    )


def _source(here: World, *refs: ObjectRef) -> str:
    found = (here.find(here.real(ref)) for ref in refs)
    return next((each.source.path for each in found if each is not None), "")


def _holder(here: World, client: ObjectRef, source: str) -> tuple[ObjectRef, str]:
    """Returns the object that names a host, with the field in it."""
    data = _HOLDER.fullmatch(source)
    if data:
        return ObjectRef(data["kind"], data["space"], data["name"]), f"data[{data['key']}]"
    template = next((t for t in here.templates if t.ref == here.real(client)), None)
    prefix = template.prefix if template else "spec.template.spec"
    return here.real(client), f"{prefix}.{source}" if source else prefix


def ports_are_offered(scope: Scope) -> Iterable[Fault | NotJudged]:
    """Yields the ports that a configuration asks of a Service which does not offer them."""
    here = world(scope)
    told: set[tuple[ObjectRef, str, int]] = set()
    for need in here.graph.dependencies:
        service = here.find(need.service) if need.service else None
        if service is None or not _is_wrong(here, need):
            continue
        key = (need.client, need.source, need.port)
        if key not in told:
            told.add(key)
            yield _wrong_port(here, need, service)


def _is_wrong(here: World, need: Dependency) -> bool:
    return (
        need.certain
        and need.trouble is Trouble.PORT_NOT_OFFERED
        and need.port not in _PORTS_OF_SCHEMES
        and need.service not in here.torn
    )


def _wrong_port(here: World, need: Dependency, service: Declared) -> Fault:
    holder, field = _holder(here, need.client, need.source)
    offered = list(_offered(service.object))
    ports = ", ".join(text for text, _ in offered) or "none"
    only = f" {offered[0][1]}" if len(offered) == 1 else " one of these"
    return Fault(
        rule="dependency-port-missing",
        object=holder,
        cause="N08",
        message=f"{here.real(need.client)} asks {need.host} for port {need.port}, and "
        f"{service.ref} does not offer it",
        expected=f"a port of {service.ref}: {ports}",
        fix=f"use port{only} in {field} of {holder}, or add port {need.port} to {service.ref}",
        field=field,
        value=str(need.port),
        source=_source(here, holder, need.client),
    )


def _offered(service: Any) -> Iterator[tuple[str, int]]:
    for entry in entries(at(service, "spec", "ports")):
        number = whole(entry.get("port")) or 0
        name = text(entry.get("name"))
        yield (f"{number} ({name})" if name else str(number)), number


CHECKS: tuple[ScopeCheck, ...] = (hosts_are_services, ports_are_offered)

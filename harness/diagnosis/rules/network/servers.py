"""Whether what a workload needs is there: its dependencies, also those only its log names.

The graph knows the hosts in manifests; a host that stands in a Secret is known only once a log
names it. A database is ready in name only while its image still initialises it: it then listens on
its socket alone and a probe of the socket succeeds (docker-library/postgres#880); its own log says
when that ends.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from harness.connectivity.resolution import resolve
from harness.connectivity.services import selected
from harness.diagnosis.events import epoch
from harness.diagnosis.facts import Facts
from harness.diagnosis.pod_facts import ContainerFact
from harness.diagnosis.rules.network.connection_texts import ConnectionTrouble
from harness.diagnosis.rules.network.network_ways import inventory
from harness.manifests.server_images import is_postgres_image
from harness.model.refs import ObjectRef

INITIALISING_SECONDS = 300.0
"""So long a database whose log is not known may still be initialised behind a socket probe."""
_DATABASE_IMAGE = re.compile(
    r"(?:^|/)[\w.-]*(?:postgres|postgis|timescale|mysql|mariadb)", re.IGNORECASE
)
_BEGUN = re.compile(
    r"running bootstrap script|performing post-bootstrap|waiting for server to start"
    r"|/docker-entrypoint-initdb\.d/|temporary server started|initializing database files"
    r"|the database cluster will be initialized",
    re.IGNORECASE,
)
_DONE = re.compile(r"init process (?:complete|done)|skipping initialization", re.IGNORECASE)
_ACCEPTING = re.compile(
    r"^(?P<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?) (?:UTC|GMT) .*"
    r"database system is ready to accept connections",
    re.MULTILINE,
)
_OVER_NETWORK = re.compile(r"(?:^|\s)(?:-h|--host)[ =]?\S")


@dataclass(frozen=True, slots=True, kw_only=True)
class Servers:
    """How far the servers of a workload are."""

    known: tuple[ObjectRef, ...]
    unready: tuple[ObjectRef, ...]
    """Not ready, or ready in name only."""
    ready_at: float
    """Epoch seconds from which on the last of them is ready; 0 while one is not, or for none."""


def servers(facts: Facts, workload: ObjectRef, trouble: ConnectionTrouble) -> Servers:
    """Returns how far everything is that a workload needs, by its manifest or by its log."""
    own = {*facts.graph.transitive(workload), *named_servers(facts, workload, trouble)}
    found = tuple(sorted(own - {workload}))
    unready = tuple(s for s in found if not facts.is_ok(s) or is_initialising(facts, s))
    moments = [ready_at(facts, s) for s in found]
    ready = max(moments, default=0.0) if not unready else 0.0
    return Servers(known=found, unready=unready, ready_at=ready)


def named_servers(
    facts: Facts, workload: ObjectRef, trouble: ConnectionTrouble
) -> tuple[ObjectRef, ...]:
    """Returns the workloads behind the host or the address that a log names."""
    names = [name for name in (trouble.host, trouble.address) if name]
    found = (ref for name in names for ref in _behind(facts, workload.namespace, name))
    return tuple(dict.fromkeys(ref for ref in found if ref != workload))


def _behind(facts: Facts, namespace: str, name: str) -> Iterator[ObjectRef]:
    stock = inventory(facts)
    service = resolve(name, namespace, stock).service
    if service is not None:
        yield from (each.ref for each in selected(service, stock))
    for each in stock.services.values():
        if name in _addresses(each):
            yield from (workload.ref for workload in selected(each, stock))
    for pod in facts.pods:
        if (pod.object.get("status") or {}).get("podIP") == name:
            yield pod.workload


def _addresses(service: dict[str, object]) -> list[str]:
    spec = service.get("spec")
    return [str(spec.get("clusterIP"))] if isinstance(spec, dict) else []


def is_inside(facts: Facts, workload: ObjectRef, trouble: ConnectionTrouble) -> bool:
    """Tells whether the trouble is with something of this environment, or may well be.

    Without a host in the text any dependency may be meant.
    """
    graph = facts.graph
    if not trouble.host:
        return bool(graph.needs(workload))
    hosts = {d.host for d in graph.needs(workload)}
    hosts |= {u.host for u in graph.unresolved if u.client == workload}
    return trouble.host in hosts or bool(named_servers(facts, workload, trouble))


def is_postgres(container: ContainerFact) -> bool:
    """Tells whether a container runs an image of PostgreSQL."""
    return is_postgres_image(container.image)


def is_initialising(facts: Facts, ref: ObjectRef) -> bool:
    """Tells whether a database is ready in name only, since its image still initialises it."""
    return any(
        _initialises(facts, container)
        for pod in facts.pods_of(ref)
        for container in pod.containers
        if not container.init and _DATABASE_IMAGE.search(container.image)
    )


def _initialises(facts: Facts, container: ContainerFact) -> bool:
    log = facts.log(container)
    if log:
        return _last(_BEGUN, log) > _last(_DONE, log)
    young = 0 < container.running_since > facts.now - INITIALISING_SECONDS
    return young and not container.restarts and not _probed_over_network(container)


def _last(pattern: re.Pattern[str], text: str) -> int:
    return max((found.start() for found in pattern.finditer(text)), default=-1)


def _probed_over_network(container: ContainerFact) -> bool:
    probe = container.spec.get("readinessProbe") or {}
    command = " ".join(map(str, (probe.get("exec") or {}).get("command") or []))
    return bool(_OVER_NETWORK.search(command)) if command else bool(probe)


def ready_at(facts: Facts, ref: ObjectRef) -> float:
    """Returns since when a workload really takes connections, by its log where that tells."""
    told = [
        epoch(found["time"].replace(" ", "T") + "+00:00")
        for pod in facts.pods_of(ref)
        for container in pod.containers
        if is_postgres(container)
        for found in _ACCEPTING.finditer(facts.log(container))
    ]
    return max([facts.ready_since(ref), *told])

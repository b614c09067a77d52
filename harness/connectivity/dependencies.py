"""Which workload needs which, by the host names in their configuration. Pure.

An edge goes from the workload that names a host to each workload behind the Service of that name
(section 2.1 of the failure catalogue). A StatefulSet that finds its own pods through its headless
Service needs itself. Only the given objects are known: a Service that an operator or another
repository brings must be given too, or its name is unresolved. What blocks an edge is in `reach`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from harness.connectivity.hosts import Host
from harness.connectivity.inventory import Inventory, Workload
from harness.connectivity.mentions import Mention, mentions
from harness.connectivity.resolution import (
    Meaning,
    Resolution,
    behind_alias,
    is_in_hosts_file,
    nearest,
    resolve,
)
from harness.connectivity.services import Target, Trouble, targets
from harness.manifests.pods import Object
from harness.model.refs import ObjectRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependency:
    """One workload needs another, because some place in it names a Service."""

    client: ObjectRef
    server: ObjectRef | None
    """None when the Service leads to no given workload; `trouble` says why."""
    service: ObjectRef | None
    host: str
    port: int = 0
    """As written, or implied by the URL's scheme; 0 when unknown."""
    pod_port: int = 0
    """The port of the pod behind the Service; 0 when unknown."""
    protocol: str = "TCP"
    source: str = ""
    """Field path below the pod spec, or `ConfigMap ns/name data[K]`."""
    waits: bool = False
    """Whether an init container waits for it."""
    certain: bool = True
    """False when a word that may not be a host happens to be a Service's name."""
    trouble: Trouble = Trouble.NONE
    """Why the Service does not lead to the port of a pod."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unresolved:
    """A workload names a host that none of the given Services has."""

    client: ObjectRef
    host: str
    port: int = 0
    source: str = ""
    nearest: str = ""
    """The Service that was probably meant; empty when none is like it."""
    certain: bool = True
    """False when the word may not be a host."""
    namespace: str = ""
    """Where the name is looked for."""
    namespace_given: bool = True
    """False when no object of that namespace was given, so that absence proves nothing."""


@dataclass(frozen=True, kw_only=True)
class Graph:
    """Who needs whom; without slots, so that it can be indexed when it is first asked."""

    dependencies: tuple[Dependency, ...] = ()
    unresolved: tuple[Unresolved, ...] = ()
    clients_of_dns: frozenset[ObjectRef] = frozenset()
    """The workloads that name any host, inside the cluster or outside."""

    @cached_property
    def _of_client(self) -> dict[ObjectRef | None, tuple[Dependency, ...]]:
        return _by(self.dependencies, lambda each: each.client)

    @cached_property
    def _of_server(self) -> dict[ObjectRef | None, tuple[Dependency, ...]]:
        return _by(self.dependencies, lambda each: each.server)

    @cached_property
    def _reached(self) -> dict[ObjectRef, frozenset[ObjectRef]]:
        return {}

    def needs(self, ref: ObjectRef) -> tuple[Dependency, ...]:
        """Returns what a workload needs, itself included if it needs itself."""
        return self._of_client.get(ref, ())

    def needed_by(self, ref: ObjectRef) -> tuple[Dependency, ...]:
        """Returns who needs a workload."""
        return self._of_server.get(ref, ())

    def transitive(self, ref: ObjectRef) -> frozenset[ObjectRef]:
        """Returns all workloads that one needs, directly or through others, without itself."""
        if ref not in self._reached:
            self._reached[ref] = self._reach(ref)
        return self._reached[ref]

    def _reach(self, ref: ObjectRef) -> frozenset[ObjectRef]:
        reached: set[ObjectRef] = set()
        ahead = [ref]
        while ahead:
            servers = {each.server for each in self.needs(ahead.pop()) if each.server}
            ahead.extend(servers - reached)
            reached |= servers
        return frozenset(reached - {ref})


def _by(
    dependencies: Iterable[Dependency], end: Callable[[Dependency], ObjectRef | None]
) -> dict[ObjectRef | None, tuple[Dependency, ...]]:
    found: dict[ObjectRef | None, list[Dependency]] = defaultdict(list)
    for each in dependencies:
        found[end(each)].append(each)
    return {ref: tuple(ends) for ref, ends in found.items()}


def dependencies(objects: Iterable[Object]) -> Graph:
    """Returns the graph of raw objects, rendered or live."""
    return graph_of(Inventory.of(objects))


def graph_of(inventory: Inventory) -> Graph:
    """Returns the graph of an inventory."""
    needed: list[Dependency] = []
    unresolved: list[Unresolved] = []
    asking: set[ObjectRef] = set()
    for workload in inventory.workloads:
        for mention in mentions(workload, inventory):
            found = resolve(mention.host.name, workload.ref.namespace, inventory)
            if mention.host.is_certain and _asks_dns(mention.host, found, workload):
                asking.add(workload.ref)
            if found.meaning is Meaning.SERVICE:
                needed.extend(_edges(workload, mention, found, inventory))
            elif found.meaning is Meaning.MISSING:
                unresolved.extend(_unresolved(workload, mention.host, found, inventory))
    return Graph(
        dependencies=tuple(sorted(set(needed), key=_order)),
        unresolved=tuple(sorted(set(unresolved), key=lambda u: (u.client, u.host, u.source))),
        clients_of_dns=frozenset(asking),
    )


def _asks_dns(host: Host, found: Resolution, workload: Workload) -> bool:
    """Whether the name is asked for; a pod finds its own full name in its hosts file."""
    is_own = found.pod == workload and is_in_hosts_file(host.name, workload)
    return found.meaning is not Meaning.LOCAL and not is_own


def _edges(
    workload: Workload, mention: Mention, found: Resolution, inventory: Inventory
) -> Iterator[Dependency]:
    if found.service is None:
        return
    host = mention.host
    edge = Dependency(
        client=workload.ref,
        server=None,
        service=ObjectRef.of(found.service),
        host=host.name,
        port=host.port,
        source=host.source,
        waits=mention.waits,
        certain=host.is_certain,
    )
    service = behind_alias(found.service, inventory)
    for target in targets(service, host.port, inventory, only=found.pod):
        yield from _edge(edge, target)


def _edge(edge: Dependency, target: Target) -> Iterator[Dependency]:
    server = target.workload.ref if target.workload else None
    if server == edge.client and not edge.certain:
        # A workload's own name in its own configuration is a name, not a host.
        return
    yield replace(
        edge,
        server=server,
        pod_port=target.port,
        protocol=target.protocol,
        trouble=target.trouble,
    )


def _unresolved(
    workload: Workload, host: Host, found: Resolution, inventory: Inventory
) -> Iterator[Unresolved]:
    meant = nearest(found.wanted, found.namespace, inventory)
    if host.is_certain or meant:
        yield Unresolved(
            client=workload.ref,
            host=host.name,
            port=host.port,
            source=host.source,
            nearest=meant,
            certain=host.is_certain,
            namespace=found.namespace,
            namespace_given=found.namespace in inventory.namespaces,
        )


def _order(each: Dependency) -> tuple[ObjectRef, str, int, str, str]:
    return each.client, each.host, each.port, each.source, str(each.server)

"""Every place in a workload where a host is named. Pure.

Looked at are the variables of all containers, their commands and arguments, and the ConfigMaps
they mount; probes are not, since a probe asks its own pod. An init container is said to wait for a
host when its command or its own variables name it, when only it is given that configuration, or
when it is given credentials of the same prefix (DB_USER beside DB_HOST).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from harness.connectivity.config_files import hosts_of_file, is_file
from harness.connectivity.environment import (
    Variable,
    data_of,
    expand,
    shown,
    source_of,
    variables,
)
from harness.connectivity.hosts import Host, Lookup, Reading, hosts_of_value
from harness.connectivity.inventory import Inventory, Workload, is_sidecar
from harness.connectivity.resolution import ports_known
from harness.connectivity.scripts import hosts_of_command
from harness.connectivity.variable_names import is_secret, normal, prefix
from harness.manifests.references import references
from harness.model.refs import ObjectRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """A host that a workload names."""

    host: Host
    waits: bool = False
    """Whether an init container waits for it."""


def mentions(workload: Workload, inventory: Inventory) -> tuple[Mention, ...]:
    """Returns every host that a workload names, each once for each place."""

    def lookup(name: str) -> frozenset[int] | None:
        return ports_known(name, workload.ref.namespace, inventory)

    aliases = _host_aliases(workload.spec)
    found = [*_of_containers(workload, inventory, lookup), *_of_files(workload, inventory, lookup)]
    return _sharpest(m for m in found if m.host.name.rstrip(".") not in aliases)


def _of_containers(workload: Workload, inventory: Inventory, lookup: Lookup) -> Iterator[Mention]:
    main = {
        variable.source
        for _, found in _environments("containers", workload, inventory)
        for variable in found.values()
    }
    for field in ("initContainers", "containers"):
        for container, found in _environments(field, workload, inventory):
            is_init = field == "initContainers" and not is_sidecar(container)
            given = _given_credentials(container)
            for variable in found.values():
                own = variable.source not in main or prefix(variable.name) in given
                for host in _of_variable(variable, found, lookup):
                    yield Mention(host=host, waits=is_init and own)
            place = f"{field}[{container.get('name')}]"
            for host in _of_command(container, place, found, lookup):
                yield Mention(host=host, waits=is_init)


def _environments(
    field: str, workload: Workload, inventory: Inventory
) -> Iterator[tuple[Mapping[str, Any], dict[str, Variable]]]:
    for container in workload.spec.get(field) or []:
        place = f"{field}[{container.get('name')}]"
        yield container, variables(container, place, workload, inventory)


def _given_credentials(container: Mapping[str, Any]) -> set[str]:
    """Returns the prefixes of the variables that a container itself takes from Secrets."""
    entries = container.get("env") or []
    taken = [e for e in entries if (e.get("valueFrom") or {}).get("secretKeyRef")]
    return {prefix(str(entry.get("name"))) for entry in taken} - {""}


def _of_variable(
    variable: Variable, around: Mapping[str, Variable], lookup: Lookup
) -> tuple[Host, ...]:
    if is_secret(variable.key) or is_secret(variable.name):
        return ()
    if is_file(variable.value) and not variable.is_secret:
        return hosts_of_file(variable.name, variable.value, variable.source, lookup)
    return hosts_of_value(
        variable.value,
        Reading(
            variable=variable.name,
            source=variable.source,
            lookup=lookup,
            numbers={normal(name): each.value for name, each in around.items()},
            is_secret=variable.is_secret,
        ),
    )


def _of_command(
    container: Mapping[str, Any], place: str, found: Mapping[str, Variable], lookup: Lookup
) -> Iterator[Host]:
    values = shown(found)
    lists = {field: container.get(field) or [] for field in ("command", "args")}
    words = {field: [expand(str(w), values) for w in lists[field]] for field in lists}
    # Flags and tools may stand in `command` and their operands in `args`.
    whole = hosts_of_command([*words["command"], *words["args"]], "", lookup, values)
    alone = hosts_of_command(words["command"], "", lookup, values)
    for host in whole:
        field = "command" if host in alone else "args"
        yield replace(host, source=f"{place}.{field}")


def _of_files(workload: Workload, inventory: Inventory, lookup: Lookup) -> Iterator[Mention]:
    for reference in references(workload.spec):
        if reference.kind != "ConfigMap" or not reference.field.startswith("volumes["):
            continue
        ref = ObjectRef("ConfigMap", workload.ref.namespace, reference.name)
        data = data_of(inventory.config_maps.get((ref.namespace, ref.name), {}))
        for key, text in data.items():
            if reference.key in {"", key}:
                for host in hosts_of_file(key, text, source_of(ref, key), lookup):
                    yield Mention(host=host)


def _host_aliases(spec: Mapping[str, Any]) -> set[str]:
    aliases = spec.get("hostAliases") or []
    return {str(name).lower() for alias in aliases for name in alias.get("hostnames") or []}


def _sharpest(found: Iterator[Mention]) -> tuple[Mention, ...]:
    """Returns each host of a place once: with its port if it has one there, and the surest."""
    best: dict[tuple[str, str, int], Mention] = {}
    for mention in found:
        host = mention.host
        key = (host.source, host.name, host.port)
        known = best.get(key, mention)
        certain = replace(host, is_certain=host.is_certain or known.host.is_certain)
        best[key] = Mention(host=certain, waits=mention.waits or known.waits)
    with_port = {(source, name) for source, name, port in best if port}
    return tuple(m for k, m in best.items() if k[2] or (k[0], k[1]) not in with_port)

"""Host names that only a log tells to be hosts: words of the template that no resolver knows. Pure.

A variable such as `NEEDS=apis:8080` does not say that it holds a host. When the client's log cannot
resolve that very word, it does. Names of the cluster only: a name with other dots is somebody
else's, and its absence from the Services proves nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.connectivity.dependencies import Unresolved
from harness.connectivity.resolution import nearest
from harness.diagnosis.facts import Facts
from harness.diagnosis.rules.network.connection_texts import ConnectionTrouble, TroubleKind
from harness.diagnosis.rules.network.network_evidence import symptoms
from harness.diagnosis.rules.network.network_ways import inventory
from harness.model.refs import ObjectRef

SUFFIXES = (".svc", ".svc.cluster.local")


def logged_names(facts: Facts) -> Iterator[Unresolved]:
    """Yields a name for each word of a workload's template that its log cannot resolve."""
    known = {(u.client, u.host) for u in facts.graph.unresolved if u.certain}
    for workload in facts.workloads:
        if facts.is_ok(workload):
            continue
        for trouble in _troubles(facts, workload):
            if (workload, trouble.host) not in known:
                known.add((workload, trouble.host))
                yield from _name(facts, workload, trouble)


def _troubles(facts: Facts, workload: ObjectRef) -> Iterator[ConnectionTrouble]:
    for symptom in symptoms(facts, workload):
        for trouble in symptom.troubles:
            if trouble.kind is TroubleKind.NAME and trouble.host and not trouble.is_unanswered:
                yield trouble


def _name(facts: Facts, client: ObjectRef, trouble: ConnectionTrouble) -> Iterator[Unresolved]:
    name, namespace = _place(trouble.host, client.namespace)
    is_there = (namespace, name) in inventory(facts).services
    source = _source(facts, client, trouble.host)
    if not name or is_there or not source:
        return
    yield Unresolved(
        client=client,
        host=trouble.host,
        port=trouble.port,
        source=source,
        nearest=nearest(name, namespace, inventory(facts)),
        namespace=namespace,
        namespace_given=namespace == client.namespace,
    )


def _place(host: str, namespace: str) -> tuple[str, str]:
    """Returns the Service and namespace of a name of the cluster; empty for any other name."""
    short = next((host.removesuffix(s) for s in SUFFIXES if host.endswith(s)), host)
    name, dot, space = short.partition(".")
    if not dot:
        return name, namespace
    return (name, space) if short != host and "." not in space else ("", "")


def _source(facts: Facts, client: ObjectRef, host: str) -> str:
    """Returns where the template holds the word: a variable or an argument of a container."""
    word = re.compile(rf"(?<![\w.-]){re.escape(host)}(?![\w-]|\.\w)")
    template = facts.template(client)
    for group in ("initContainers", "containers"):
        for container in template.get(group) or []:
            place = f"{group}[{container.get('name')}]"
            for env in container.get("env") or []:
                if word.search(str(env.get("value") or "")):
                    return f"{place}.env[{env.get('name')}]"
            for part in ("command", "args"):
                if any(word.search(str(a)) for a in container.get(part) or []):
                    return f"{place}.{part}"
    return ""

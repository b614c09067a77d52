"""Host names that no Service has (N09), also because Kustomize renamed the Service (R10). Pure.

`namePrefix` and `nameSuffix` rename Services and the references that Kustomize knows, not host
names inside values. Counts with a symptom of the workload that names the host: a log that says so,
a crash or an init container that waits. Where an operator may make the Service it takes longer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from harness.connectivity.dependencies import Unresolved
from harness.diagnosis.facts import Facts
from harness.diagnosis.rules.network.connection_texts import TroubleKind
from harness.diagnosis.rules.network.network_blocks import without_names
from harness.diagnosis.rules.network.network_logged_names import logged_names
from harness.diagnosis.rules.network.network_open_world import may_be_made
from harness.diagnosis.rules.network.network_ways import Proof, Strength, Way, holder, proofs
from harness.diagnosis.signal import Need, Signal, t1
from harness.manifests.pods import field_prefix
from harness.model.refs import ObjectRef

OPEN_WORLD_SECONDS = 180.0


def names_without_service(facts: Facts) -> Iterator[Signal]:
    """Yields a signal for each client that suffers from a host name that nothing has."""
    nameless = without_names(facts)
    for name in (*facts.graph.unresolved, *logged_names(facts)):
        if not name.certain or name.client in nameless or not _is_absent(facts, name):
            continue
        way = Way(
            client=name.client,
            host=name.host,
            ports=frozenset({name.port}),
            waits=(name.source,) if name.source.startswith("initContainers[") else (),
        )
        for proof in proofs(facts, way, (TroubleKind.NAME,)):
            if _is_about(facts, name, proof):
                yield _signal(facts, name, proof)


def _is_absent(facts: Facts, name: Unresolved) -> bool:
    """Whether the Service's absence is a fact: its namespace was looked at, or is not there."""
    if name.namespace_given:
        return facts.knows("Service", name.namespace) or facts.has_declaration
    space = ObjectRef("Namespace", "", name.namespace)
    return facts.knows("Namespace") and facts.find(space) is None and space not in facts.declared


def _is_about(facts: Facts, name: Unresolved, proof: Proof) -> bool:
    """A log that names no host, or none at all, is about this one only if it is the only one."""
    if proof.trouble is not None and proof.trouble.host:
        return True
    others = {u.host for u in facts.graph.unresolved if u.client == name.client and u.certain}
    return len(others) == 1


def _signal(facts: Facts, name: Unresolved, proof: Proof) -> Signal:
    root, field = holder(name.client, name.source, field_prefix(name.client.kind))
    is_affix = is_renamed(name)
    nearest = name.nearest
    expected = f"a Service of {name.namespace}" + (f"; the nearest is {nearest}" if nearest else "")
    if is_affix:
        expected = f"{nearest}: Kustomize renamed the Service, and not the host name in the value"
    fix = f"put {nearest} in place of {name.host} in {field} of {root}"
    if not nearest:
        fix = f"declare Service {name.host}, or correct {field} of {root}"
    return Signal(
        cause="R10" if is_affix else "N09",
        at=name.client,
        root=root,
        field=field,
        seen=f"{proof.in_words()}; {field} names {name.host}, and no Service has that name",
        expected=expected,
        fix=fix,
        need=_need(facts, name, proof),
        count=proof.symptom.count,
        since=proof.since,
        last=facts.now,
        by_text=proof.by_text,
        rank=30,
    )


def is_renamed(name: Unresolved) -> bool:
    """Whether the nearest Service has the prefix or suffix that the client's own name has."""
    wanted, nearest, own = name.host.partition(".")[0], name.nearest, name.client.name
    if not nearest or nearest == wanted or "." in nearest:
        return False
    if nearest.endswith(f"-{wanted}"):
        return own.startswith(nearest.removesuffix(wanted))
    return nearest.startswith(f"{wanted}-") and own.endswith(nearest.removeprefix(wanted))


def _need(facts: Facts, name: Unresolved, proof: Proof) -> Need:
    if may_be_made(facts, name.namespace):
        return t1(2, OPEN_WORLD_SECONDS)
    if proof.strength is Strength.VAGUE:
        return t1(2, 60)
    return proof.need(is_closed=facts.has_declaration)


RULES: tuple[Callable[[Facts], Iterable[Signal]], ...] = (names_without_service,)

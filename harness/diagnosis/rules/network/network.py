"""The network family: who needs to reach whom and cannot (N01-N17, K08, live side of R10).

None of the objects at fault has a status, so each rule pairs a static reason with a symptom of a
client (`network_evidence`); what is found here makes the probe family hold back its own symptoms.
Not observable and therefore unsaid: a cluster that does not enforce policies (N12), and the moment
until a new pod's policies are in force (N13).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from harness.diagnosis.facts import Facts
from harness.diagnosis.rules.network import (
    network_advice,
    network_names,
    network_outside,
    network_policies,
    network_probes,
    network_schemes,
    network_services,
)
from harness.diagnosis.signal import NeedKind, Signal
from harness.model.refs import ObjectRef

Rule = Callable[[Facts], Iterable[Signal]]
_OF_CLIENTS: tuple[Rule, ...] = (
    *network_policies.RULES,
    *network_services.RULES,
    *network_names.RULES,
    *network_outside.RULES,
    *network_schemes.RULES,
    *network_probes.RULES,
)


def unreachable(facts: Facts) -> tuple[Signal, ...]:
    """Returns the signals of clients that cannot reach what they need."""
    found: tuple[Signal, ...] = facts.memo(
        "network.unreachable", lambda: tuple(s for rule in _OF_CLIENTS for s in rule(facts))
    )
    return found


def explained_clients(facts: Facts) -> frozenset[ObjectRef]:
    """Returns the workloads whose unreadiness has a cause in the network."""
    return frozenset(s.at for s in unreachable(facts) if s.need.kind is not NeedKind.NEVER)


RULES: tuple[Rule, ...] = (unreachable, *network_advice.RULES)

"""A15: an admission webhook refuses an object, or does not answer.

A refusal is a policy and is final for this manifest. A webhook that does not answer usually starts
at that moment: it counts only after several tries over 90 s, and not while the pods behind its
Service come up, because what is wrong with them is their own finding.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.diagnosis.facts import Facts
from harness.diagnosis.pod_facts import PodFact
from harness.diagnosis.rules.argocd.sync_results import Refusal
from harness.diagnosis.signal import NEVER, Signal, t1
from harness.model.refs import ObjectRef
from harness.model.wording import cut

_SERVICE = re.compile(r"https://(?P<name>[^./\s]+)\.(?P<namespace>[^./\s:]+)\.svc")


def webhook_denied(facts: Facts, refusal: Refusal, match: re.Match[str]) -> Iterator[Signal]:
    """Yields that a policy does not admit an object."""
    reason = cut(match["reason"], 160)
    yield refusal.signal(
        facts,
        "A15",
        seen=f"the admission webhook {match['webhook']} refuses {refusal.ref}: {reason}",
        expected="a manifest that the policy admits",
        fix=f"change {refusal.ref.kind} {refusal.ref.name} as the policy asks",
    )


def webhook_down(facts: Facts, refusal: Refusal, match: re.Match[str]) -> Iterator[Signal]:
    """Yields that a webhook does not answer, so that nothing it watches can be created."""
    found = _SERVICE.search(match["reason"])
    service = ObjectRef("Service", found["namespace"], found["name"]) if found else refusal.app.ref
    yield refusal.signal(
        facts,
        "A15",
        root=service,
        seen=f"the admission webhook {match['webhook']} does not answer, so {refusal.ref} cannot "
        f"be created: {cut(match['reason'].lstrip(': '), 140)}",
        expected=f"{service} with a ready endpoint",
        fix=f"kubectl describe service {service.name} -n {service.namespace}",
        need=NEVER if _comes_up(facts, service) else t1(4, 90),
    )


def _comes_up(facts: Facts, service: ObjectRef) -> bool:
    """Tells whether pods stand behind the Service that are not ready yet."""
    selector = ((facts.find(service) or {}).get("spec") or {}).get("selector") or {}
    pods = [p for p in facts.pods if p.ref.namespace == service.namespace]
    behind = [p for p in pods if selector and selector.items() <= _labels(p).items()]
    return bool(behind) and not any(p.ready for p in behind)


def _labels(pod: PodFact) -> dict[str, str]:
    return dict((pod.object.get("metadata") or {}).get("labels") or {})

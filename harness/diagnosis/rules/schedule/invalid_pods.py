"""H13: the API server calls the pods of a valid template invalid.

A workload's template is checked when it is applied; its pods are checked again as admission has
changed them: a LimitRange has set a default limit below the request (kubernetes#51430, #112835), a
webhook has added a container or a volume twice. The text names the field of the pod. What the
repository itself gets wrong is refused in the sync (A13).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from harness.diagnosis.facts import Facts
from harness.diagnosis.rules.argocd.sync_results import named_field
from harness.diagnosis.rules.schedule.pod_creation import Refusal, refusals
from harness.diagnosis.signal import Signal, t1
from harness.manifests.pods import field_prefix
from harness.model.wording import cut

_INVALID = re.compile(r"\bPod \"[^\"]*\" is invalid: \[?(.+)", re.IGNORECASE | re.DOTALL)
_FIELD = re.compile(r"^spec\.([\w.\[\]/-]+?): ")
_INDEX = re.compile(r"^(initContainers|containers)\[(\d+)\]")
_ABOVE_LIMIT = re.compile(
    r"(?:must be less than or equal to (\S+) limit|must be greater than or equal to (\S+) request)"
)
REPEATED = t1(2, 10)


def pods_invalid(facts: Facts) -> Iterator[Signal]:
    """Yields H13 where the pods of a workload are refused as invalid."""
    for refusal in refusals(facts):
        match = _INVALID.search(refusal.text)
        if match:
            yield _signal(facts, refusal, " ".join(match[1].split()))


def _signal(facts: Facts, refusal: Refusal, text: str) -> Signal:
    workload, template = refusal.workload, facts.template(refusal.workload)
    found = _FIELD.match(text)
    below = found[1] if found else ""
    own = _is_own(template, below)
    named = named_field(below, dict(template)) if own else ""
    field = f"{field_prefix(workload.kind)}.{named}" if named else field_prefix(workload.kind)
    resource = _defaulted(template, below, text) if own else ""
    changed = "" if own else "; the template has no such container: admission has added it"
    if resource:
        changed = f"; the template sets no {resource} limit: a LimitRange has set it"
    return Signal(
        cause="H13",
        at=workload,
        root=workload,
        field=field,
        seen=f"the API server refuses the pods of {workload} as invalid: {cut(text)}{changed}",
        expected=f"a {resource} limit of at least the request"
        if resource
        else "pods that are valid after admission has changed them",
        fix=_fix(workload.name, field, resource, own=own),
        need=REPEATED,
        count=refusal.count,
        since=refusal.since,
        last=refusal.last,
        by_text=True,
        rank=10,
    )


def _is_own(template: Mapping[str, Any], below: str) -> bool:
    """Tells whether the container that a text counts stands in the template."""
    match = _INDEX.match(below)
    return match is None or int(match[2]) < len(template.get(match[1]) or [])


def _defaulted(template: Mapping[str, Any], below: str, text: str) -> str:
    """Returns the resource whose limit is too low and was not set by the template."""
    match, place = _ABOVE_LIMIT.search(text), _INDEX.match(below)
    if match is None or place is None:
        return ""
    resource = match[1] or match[2]
    container = (template.get(place[1]) or [])[int(place[2])]
    limits = (container.get("resources") or {}).get("limits") or {}
    return "" if resource in limits else resource


def _fix(name: str, field: str, resource: str, *, own: bool) -> str:
    if resource:
        place = field.rpartition(".resources")[0] + ".resources.limits"
        return f"set {place}.{resource} of {name}"
    if own:
        return f"correct {field} of {name}"
    return "look at what changes pods: kubectl get mutatingwebhookconfigurations"

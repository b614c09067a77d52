"""H05: the namespace's Pod Security level refuses the pods; each violation is a field to set.

Text of the podsecurity admission plugin: `violates PodSecurity "<level>": <check> (<detail>), ...`.
Certain at first sight: a controller tries for ever and nobody changes the template. In `warn` mode
the same words appear but the pod exists, which is no refusal. OpenShift's counterpart (security
context constraints) is read likewise.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from textwrap import shorten

from harness.diagnosis.facts import Facts
from harness.diagnosis.rules.schedule.pod_creation import Refusal, refusals
from harness.diagnosis.signal import T0, Signal
from harness.manifests.pods import field_prefix

_VIOLATES = re.compile(r'violates PodSecurity "([^"]+)":\s*(.+)', re.IGNORECASE | re.DOTALL)
_CONSTRAINTS = re.compile(
    r"unable to validate against any security context constraint:?\s*(.*)",
    re.IGNORECASE | re.DOTALL,
)
_SET = re.compile(
    r'containers? ((?:"[^"]+"(?:, )?)+) must (not )?set (securityContext\.[\w.]+)'
    r'(?:=(\S+?)|.type to ("\S+"))?[),;\s]'
)
_NAME = re.compile(r'"([^"]+)"')
_HOST = re.compile(r"\b(hostNetwork|hostPID|hostIPC)=true")
_VOLUME = re.compile(r'volumes? ((?:"[^"]+"(?:, )?)+) uses? restricted volume type')


def pod_security_refuses(facts: Facts) -> Iterator[Signal]:
    """Yields H05 where Pod Security admission refuses a workload's pods."""
    for refusal in refusals(facts):
        found = _VIOLATES.search(refusal.text)
        other = None if found else _CONSTRAINTS.search(refusal.text)
        if found:
            yield _signal(refusal, f"PodSecurity {found.group(1)}", found.group(2))
        elif other:
            yield _signal(refusal, "every security context constraint", other.group(1))


def violated_fields(text: str) -> tuple[str, ...]:
    """Returns the paths below the pod specification that a refusal names."""
    fields = [
        f"containers[{name}].{path}"
        for names, _, path, *_ in _SET.findall(f"{text} ")
        for name in _NAME.findall(names)
    ]
    fields += _HOST.findall(text)
    fields += [f"volumes[{n}]" for names in _VOLUME.findall(text) for n in _NAME.findall(names)]
    return tuple(dict.fromkeys(fields))


def _signal(refusal: Refusal, policy: str, text: str) -> Signal:
    fields, workload = violated_fields(text), refusal.workload
    prefix = field_prefix(workload.kind)
    named = ", ".join(fields[:5])
    return Signal(
        cause="H05",
        at=workload,
        root=workload,
        field=f"{prefix}.{fields[0]}" if fields else prefix,
        seen=f"namespace {workload.namespace} refuses the pods of {workload}: {policy} is "
        f"violated: {shorten(text, 240, placeholder=' ...')}",
        expected=f"a pod that satisfies {policy}" + (f": set {named}" if named else ""),
        fix=f"Set {named or 'securityContext'} of {workload} as the refusal says",
        need=T0,
        count=refusal.count,
        since=refusal.since,
        last=refusal.last,
        by_text=True,
        rank=10,
    )

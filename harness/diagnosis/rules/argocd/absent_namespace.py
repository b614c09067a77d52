"""A12: an object's namespace does not exist.

The closed world here also knows the Applications that create their namespace themselves
(`CreateNamespace=true`), whether they are live or rendered. While one of them, or one that is
declared, may still bring it, the retries of the operation are waited for.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

from harness.diagnosis.closed_world import absence
from harness.diagnosis.facts import Appearance, Facts
from harness.diagnosis.rules.argocd.application_facts import applications
from harness.diagnosis.rules.argocd.sync_results import Refusal
from harness.diagnosis.signal import Need, Signal, t1
from harness.model.refs import ObjectRef

CREATES = "CreateNamespace=true"
RETRIES = t1(4, 150)
"""Argo CD's five tries end after about 155 s."""


def namespace_missing(facts: Facts, refusal: Refusal, match: re.Match[str]) -> Iterator[Signal]:
    """Yields that the namespace of a refused object is missing."""
    namespace = ObjectRef("Namespace", "", match["namespace"])
    if facts.appearance(namespace) is Appearance.PRESENT:
        return
    known = sorted(str(o["metadata"]["name"]) for o in facts.all("Namespace"))
    near = difflib.get_close_matches(namespace.name, known, n=1, cutoff=0.75)
    own = namespace.name == refusal.app.namespace
    yield refusal.signal(
        facts,
        "A12",
        root=namespace,
        seen=f"{refusal.ref} of {refusal.app.ref} is meant for the namespace {namespace.name}, "
        "which does not exist",
        expected=f"a namespace that exists ({near[0]} is near)"
        if near
        else f"a Namespace {namespace.name}, declared in an earlier wave or created by Argo CD",
        fix=f"add {CREATES} to spec.syncPolicy.syncOptions of {refusal.app.name}"
        if own
        else f"declare the Namespace {namespace.name}, or correct metadata.namespace",
        need=_need(facts, namespace),
    )


def _need(facts: Facts, namespace: ObjectRef) -> Need:
    creators = [a for a in applications(facts) if a.namespace == namespace.name]
    if any(CREATES in a.options for a in creators):
        return RETRIES
    return absence(facts, namespace, RETRIES)

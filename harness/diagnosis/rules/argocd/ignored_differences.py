"""Which live objects may differ from what is declared although Argo CD calls them Synced.

The Application's own `spec.ignoreDifferences`, and those of Argo CD's settings (ConfigMap
`argocd-cm`, keys `resource.customizations.ignoreDifferences.<group>_<Kind>` and `...all`). A
server-side diff leaves out what admission webhooks change. Where the settings are not known,
anything may differ.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from harness.diagnosis.facts import Facts
from harness.diagnosis.rules.argocd.application_facts import ApplicationFact
from harness.model.refs import ObjectRef

SETTINGS = "argocd-cm"
PARAMETERS = "argocd-cmd-params-cm"
OPTIONS = "argocd.argoproj.io/compare-options"
_PREFIX = "resource.customizations.ignoreDifferences."
_WHOLE = "resource.customizations"
"""The older form: one text with the customizations of every kind."""


def may_differ(facts: Facts, app: ApplicationFact, ref: ObjectRef) -> bool:
    """Tells whether a difference of this object is one that Argo CD was told to ignore."""
    marks = (app.object.get("metadata") or {}).get("annotations") or {}
    if "ServerSideDiff=true" in str(marks.get(OPTIONS) or "").replace(" ", ""):
        return True
    for entry in app.spec.get("ignoreDifferences") or []:
        if entry.get("kind") in {ref.kind, "*"} and entry.get("name") in {None, "", ref.name}:
            return True
    ignored: frozenset[str] = facts.memo("ignored kinds", lambda: frozenset(_kinds(facts)))
    return bool(ignored & {ref.kind, "all"})


def _kinds(facts: Facts) -> Iterator[str]:
    settings, data = _settings(facts, SETTINGS), _settings(facts, PARAMETERS) or {}
    if settings is None or data.get("controller.diff.server.side") == "true":
        yield "all"
        return
    if "ignoreDifferences" in str(settings.get(_WHOLE) or ""):
        yield "all"
    for key in settings:
        if key.startswith(_PREFIX):
            yield key.removeprefix(_PREFIX).rpartition("_")[2]


def _settings(facts: Facts, name: str) -> Mapping[str, Any] | None:
    found = facts.find(ObjectRef("ConfigMap", facts.header.engine_namespace, name))
    return None if found is None else found.get("data") or {}

"""Environment variables that are missing (P14) or that a Service's name overrides (P13).

A program's complaint counts only where the manifest agrees: a variable that the container is given
is not missing, whatever a `KeyError` says. Service links are the variables `<NAME>_PORT=tcp://...`
which the kubelet sets for each Service that exists when the pod starts (Kubernetes, "Accessing the
Service"; helm/charts#5089).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from harness.diagnosis.facts import Facts, Object
from harness.diagnosis.rules.start.endings import Ending, endings
from harness.diagnosis.rules.start.last_words import closes, last_match
from harness.diagnosis.rules.start.log_lines import plain
from harness.diagnosis.rules.start.text_causes import (
    TextCause,
    found_in,
    line_of,
    matches,
    seen,
    signal,
)
from harness.diagnosis.signal import T0, Need, Signal, t1
from harness.manifests.pods import field_prefix
from harness.model.refs import ObjectRef
from harness.model.wording import nearest

_NAME = r"(?P<name>[A-Z][A-Z0-9_]{2,})"
_LONG = r"(?P<name>[A-Z][A-Z0-9]*_[A-Z0-9_]+)"
"""With an underscore: a word that can hardly be anything but a variable."""
_ENVIRONMENT = r"(?i:environment variables?|env vars?|env variables?)"
_LACKS = r"(?i:missing|required|unset|undefined|set the|no value for)(?i: required)?"
_ABSENT = r"(?i:not set|required|missing|undefined|not found|not defined|must be set|unset|empty)"
_WORDED = (
    rf"{_ENVIRONMENT} [\"'`:]*{_NAME}[\"'`]* (?i:is |was |are )?{_ABSENT}",
    rf"{_LACKS} {_ENVIRONMENT}:? [\"'`]?{_NAME}",
    rf"{_LACKS}:? [\"'`]?{_LONG}\b",
    rf"required key {_NAME} missing value",
    rf"Could not resolve placeholder '{_NAME}'",
    rf"(?<!ReferenceError: )\b{_LONG}[\"'`]? "
    r"(?i:must be|is not|was not|not) (?i:set|defined|provided|specified)\b",
    rf"\b{_NAME} {_ENVIRONMENT} (?i:must be|is|was|not)",
    rf"\b{_LONG}[\"'`]? (?i:is required|is missing|must not be empty)\b",
    rf"\b{_NAME}: (?:unbound variable|parameter (?:null or )?not set)",
    rf"[Ss]et the {_NAME} environment variable",
)
MISSING: tuple[re.Pattern[str], ...] = tuple(re.compile(text, re.MULTILINE) for text in _WORDED)
KEY_ERROR = re.compile(rf"^KeyError: '{_NAME}'", re.MULTILINE)
FIELD_REQUIRED = re.compile(
    r"validation errors? for \w*(?:Settings|Config)\w*\n(?P<name>\w+)\n\s*Field required"
)
SERVICE_LINK = TextCause(
    cause="P13",
    pattern=matches(
        r"^.*(?:valid|pars|convert|number|integer|port should|bad_port|malformed|unknown url)"
        r".*tcp://(?P<address>\d+\.\d+\.\d+\.\d+):\d+"
        r"|^.*tcp://(?P<first>\d+\.\d+\.\d+\.\d+):\d+.*(?:valid|pars|convert|number|integer)"
    ),
    need=t1(2, 20),
    rank=12,
    newest_only=True,
    expected="",
    fix="",
)


def required_variable_is_missing(facts: Facts) -> Iterable[Signal]:
    """Finds programs that end because a variable is not there (P14)."""
    for ending in endings(facts):
        told = _missing(ending) if ending.code else None
        if told is None:
            continue
        found, usual = told
        name = found["name"].upper()
        given = given_variables(facts, ending)
        if name not in given:
            yield _missing_signal(ending, found, name, given, usual)


def _missing(ending: Ending) -> tuple[re.Match[str], Need] | None:
    """Returns where the newest last words name a missing variable, and how sure that is."""
    text = plain(ending.log)
    told = (m for p in (*MISSING, FIELD_REQUIRED) if (m := last_match(p, text)) and closes(m))
    found = next(told, None)
    if found is not None:
        return found, t1(2, 10)
    key = last_match(KEY_ERROR, text)
    if key is None or not closes(key):
        return None
    return key, t1(2, 10) if "environ" in ending.log else t1(3, 30)


def _missing_signal(
    ending: Ending, found: re.Match[str], name: str, given: set[str], usual: Need
) -> Signal:
    like = nearest(name, given, cutoff=0.7)
    near = f"; the nearest it is given is {like}" if like else ""
    place = f"{ending.container.field}.env of {ending.workload}"
    return Signal(
        cause="P14",
        at=ending.workload,
        root=ending.workload,
        field=ending.field(f"env[{name}]"),
        seen=seen(ending, line_of(found)),
        expected=f"container {ending.container.name} is given a value for {name}{near}",
        fix=f"rename {like} to {name} in {place}" if like else f"add {name} to {place}",
        need=ending.need(usual),
        count=ending.count,
        since=ending.since,
        last=ending.last,
        by_text=True,
        rank=30,
    )


def given_variables(facts: Facts, ending: Ending) -> set[str]:
    """Returns the names of the variables that a container is given a value for."""
    spec, namespace = ending.container.spec, ending.workload.namespace
    found = {str(e.get("name")) for e in spec.get("env") or [] if _has_value(facts, namespace, e)}
    for source in spec.get("envFrom") or []:
        prefix = str(source.get("prefix") or "")
        found |= {f"{prefix}{key}" for key in _keys_from(facts, namespace, source)}
    return found


def _has_value(facts: Facts, namespace: str, entry: Object) -> bool:
    """An empty value and an optional key that is not there are none."""
    source = entry.get("valueFrom") or {}
    for name, kind in (("secretKeyRef", "Secret"), ("configMapKeyRef", "ConfigMap")):
        ref = source.get(name)
        if ref and ref.get("optional"):
            return str(ref.get("key")) in keys(facts, ObjectRef(kind, namespace, str(ref["name"])))
    return bool(source) or bool(entry.get("value"))


def _keys_from(facts: Facts, namespace: str, source: Object) -> Iterator[str]:
    for name, kind in (("secretRef", "Secret"), ("configMapRef", "ConfigMap")):
        ref = source.get(name)
        if ref:
            yield from keys(facts, ObjectRef(kind, namespace, str(ref.get("name"))))


def keys(facts: Facts, ref: ObjectRef) -> set[str]:
    """Returns the keys of a Secret or ConfigMap, live or else declared."""
    declared = facts.declared.get(ref)
    obj = facts.find(ref) or (declared.object if declared else {})
    held: Mapping[str, object] = obj.get("data") or {}
    return {*held, *(obj.get("stringData") or {})}


def service_links_override_configuration(facts: Facts) -> Iterable[Signal]:
    """Finds programs that read a Service's address where they want a number (P13)."""
    for ending in endings(facts):
        found = found_in(ending, SERVICE_LINK)
        if found is None or ending.pod.spec.get("enableServiceLinks") is False:
            continue
        told = found["address"] or found["first"]
        names = [name for name, address in _services(facts, ending) if address == told]
        if not names and "DOCKER_HOST" in plain(ending.log):
            continue
        yield _link_signal(facts, ending, found, names)


def _link_signal(facts: Facts, ending: Ending, found: re.Match[str], names: list[str]) -> Signal:
    field = f"{field_prefix(ending.workload.kind)}.enableServiceLinks"
    source = f"Service {names[0]}" if names else "a Service of the namespace"
    variable = f"{link_prefix(names[0])}_PORT" if names else "a variable"
    return replace(
        signal(facts, ending, SERVICE_LINK, found),
        field=field,
        expected=f"a number: {source} sets {variable} in every pod that is started after it",
        fix=f"set {field}: false in {ending.workload}",
        need=ending.need(T0 if names else SERVICE_LINK.need),
    )


def link_prefix(service: str) -> str:
    """Returns how the variables of a Service begin."""
    return service.upper().replace("-", "_")


def _services(facts: Facts, ending: Ending) -> Iterator[tuple[str, str]]:
    for service in facts.all("Service", ending.workload.namespace):
        yield str(service["metadata"]["name"]), str((service.get("spec") or {}).get("clusterIP"))

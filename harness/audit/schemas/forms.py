"""How names, labels and keys must look for the API server. Pure.

Source: apimachinery `pkg/util/validation` (DNS-1123 labels and subdomains, qualified names, IANA
service names) and the name functions in kubernetes `pkg/apis/*/validation`. Names of variables
and of keys are judged elsewhere. A placeholder has no form.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from harness.audit.reading import is_placeholder

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_SUBDOMAIN = re.compile(rf"{_LABEL.pattern}(\.{_LABEL.pattern})*")
_SERVICE = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_QUALIFIED = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")
_PORT = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")

LOWER = "lower-case letters, digits and `-`, with a letter or digit at both ends"
SUBDOMAIN = "lower-case letters, digits, `-` and `.`, with a letter or digit at both ends"
QUALIFIED = "letters, digits, `-`, `_` and `.`, with a letter or digit at both ends"


def label_name(name: str) -> str:
    """Returns what is wrong with a DNS label; empty for a right one."""
    return _must(name, _LABEL, 63, LOWER)


def subdomain(name: str) -> str:
    """Returns what is wrong with a DNS subdomain."""
    return _must(name, _SUBDOMAIN, 253, SUBDOMAIN)


def service_name(name: str) -> str:
    """Returns what is wrong with the name of a Service."""
    return _must(name, _SERVICE, 63, "lower-case letters, digits and `-`, with a letter first")


def path_segment(name: str) -> str:
    """Returns what is wrong with the name of a Role or of its binding."""
    return "it must not hold `/` or `%`" if re.search("[/%]", name) or name in (".", "..") else ""


def port_name(name: str) -> str:
    """Returns what is wrong with the name of a container's port."""
    said = _must(name, _PORT, 15, LOWER)
    if not said and "--" in name:
        return "it must not hold `--`"
    return said or ("" if re.search("[a-z]", name) else "it must hold a letter")


def qualified(key: str) -> str:
    """Returns what is wrong with the key of a label or annotation."""
    prefix, slash, name = key.rpartition("/")
    if slash and (said := _must(prefix, _SUBDOMAIN, 253, SUBDOMAIN)):
        return f"before the `/` {said}"
    return _must(name, _QUALIFIED, 63, QUALIFIED)


def label_value(value: str) -> str:
    """Returns what is wrong with the value of a label."""
    return _must(value, _QUALIFIED, 63, QUALIFIED) if value else ""


def _must(name: str, pattern: re.Pattern[str], limit: int, words: str) -> str:
    if len(name) > limit:
        return f"it has {len(name)} characters, {limit} are allowed"
    return "" if pattern.fullmatch(name) else f"it must be made of {words}"


Complaint = tuple[str, str, str]
"""The key in the mapping (empty for the value itself), the text seen, what is wrong."""


def complaints(value: Any, form: str) -> Iterator[Complaint]:
    """Yields what has not its form in a name or in the keys and values of a mapping."""
    if form in _OF_NAMES:
        if isinstance(value, str) and (said := _said(_OF_NAMES[form], value)):
            yield "", value, said
        return
    if not isinstance(value, dict):
        return
    of_keys, of_values = _OF_MAPPINGS[form]
    for key, item in value.items():
        if isinstance(key, str) and (said := _said(of_keys, key)):
            yield key, key, said
        elif isinstance(item, str) and of_values and (said := _said(of_values, item)):
            yield str(key), item, said


def _said(judge: Callable[[str], str], text: str) -> str:
    return "" if is_placeholder(text) else judge(text)


def annotation_key(key: str) -> str:
    """Returns what is wrong with the key of an annotation; its case is not looked at."""
    return qualified(key.lower())


_OF_NAMES: dict[str, Callable[[str], str]] = {
    "label-name": label_name,
    "port-name": port_name,
}
_OF_MAPPINGS: dict[str, tuple[Callable[[str], str], Callable[[str], str] | None]] = {
    "labels": (qualified, label_value),
    "annotations": (annotation_key, None),
}

_BY_KIND: dict[str, Callable[[str], str]] = {
    "Service": service_name,
    "Namespace": label_name,
    "Role": path_segment,
    "ClusterRole": path_segment,
    "RoleBinding": path_segment,
    "ClusterRoleBinding": path_segment,
    "CertificateSigningRequest": path_segment,
    "CronJob": lambda name: _must(name, _SUBDOMAIN, 52, SUBDOMAIN),
}
_FREE = frozenset({"ClusterTrustBundle", "IPAddress", "StorageVersion"})
"""Kinds with rules of their own."""


def object_name(kind: str, name: str) -> str:
    """Returns what is wrong with the name of an object of a kind that Kubernetes knows."""
    is_stand_in = not any(map(str.isalnum, name))  # `_` or `*`, for a patch or a component to fill
    if kind in _FREE or is_stand_in or is_placeholder(name):
        return ""
    return _BY_KIND.get(kind, subdomain)(name)

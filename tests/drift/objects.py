"""Declared and live objects for the tests of the gap, with owners of their fields."""

from __future__ import annotations

import copy
import json
from typing import Any

import yaml

from harness.drift.applied_form import LAST_APPLIED
from harness.drift.observe import Asked, Reading, asked

Object = dict[str, Any]
SALT = b"salt of the tests"
DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop, labels: {app: web}}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          image: ghcr.io/shop/app:1.1.0
          env:
            - {name: NAME, value: web}
            - {name: NEEDS, value: "api:8080"}
"""
TIME = "2025-11-22T12:03:11Z"
EARLIER = "2025-11-22T11:00:00Z"


def loaded(text: str) -> Object:
    """The object of a YAML text."""
    found: Object = yaml.safe_load(text)
    return found


def deployment() -> Object:
    """The declared Deployment that most tests are about."""
    return loaded(DEPLOYMENT)


def fields(*paths: str) -> Object:
    """A set of fields: `spec/replicas`, list items as `name=web` or `v=x`; `.` marks a node."""
    found: Object = {}
    for path in paths:
        node = found
        for step in path.split("/"):
            node = node.setdefault(_mark(step), {})
    return found


def _mark(step: str) -> str:
    if step == ".":
        return step
    key, equals, value = step.partition("=")
    if not equals:
        return f"f:{step}"
    if key == "v":
        return f"v:{json.dumps(value)}"
    return "k:" + json.dumps({key: int(value) if value.isdecimal() else value})


def entry(
    manager: str,
    *paths: str,
    operation: str = "Update",
    subresource: str = "",
    time: str = TIME,
) -> Object:
    """One entry of `managedFields`."""
    found: Object = {
        "manager": manager,
        "operation": operation,
        "time": time,
        "fieldsV1": fields(*paths),
    }
    return {**found, "subresource": subresource} if subresource else found


def live(declared: Object, *entries: Object, applied: Object | None = None) -> Object:
    """A declared object as it lives, with the owners of its fields."""
    found = copy.deepcopy(declared)
    meta = found["metadata"]
    meta |= {"uid": f"uid-{meta['name']}", "resourceVersion": "7", "generation": 1}
    if entries:
        meta["managedFields"] = list(entries)
    if applied is not None:
        meta.setdefault("annotations", {})[LAST_APPLIED] = json.dumps(applied)
    return found


def reading(
    declared: Object,
    found: Object | None,
    rehearsed: Object | None = None,
    application: str = "web-dev",
    **more: Any,
) -> Reading:
    """What was read in place of a declared object."""
    return Reading(asked=question(declared, application), live=found, rehearsed=rehearsed, **more)


def question(declared: Object, application: str = "web-dev") -> Asked:
    """A declared object as it is asked about."""
    return asked(declared, application, "overlays/dev/web")


def plain(name: str, text: str) -> str:  # noqa: ARG001
    """Conceals nothing."""
    return text

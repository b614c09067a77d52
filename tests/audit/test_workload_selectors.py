"""Tests of workloads whose selector does not match their own pods."""

from __future__ import annotations

import pytest

from harness.audit.checks.workload_selectors import unmatched_templates
from harness.model.refs import ObjectRef
from tests.audit.scopes import faults

TEXT = """
apiVersion: %s
kind: %s
metadata: {name: web}
spec:
  selector: {matchLabels: %s}
  template: {metadata: {labels: %s}}
"""


@pytest.mark.parametrize(
    ("selector", "labels"),
    [("{app: web}", "{app: order}"), ("{app: web}", "{}"), ("{app: web}", "null")],
)
def test_a_selector_that_is_no_part_of_the_labels_is_a_defect(selector: str, labels: str) -> None:
    (fault,) = faults(unmatched_templates, TEXT % ("apps/v1", "Deployment", selector, labels))
    assert (fault.rule, fault.cause) == ("selector-not-in-template", "R15")
    assert fault.object == ObjectRef("Deployment", "shop", "web")
    assert fault.field == "spec.selector.matchLabels[app]"
    assert ("app=order" in fault.message) == ("order" in labels)
    assert ("no label app" in fault.message) != ("order" in labels)


@pytest.mark.parametrize(
    ("api", "kind", "selector", "labels"),
    [
        ("apps/v1", "Deployment", "{app: web}", "{app: web, tier: a}"),
        ("apps/v1", "StatefulSet", "{app: 1}", "{app: '1'}"),
        ("apps/v1", "Deployment", "{app: '${APP}'}", "{app: web}"),
        ("apps/v1", "Deployment", "[]", "{}"),
        ("apps/v1", "Deployment", "null", "x"),
        ("apps.kruise.io/v1", "StatefulSet", "{app: web}", "{app: b}"),
        ("batch/v1", "Job", "{app: web}", "{app: b}"),
    ],
)
def test_matching_templated_and_odd_ones_are_silent(
    api: str, kind: str, selector: str, labels: str
) -> None:
    assert not faults(unmatched_templates, TEXT % (api, kind, selector, labels))

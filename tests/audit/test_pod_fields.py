"""What the API server refuses in a pod template because it contradicts itself."""

from __future__ import annotations

import pytest

from harness.audit.checks.pod_fields import contradictions
from tests.audit.pods import workload
from tests.audit.scopes import faults, rules_found

MOUNT = "containers: [{name: a, volumeMounts: [{name: data, mountPath: /data}]}]"


def test_a_mount_of_an_absent_volume_is_a_defect() -> None:
    [found] = faults(
        contradictions, workload(f"{MOUNT}\nvolumes: [{{name: date, emptyDir: {{}}}}]")
    )

    assert (found.rule, found.cause) == ("volumemount-volume-missing", "A13")
    assert found.field == "spec.template.spec.containers[a].volumeMounts[data].name"
    assert found.fix.endswith("to date")


def test_a_block_device_needs_its_volume_too() -> None:
    text = workload("containers: [{name: a, volumeDevices: [{name: raw, devicePath: /dev/x}]}]")

    assert rules_found(faults(contradictions, text)) == ["volumemount-volume-missing"]


def test_volumes_and_claim_templates_can_be_mounted() -> None:
    template = workload(
        MOUNT, kind="StatefulSet", more="volumeClaimTemplates: [{metadata: {name: data}}]"
    )

    assert faults(contradictions, workload(f"{MOUNT}\nvolumes: [{{name: data}}]")) == []
    assert faults(contradictions, template) == []


def test_a_placeholder_among_the_volumes_leaves_the_mounts_unjudged() -> None:
    assert faults(contradictions, workload(f"{MOUNT}\nvolumes: [{{name: '${{V}}'}}]")) == []


def test_two_volumes_of_one_name_are_a_defect() -> None:
    text = workload("volumes: [{name: a}, {name: a}, {name: b}]")

    [found] = faults(contradictions, text)

    assert (found.rule, found.value) == ("volume-name-duplicate", "a")


def test_two_mounts_at_one_path_are_a_defect() -> None:
    text = workload(
        "containers: [{name: a, volumeMounts: [{name: x, mountPath: /d}, "
        "{name: y, mountPath: /d}]}]"
        "\nvolumes: [{name: x}, {name: y}]"
    )

    [found] = faults(contradictions, text)

    assert (found.rule, found.value) == ("mountpath-duplicate", "/d")


@pytest.mark.parametrize("name", ["A=b", "", "naïve"])
def test_a_variable_of_an_impossible_name_is_a_defect(name: str) -> None:
    text = workload(f"containers: [{{name: a, env: [{{name: '{name}', value: x}}]}}]")

    assert rules_found(faults(contradictions, text)) == ["env-name-invalid"]


@pytest.mark.parametrize("name", ["A_B", "spring.profile", "1A", "'{{ name }}='"])
def test_relaxed_names_of_variables_are_fine(name: str) -> None:
    assert (
        faults(contradictions, workload(f"containers: [{{name: a, env: [{{name: {name}}}]}}]"))
        == []
    )


def resources(request: str, limit: str) -> str:
    return workload(
        "containers: [{name: a, resources: "
        f"{{requests: {{cpu: {request}}}, limits: {{{limit}}}}}}}]"
    )


def test_a_request_above_its_limit_is_a_defect() -> None:
    [found] = faults(contradictions, resources("2", "cpu: 500m"))

    assert (found.rule, found.value) == ("request-above-limit", "2")
    assert found.field.endswith("containers[a].resources.requests.cpu")


@pytest.mark.parametrize("limit", ["cpu: 2", "cpu: 2000m", "", "memory: 1", "cpu: '${CPU}'"])
def test_requests_within_their_limits_are_fine(limit: str) -> None:
    assert faults(contradictions, resources("2", limit)) == []

"""Image references: spelling, images of one machine, registries of one machine."""

from __future__ import annotations

from typing import Any

import pytest

from harness.audit.checks.images import images_are_references, images_can_be_pulled
from harness.audit.cluster_profile import KIND
from harness.audit.finding import Fault, Severity
from tests.audit.manifests import container, found, manifest, of, unknown
from tests.audit.manifests import workload as deployment

Object = dict[str, Any]
DIGEST = "sha256:" + "0123456789abcdef" * 4


def using(image: Any, **more: Any) -> Object:
    return deployment("order", container("order", image, **more))


@pytest.mark.parametrize(
    ("image", "right"),
    [
        ("ghcr.io/Acme/shop:1", "ghcr.io/acme/shop:1"),
        ("https://ghcr.io/acme/shop:1", "ghcr.io/acme/shop:1"),
        ("ghcr.io/acme/shop :1", "ghcr.io/acme/shop:1"),
        ("ghcr.io/acme/shop:", "ghcr.io/acme/shop"),
        ("ghcr.io//acme/shop:1", "ghcr.io/acme/shop:1"),
        ("Acme/shop:1", "acme/shop:1"),
        ("ghcr.io/acme/shop:a+b", ""),
        ("ghcr.io/acme/shop@sha256:12", ""),
    ],
)
def test_what_is_no_reference_is_a_defect(image: str, right: str) -> None:
    (fault,) = found(images_are_references, using(image))

    assert (fault.rule, fault.cause) == ("image-invalid", "I04")
    assert (fault.field, fault.value) == ("spec.template.spec.containers[order].image", image)
    assert fault.expected.startswith(right or "a lower-case name")


@pytest.mark.parametrize(
    "image",
    [
        "nginx",
        "nginx:1.27-alpine",
        "ghcr.io/acme/shop:v1.2.3_a",
        f"ghcr.io/acme/shop@{DIGEST}",
        f"registry.example.com:5000/a/b__c/d-e:1@{DIGEST}",
        "localhost:5000/shop",
        "ko://github.com/acme/shop",
        "auto",
        "",
        None,
        7,
    ],
)
def test_references_are_fine(image: Any) -> None:
    assert not [*images_are_references(of(using(image)))]


@pytest.mark.parametrize(
    "image", ["${IMAGE}", "{{ .image }}", "ghcr.io/acme/shop:$(TAG)", "<image>", "__IMAGE__"]
)
def test_placeholders_are_silent(image: str) -> None:
    assert not [*images_are_references(of(using(image)))]
    assert not [*images_can_be_pulled(of(using(image)))]


@pytest.mark.parametrize(
    "image", ["ghcr.io/OWNER/shop:1", "IMAGE_PLACEHOLDER", "REGISTRY/shop:TAG", "PROJECT_ID/shop"]
)
def test_words_to_fill_in_are_not_judged(image: str) -> None:
    assert not found(images_are_references, using(image))
    assert len(unknown(images_are_references, using(image))) == 1


@pytest.mark.parametrize(
    ("image", "policy", "cause"),
    [
        ("shop-order:1.0", "", "I01"),
        ("shop-order:1.0", "IfNotPresent", "I01"),
        ("shop-order", "", "I06"),
        ("shop-order:latest", "", "I06"),
        ("shop-order:dev", "Always", "I06"),
        ("shop-order:latest", "IfNotPresent", "I01"),
        ("shop-order:dev", "Never", "I05"),
        ("ghcr.io/acme/shop:1", "Never", "I05"),
        ("nginx:1.27", "Never", "I05"),
    ],
)
def test_images_of_one_machine_are_an_external_precondition(
    image: str, policy: str, cause: str
) -> None:
    more = {"imagePullPolicy": policy} if policy else {}
    (fault,) = found(images_can_be_pulled, using(image, **more))

    assert (fault.rule, fault.cause) == ("image-local-only", cause)
    assert ("at every start" in fault.message) is (cause == "I06")


@pytest.mark.parametrize(
    "image",
    [
        "nginx",
        "postgres:17",
        "docker.io/library/redis:7",
        "acme/shop:1",
        "ghcr.io/acme/shop:1",
        "registry.k8s.io/pause:3.10",
        "10.0.0.5:5000/shop",
        "registry.example.com/shop",
        "image-registry.openshift-image-registry.svc:5000/shop/order",
        "placeholder:latest",
        f"shop-order@{DIGEST}",
    ],
)
def test_images_that_can_be_asked_for_are_fine(image: str) -> None:
    assert not found(images_can_be_pulled, using(image))


@pytest.mark.parametrize(
    "image",
    [
        "localhost:5001/shop:1",
        "127.0.0.1:5000/shop",
        "host.docker.internal:5000/shop",
        "kind-registry:5000/shop",
        "registry.home.local/shop",
        "localhost/shop",
    ],
)
def test_registries_of_one_machine_are_an_external_precondition(image: str) -> None:
    (fault,) = found(images_can_be_pulled, using(image, imagePullPolicy="IfNotPresent"))

    assert (fault.rule, fault.severity) == ("image-local-registry", None)


def test_a_registry_of_one_machine_that_must_be_asked_is_a_mismatch_on_a_known_target() -> None:
    always = using("localhost:5001/shop:1", imagePullPolicy="Always")
    held = using("localhost:5001/shop:1")
    (mismatch,) = found(images_can_be_pulled, always, profile=KIND)
    (possible,) = found(images_can_be_pulled, held, profile=KIND)

    assert (mismatch.severity, possible.severity) == (Severity.MISMATCH, None)


def test_init_containers_rollouts_and_cron_jobs_are_looked_at() -> None:
    rollout = manifest("Rollout", "web", using("shop-web:1")["spec"])
    init = deployment("api", pod={"initContainers": [container("wait", "shop-wait:1")]})
    job = {"template": {"spec": {"containers": [container("job", "shop-job:1")]}}}
    cron = manifest("CronJob", "nightly", {"jobTemplate": {"spec": job}})
    faults = found(images_can_be_pulled, rollout, init, cron)

    assert {f.field for f in faults} == {
        "spec.template.spec.containers[order].image",
        "spec.template.spec.initContainers[wait].image",
        "spec.jobTemplate.spec.template.spec.containers[job].image",
    }


def test_images_that_openshift_fills_in_are_fine() -> None:
    triggered = using("shop-order:latest")
    triggered["metadata"]["annotations"] = {"image.openshift.io/triggers": "[]"}
    config = manifest(
        "DeploymentConfig",
        "order",
        {**using("shop-order")["spec"], "triggers": [{"type": "ImageChange"}]},
        apiVersion="apps.openshift.io/v1",
    )

    assert not found(images_can_be_pulled, triggered, config)


@pytest.mark.parametrize(
    "image", ["/", ":", "@", "a/b/", "/a", "a:b:c", "İ", "a" * 5000, "[::1]:5000/a"]
)
def test_odd_images_raise_nothing(image: str) -> None:
    for check in (images_are_references, images_can_be_pulled):
        assert all(isinstance(f, Fault) for f in check(of(using(image))))

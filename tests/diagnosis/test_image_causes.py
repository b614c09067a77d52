"""What is read from the texts of failed pulls, and how it is worded."""
# ruff: noqa: E501 - texts of other programs are quoted as they are

from __future__ import annotations

import pytest

from harness.diagnosis.rules.image.image_names import nearest_host
from harness.diagnosis.rules.image.image_texts import PullError, decisive, pull_error
from harness.diagnosis.rules.secret.credential_keys import accepts, serves
from harness.manifests.image_text import corrected
from harness.model.finding import Diagnosis, Finding
from harness.model.refs import ImageReference
from tests.diagnosis.crash_loops import facts_at
from tests.diagnosis.samples.image_world import LONG, on_the_node, one
from tests.diagnosis.samples.pull_world import (
    ANONYMOUS,
    DENIED,
    NO_BASIC,
    NO_HOST,
    NOT_FOUND,
    OAUTH,
    RESOLVE,
    TIMED_OUT,
    failing_pull,
)
from tests.diagnosis.world import START, World, container, running

IMAGE = "ghcr.io/shop/app:1"


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (NOT_FOUND, PullError.MISSING),
        ("manifest for ghcr.io/shop/app:1 not found: manifest unknown: manifest unknown", PullError.MISSING),
        (ANONYMOUS, PullError.ANONYMOUS),
        (NO_BASIC, PullError.ANONYMOUS),
        (OAUTH, PullError.REFUSED),
        ("denied: permission_denied: read_package", PullError.REFUSED),
        (DENIED, PullError.DENIED),
        (
            "Error response from daemon: pull access denied for app, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
            PullError.DENIED,
        ),
        (RESOLVE + "unexpected status from HEAD request to https://ghcr.io/v2/a/manifests/1: 403 Forbidden", PullError.DENIED),
        (NO_HOST, PullError.UNREACHABLE),
        (TIMED_OUT, PullError.UNREACHABLE),
        ('failed to do request: Head "https://r.test/v2/a": EOF', PullError.UNREACHABLE),
        ("net/http: TLS handshake timeout", PullError.UNREACHABLE),
        (
            RESOLVE + 'failed to authorize: failed to fetch anonymous token: Get "https://ghcr.io/token": dial tcp 140.82.121.34:443: i/o timeout',
            PullError.UNREACHABLE,
        ),
        (
            RESOLVE + "failed to authorize: failed to fetch anonymous token: unexpected status from GET request to https://ghcr.io/token: 503 Service Unavailable",
            PullError.SERVER,
        ),
        (
            RESOLVE + "failed to authorize: failed to fetch anonymous token: unexpected status from GET request to https://auth.docker.io/token: 429 Too Many Requests",
            PullError.RATE_LIMIT,
        ),
        ("failed to pull and unpack image: no match for platform in manifest: not found", PullError.PLATFORM),
        ("no matching manifest for linux/arm64/v8 in the manifest list entries", PullError.PLATFORM),
        (
            RESOLVE + "failed to authorize: failed to fetch anonymous token: unexpected status from GET request to https://ghcr.io/token: 404 Not Found",
            PullError.DENIED,
        ),
        ("tls: failed to verify certificate: x509: certificate signed by unknown authority", PullError.TLS),
        ("http: server gave HTTP response to HTTPS client", PullError.TLS),
        ("failed to extract layer: write /x: no space left on device: unknown", PullError.DISK),
        ("pull QPS exceeded", PullError.THROTTLED),
        ("failed to copy: httpReadSeeker: failed open: unexpected EOF", PullError.INTERRUPTED),
        (
            "failed to copy: httpReadSeeker: failed open: could not fetch content descriptor sha256:1f (application/vnd.oci.image.layer.v1.tar+gzip) from remote: not found",
            PullError.INCOMPLETE,
        ),
        ("unable to parse auth field, must be formatted as base64(user:pass)", PullError.CREDENTIAL_FORM),
        ("failed to decode the answer: invalid character '<' looking for beginning of value", PullError.OTHER),
        ("", PullError.UNTOLD),
    ],
)  # fmt: skip
def test_the_text_of_a_pull_tells_why_it_failed(text: str, error: PullError) -> None:
    said = text.format(IMAGE, "ghcr.io")

    assert pull_error(said) is error
    assert pull_error(f'Failed to pull image "{IMAGE}": {said}') is error
    assert pull_error(f'Back-off pulling image "{IMAGE}": ErrImagePull: {said}') is error


def test_backing_off_alone_tells_nothing() -> None:
    assert pull_error(f'Back-off pulling image "{IMAGE}"') is PullError.UNTOLD


def test_only_the_decisive_part_of_a_text_is_quoted() -> None:
    text = NOT_FOUND.format(IMAGE)

    assert (
        decisive(f'Back-off pulling image "{IMAGE}": ErrImagePull: {text}') == f"{IMAGE}: not found"
    )
    assert decisive("x" * 900).endswith("…")
    assert len(decisive("x " * 900)) <= 200


@pytest.mark.parametrize(
    ("key", "image", "expected"),
    [
        ("ghcr.io", "ghcr.io/shop/app:1", True),
        ("https://ghcr.io", "ghcr.io/shop/app:1", True),
        ("https://ghcr.io/v2/", "ghcr.io/shop/app:1", True),
        ("https://ghcr.io/v2", "ghcr.io/shop/app:1", False),
        ("ghcr.io/shop", "ghcr.io/shop/app:1", True),
        ("ghcr.io/other", "ghcr.io/shop/app:1", False),
        ("*.example.com", "registry.example.com/app:1", True),
        ("*.example.com", "a.b.example.com/app:1", False),
        ("registry.local", "registry.local:5000/app:1", False),
        ("registry.local:5000", "registry.local:5000/app:1", True),
        ("https://index.docker.io/v1/", "shop/app:1", True),
        ("docker.io", "shop/app:1", True),
        ("https://hub.docker.com", "shop/app:1", False),
        ("docker.pkg.github.com", "ghcr.io/shop/app:1", False),
    ],
)
def test_keys_match_as_the_kubelet_matches_them(key: str, image: str, expected: bool) -> None:
    assert accepts(key, ImageReference.parse(image)) is expected


def test_a_secret_of_another_type_or_with_unknown_hosts_is_told_apart() -> None:
    image = ImageReference.parse(IMAGE)
    known = {"metadata": {"annotations": {"gitops-harness/auths": "ghcr.io, quay.io"}}}

    assert serves({**known, "type": "Opaque"}, image) is False
    assert serves({**known, "type": "kubernetes.io/dockerconfigjson"}, image) is True
    assert serves({"metadata": {}, "type": "kubernetes.io/dockercfg"}, image) is None


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("ghcr.io/MusicCorp/Order:v1", "ghcr.io/musiccorp/order:v1"),
        ("https://ghcr.io/shop/app:1", "ghcr.io/shop/app:1"),
        ("ghcr.io/shop/app:1 ", "ghcr.io/shop/app:1"),
        ("ghcr.io//shop/app::1", "ghcr.io/shop/app:1"),
        ("ghcr.io/shop/app:", "ghcr.io/shop/app"),
        ("Registry.local:5000/App", "registry.local:5000/app"),
        ("ghcr.io/shop/app:V1.RC", ""),
        ("ghcr.io/${OWNER}/app:1", ""),
        ("ghcr.io/shop/app:1.0+build", ""),
    ],
)
def test_a_wrong_reference_gets_the_right_spelling(wrong: str, right: str) -> None:
    assert corrected(wrong) == right


def the_finding(diagnosis: Diagnosis) -> Finding:
    (found,) = diagnosis.findings
    return found


def test_the_nearest_known_tag_is_proposed() -> None:
    world = one("ghcr.io/shop/app:v1.4.1")
    on_the_node(
        world, "ghcr.io/shop/app:v1.4.0", "ghcr.io/shop/app:v0.9", "ghcr.io/shop/other:v1.4.1"
    )
    failing_pull(world, "app", NOT_FOUND)

    found = the_finding(world.diagnose(45))

    assert found.field == "spec.template.spec.containers[app].image"
    assert found.fix == "set the image to ghcr.io/shop/app:v1.4.0"


def test_another_service_is_not_proposed_for_a_missing_image() -> None:
    world = one("ghcr.io/musiccorp/musiccorp-payment:9")
    on_the_node(
        world, "ghcr.io/musiccorp/musiccorp-order:1", "ghcr.io/musiccorp/musiccorp-catalog:1"
    )
    failing_pull(world, "app", NOT_FOUND)

    found = the_finding(world.diagnose(45))

    assert "order" not in found.expected + found.fix
    assert found.fix.startswith("push ghcr.io/musiccorp/musiccorp-payment:9")


def test_a_repository_that_is_spelled_alike_is_named() -> None:
    world = one("ghcr.io/shop/catalogue:1")
    on_the_node(world, "ghcr.io/shop/catalog:1")
    failing_pull(world, "app", NOT_FOUND)

    assert the_finding(world.diagnose(45)).expected.endswith("for example ghcr.io/shop/catalog")


def test_one_not_found_is_only_a_suspect() -> None:
    world = one(IMAGE)
    failing_pull(world, "app", NOT_FOUND, tries=(3,))

    found = world.diagnose(200)

    assert not found.findings
    assert [s.cause for s in found.suspects] == ["I01"]


def test_time_outs_before_it_do_not_count_as_not_found() -> None:
    world = one(IMAGE)
    failing_pull(world, "app", TIMED_OUT, tries=LONG[:3])
    failing_pull(world, "app", NOT_FOUND, tries=(82,))

    found = world.diagnose(120)

    assert not found.findings
    assert [s.cause for s in found.suspects] == ["I01"]


def test_a_harness_that_began_during_the_back_off_counts_the_try_before() -> None:
    world = one(IMAGE)
    failing_pull(world, "app", NOT_FOUND, tries=(-30, 15))
    world.entries = [
        e
        for e in world.entries
        if e.ref.kind != "Event" and (e.ref.kind != "Pod" or e.at > START - 28)
    ]

    assert the_finding(world.diagnose(20)).cause == "I01"


def test_a_known_registry_is_not_called_misspelt() -> None:
    world = one("ghcr.io/shop/app:1")
    world.pod("app", 1)

    assert nearest_host(facts_at(world, 5), "ghcr.io") == ""
    assert nearest_host(facts_at(world, 5), "ghrc.io") == "ghcr.io"


def test_two_containers_with_two_wrong_images_are_two_findings() -> None:
    world = World()
    world.workload("app", container("a", "ghcr.io/shop/a:9"), container("b", "ghcr.io/shop/b:9"))
    failing_pull(world, "app", NOT_FOUND, name="a")
    failing_pull(world, "app", NOT_FOUND, name="b")

    # Each call writes the pod anew, so both containers wait in the last version only here.
    last = world.live("Pod", "app-h1-abcde")
    statuses = [
        {**status, "state": {"waiting": {"reason": "ImagePullBackOff", "message": f'Back-off pulling image "{status["image"]}": ErrImagePull: {NOT_FOUND.format(status["image"])}'}}}
        for status in last["status"]["containerStatuses"]
    ]  # fmt: skip
    world.put({**last, "status": {**last["status"], "containerStatuses": statuses}}, 43)

    fields = {f.field for f in world.diagnose(60).findings}

    assert fields == {f"spec.template.spec.containers[{n}].image" for n in "ab"}


def test_a_wrong_clock_is_given_time() -> None:
    world = one(IMAGE)
    text = 'failed to do request: Head "https://ghcr.io/v2/": tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time 2020-01-01T00:00:00Z is before 2026-01-01T00:00:00Z'
    failing_pull(world, "app", text, tries=LONG[:4])

    assert not world.diagnose(60).findings
    assert the_finding(world.diagnose(120)).cause == "I10"


def test_a_pull_that_came_through_is_no_finding() -> None:
    world = one(IMAGE)
    failing_pull(world, "app", NOT_FOUND)
    assert world.diagnose(45).findings

    world.pod("app", 50, state=running(50))
    world.ready("app", 55)

    assert not world.diagnose(60).findings

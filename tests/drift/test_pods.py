from __future__ import annotations

from typing import Any

import pytest

from harness.drift.pods import Fleet, fleet, older_templates, other_digests
from harness.model.drift import DriftKind
from harness.model.refs import ObjectRef
from tests.drift.objects import TIME, deployment, live, loaded, question

Object = dict[str, Any]
IMAGE = "ghcr.io/shop/app:1.1.0"
OLD, NEW = "sha256:" + "a" * 64, "sha256:" + "b" * 64
WEB = ObjectRef("Deployment", "shop", "web")


def owned(kind: str, name: str) -> list[Object]:
    return [{"kind": kind, "name": name, "controller": True}]


def pod(
    name: str = "web-1-x",
    image_id: str = f"ghcr.io/shop/app@{OLD}",
    *,
    image: str = IMAGE,
    owner: tuple[str, str] | None = ("ReplicaSet", "web-1"),
    labels: Object | None = None,
    phase: str = "Running",
) -> Object:
    return {
        "metadata": {
            "name": name,
            "namespace": "shop",
            "creationTimestamp": TIME,
            "labels": labels or {"pod-template-hash": "1"},
            "ownerReferences": owned(*owner) if owner else [],
        },
        "spec": {"containers": [{"name": "web", "image": image}]},
        "status": {
            "phase": phase,
            "startTime": TIME,
            "containerStatuses": [{"name": "web", "imageID": image_id}],
        },
    }


def replica_set(number: str, revision: str) -> Object:
    return {
        "kind": "ReplicaSet",
        "metadata": {
            "name": f"web-{number}",
            "namespace": "shop",
            "labels": {"pod-template-hash": number},
            "annotations": {"deployment.kubernetes.io/revision": revision},
            "ownerReferences": owned("Deployment", "web"),
        },
    }


def seen(*pods: Object, others: tuple[Object, ...] = ()) -> Fleet:
    return fleet(pods, [replica_set("1", "1"), replica_set("2", "2")], others)


def digests(*pods: Object, images: Object | None = None) -> list[tuple[str, str, str]]:
    known = {IMAGE: NEW} if images is None else images
    found = other_digests(question(deployment()), seen(*pods), known)
    return [(f.field, f.declared, f.live) for f in found]


def test_a_tag_that_moved_is_told_with_both_digests() -> None:
    assert digests(pod()) == [("spec.template.spec.containers[web].image", NEW, OLD)]


def test_the_finding_says_since_when() -> None:
    found = next(other_digests(question(deployment()), seen(pod()), {IMAGE: NEW}))

    assert (found.kind, found.object, found.time) == (DriftKind.IMAGE, WEB, TIME)


def test_two_digests_of_one_container_are_one_finding() -> None:
    other = "sha256:" + "c" * 64

    found = digests(pod(), pod("web-1-y", f"ghcr.io/shop/app@{other}"))

    assert [live for _, _, live in found] == [f"{OLD}, {other}"]


@pytest.mark.parametrize(
    "running",
    [
        pod(image_id=f"ghcr.io/shop/app@{NEW}"),
        pod(image_id=f"docker-pullable://ghcr.io/shop/app@{NEW}"),
        pod(image_id=f"docker.io/library/other@{OLD}"),
        pod(image_id=f"sha256:{'d' * 64}"),
        pod(image_id=""),
        pod(image="ghcr.io/shop/app:hand"),
        pod(phase="Succeeded"),
        pod(owner=("ReplicaSet", "somebody-elses")),
    ],
    ids=["same", "same-docker", "other-name", "loaded", "none", "other-image", "ended", "other"],
)
def test_what_is_the_same_or_unclear_is_no_finding(running: Object) -> None:
    assert digests(running) == []


def test_an_image_whose_digest_nobody_told_is_not_compared() -> None:
    assert digests(pod(), images={}) == []


def test_a_pinned_digest_needs_nobody_to_tell_it() -> None:
    declared = deployment()
    image = f"ghcr.io/shop/app@{NEW}"
    declared["spec"]["template"]["spec"]["containers"][0]["image"] = image

    found = list(other_digests(question(declared), seen(pod(image=image)), {}))

    assert [(f.declared, f.live) for f in found] == [(NEW, OLD)]


def rolled(revision: str) -> Object:
    found = live(deployment())
    found["metadata"]["annotations"] = {"deployment.kubernetes.io/revision": revision}
    return found


def test_pods_of_an_older_template_are_told() -> None:
    new = pod("web-2-x", owner=("ReplicaSet", "web-2"), labels={"pod-template-hash": "2"})

    found = list(older_templates(question(deployment()), rolled("2"), seen(pod(), new)))

    assert [(f.kind, f.declared, f.live) for f in found] == [
        (
            DriftKind.REVISION,
            "pod-template-hash 2",
            "1 of 2 pods run an older template: web-1-x",
        )
    ]


def test_pods_of_the_newest_template_are_fine() -> None:
    assert not list(older_templates(question(deployment()), rolled("1"), seen(pod())))


def test_without_a_known_newest_template_nothing_is_claimed() -> None:
    assert not list(older_templates(question(deployment()), live(deployment()), seen(pod())))


@pytest.mark.parametrize("hash_of_pod", ["old", "new"])
def test_a_stateful_set_says_its_newest_revision_itself(hash_of_pod: str) -> None:
    declared = loaded("{kind: StatefulSet, metadata: {name: db, namespace: shop}, spec: {}}")
    there = live(declared) | {"status": {"updateRevision": "new"}}
    labels = {"controller-revision-hash": hash_of_pod}
    one = pod("db-0", owner=("StatefulSet", "db"), labels=labels)

    found = list(older_templates(question(declared), there, seen(one)))

    assert bool(found) == (hash_of_pod == "old")


@pytest.mark.parametrize("hash_of_pod", ["one", "two"])
def test_a_daemon_set_has_its_newest_revision_beside_it(hash_of_pod: str) -> None:
    declared = loaded("{kind: DaemonSet, metadata: {name: log, namespace: shop}, spec: {}}")
    revisions = tuple(
        {
            "kind": "ControllerRevision",
            "revision": number,
            "metadata": {
                "name": name,
                "namespace": "shop",
                "labels": {"controller-revision-hash": name},
                "ownerReferences": owned("DaemonSet", "log"),
            },
        }
        for number, name in ((10, "two"), (9, "one"))
    )
    labels = {"controller-revision-hash": hash_of_pod}
    one = pod("log-x", owner=("DaemonSet", "log"), labels=labels)

    found = list(older_templates(question(declared), live(declared), seen(one, others=revisions)))

    assert bool(found) == (hash_of_pod == "one")

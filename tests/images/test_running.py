from __future__ import annotations

from typing import Any

from harness.images.running import pods_to_replace, running_digests


def _pod(image: str, image_id: str, **meta: Any) -> dict[str, Any]:
    return {
        "metadata": meta,
        "spec": {"containers": [{"name": "c", "image": image}]},
        "status": {"containerStatuses": [{"name": "c", "imageID": image_id}]},
    }


def test_digests_are_collected_per_declared_image() -> None:
    pods = [
        _pod("a:1", "ghcr.io/a@sha256:1"),
        _pod("a:1", "ghcr.io/a@sha256:2"),
        _pod("b:1", "docker.io/b@sha256:3"),
    ]

    assert running_digests(pods) == {
        "a:1": frozenset({"sha256:1", "sha256:2"}),
        "b:1": frozenset({"sha256:3"}),
    }


def test_a_pod_that_is_going_and_one_without_digest_do_not_count() -> None:
    going = _pod("a:1", "a@sha256:1", deletionTimestamp="now")

    assert running_digests([going, _pod("b:1", "")]) == {}


def test_only_pods_with_another_digest_are_to_be_replaced() -> None:
    old, new = _pod("a:1", "a@sha256:1"), _pod("a:1", "a@sha256:2")
    other = _pod("b:1", "b@sha256:9")

    assert pods_to_replace([old, new, other], {"a:1": "sha256:2"}) == [(old, ("a:1",))]

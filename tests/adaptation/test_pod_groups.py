"""What one pod requests, as the scheduler counts it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from harness.adaptation.pod_groups import requests_of


def container(cpu: str, **more: Any) -> dict[str, Any]:
    return {"resources": {"requests": {"cpu": cpu}}, **more}


def test_containers_are_added() -> None:
    assert requests_of({"containers": [container("1"), container("500m")]}).processors == Decimal(
        "1.5"
    )


def test_an_init_container_counts_only_where_it_asks_for_more() -> None:
    spec = {"initContainers": [container("2")], "containers": [container("1")]}
    assert requests_of(spec).processors == 2
    assert requests_of({**spec, "containers": [container("3")]}).processors == 3


def test_a_sidecar_is_added_to_the_containers_and_to_later_init_containers() -> None:
    sidecar = container("1", restartPolicy="Always")
    assert (
        requests_of({"initContainers": [sidecar], "containers": [container("1")]}).processors == 2
    )
    later = {"initContainers": [sidecar, container("2")], "containers": [container("1")]}
    assert requests_of(later).processors == 3


def test_a_quantity_that_is_none_counts_nothing() -> None:
    assert requests_of({"containers": [container("a lot")]}).processors == 0

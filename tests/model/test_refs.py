from __future__ import annotations

import pytest

from harness.model.refs import ImageReference


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("postgres:17", "docker.io/library/postgres:17"),
        ("apache/kafka:4.1.0", "docker.io/apache/kafka:4.1.0"),
        ("ghcr.io/acme/shop-order:1.0", "ghcr.io/acme/shop-order:1.0"),
        ("localhost:5000/shop", "localhost:5000/shop:latest"),
        ("localhost/shop:2", "localhost/shop:2"),
        ("redis@sha256:abc", "docker.io/library/redis@sha256:abc"),
        ("quay.io/a/b:v1@sha256:abc", "quay.io/a/b:v1@sha256:abc"),
    ],
)
def test_a_reference_gets_the_defaults_of_docker_hub(text: str, expected: str) -> None:
    assert str(ImageReference.parse(text)) == expected


@pytest.mark.parametrize("text", ["", "  ", "shop:", "ghcr.io/", "shop@"])
def test_what_is_no_reference_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not an image reference"):
        ImageReference.parse(text)

"""The spelling of image references, and which images are servers."""

from __future__ import annotations

import pytest

from harness.manifests.image_text import corrected, is_host_by_capitals, is_reference
from harness.manifests.server_images import (
    has_new_postgres_layout,
    is_kafka_image,
    is_postgres_image,
    major_version,
)

DIGEST = "sha256:" + "0123456789abcdef" * 4


@pytest.mark.parametrize(
    "text",
    [
        "nginx",
        "a/b.c_d__e--f:1.0_A",
        "localhost:5000/a",
        "REGISTRY.example.com/a",
        f"a@{DIGEST}",
        "[::1]:5000/a",
    ],
)
def test_references(text: str) -> None:
    assert is_reference(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "A",
        "a/B",
        "a b",
        "a:",
        "a@",
        "https://a/b",
        "a//b",
        "/a",
        "a/",
        "-a",
        "a:-",
        f"a@x{DIGEST}:",
        "Acme/a",
    ],
)
def test_what_is_no_reference(text: str) -> None:
    assert not is_reference(text)


def test_a_capital_letter_makes_a_host_of_the_first_part() -> None:
    assert is_host_by_capitals("Acme/a:1")
    assert not is_host_by_capitals("Acme.io/a")
    assert not is_host_by_capitals("ACME")


@pytest.mark.parametrize(
    ("text", "right"),
    [("https://Ghcr.io/A/b:V1", "ghcr.io/a/b:V1"), ("a b", "ab"), ("a", ""), ("$(X)", "")],
)
def test_what_was_probably_meant(text: str, right: str) -> None:
    assert corrected(text) == right


@pytest.mark.parametrize(
    ("image", "is_kafka"),
    [
        ("apache/kafka:4.1.0", True),
        ("quay.io/strimzi/kafka", True),
        ("confluentinc/cp-kafka", True),
        ("provectuslabs/kafka-ui", False),
        ("danielqsj/kafka-exporter", False),
        ("confluentinc/cp-kafka-connect", False),
        ("postgres", False),
    ],
)
def test_images_of_kafka(image: str, is_kafka: bool) -> None:
    assert is_kafka_image(image) is is_kafka


def test_images_of_postgres() -> None:
    assert is_postgres_image("ghcr.io/acme/postgres:17")
    assert is_postgres_image("postgis/postgis")
    assert not is_postgres_image("mysql")


@pytest.mark.parametrize(
    ("tag", "major"),
    [
        ("17", 17),
        ("17.2-alpine", 17),
        ("v3", 3),
        ("18beta1", 18),
        ("latest", None),
        ("3fa9c", None),
        ("", None),
    ],
)
def test_major_versions(tag: str, major: int | None) -> None:
    assert major_version(tag) == major


@pytest.mark.parametrize(
    ("image", "is_new"),
    [
        ("postgres:18", True),
        ("docker.io/library/postgres:19-alpine", True),
        ("postgres", True),
        ("postgres:17", False),
        ("postgres:alpine", False),
        ("bitnami/postgresql:18", False),
        ("postgres:", False),
    ],
)
def test_images_that_keep_data_by_version(image: str, is_new: bool) -> None:
    assert has_new_postgres_layout(image) is is_new

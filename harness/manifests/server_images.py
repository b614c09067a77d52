"""Which images run a Kafka broker or a PostgreSQL server, by name, and of which version. Pure.

Names are habits, not a specification: images of tools around a server (exporters, consoles,
connectors) are told apart by their names too. PostgreSQL's official images keep their data in a
folder of their version from 18 on (docker-library/postgres, `docker-entrypoint.sh`).
"""

from __future__ import annotations

import re

from harness.model.refs import ImageReference

NEW_POSTGRES_LAYOUT = 18
_AROUND_KAFKA = re.compile(
    r"kafka[-_]?(?:ui|exporter|connect|manager|rest|proxy|topics|lag|drop|magic)|kafdrop|akhq|kcat",
    re.IGNORECASE,
)
_KAFKA = re.compile(r"(?:^|/)[\w.-]*kafka|(?:^|/)redpanda", re.IGNORECASE)
_POSTGRES = re.compile(r"(?:^|/)[\w.-]*(?:postgres|postgis|timescale)", re.IGNORECASE)


def is_kafka_image(image: str) -> bool:
    """Tells whether an image runs a Kafka broker or controller."""
    return bool(_KAFKA.search(image)) and not _AROUND_KAFKA.search(image)


def is_postgres_image(image: str) -> bool:
    """Tells whether an image holds PostgreSQL."""
    return bool(_POSTGRES.search(image))


def official_postgres(image: str) -> ImageReference | None:
    """Returns the reference of an image that is called `postgres`; None for any other."""
    try:
        reference = ImageReference.parse(image)
    except ValueError:
        return None
    return reference if reference.repository.rpartition("/")[2] == "postgres" else None


def major_version(tag: str) -> int | None:
    """Returns the number that a tag begins with; None for `latest` and the like."""
    found = re.match(r"v?(\d{1,4})(?=$|[._-]|alpha|beta|rc)", tag)
    return int(found[1]) if found else None


def has_new_postgres_layout(image: str) -> bool:
    """Tells whether an official image keeps its data in a folder of its version."""
    reference = official_postgres(image)
    if reference is None:
        return False
    major = major_version(reference.tag)
    return major >= NEW_POSTGRES_LAYOUT if major else reference.tag.startswith("latest")

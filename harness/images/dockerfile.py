"""Substitutes base images in a copy of a Dockerfile, so that no official name is ever faked.

Pure. `FROM python:3.13-slim` becomes the local name of the bundle's image that stands for it, in
the copy that is sent to Docker; the user's file stays as it is. Stages named in the same file,
build arguments and `scratch` are left alone (Dockerfile reference, `FROM`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from harness.model.refs import ImageReference

_FROM = re.compile(
    r"^(?P<head>\s*FROM\s+(?:--platform=\S+\s+)?)(?P<image>\S+)(?P<tail>(?:\s+AS\s+(?P<stage>\S+))?.*)$",
    re.IGNORECASE,
)
_ARG = re.compile(r"^\s*ARG\s+(?P<name>\w+)=(?P<value>\S+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Substituted:
    """A Dockerfile ready to build, what was replaced, and the bases nobody could answer."""

    text: str
    replaced: Mapping[str, str]
    unknown: tuple[tuple[int, str], ...]
    """(line number, image) of every base that is left to Docker to pull."""


def substitute_bases(text: str, local_name: Callable[[ImageReference], str | None]) -> Substituted:
    """Returns the Dockerfile with every known base replaced by its local name."""
    stages: set[str] = set()
    arguments: dict[str, str] = {}
    replaced: dict[str, str] = {}
    unknown: list[tuple[int, str]] = []
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if match := _ARG.match(line):
            arguments[match["name"]] = match["value"].strip("\"'")
        match = _FROM.match(line)
        if not match:
            continue
        image = _expand(match["image"], arguments)
        if image.lower() not in stages and image != "scratch":
            local = _local(image, local_name)
            if local:
                replaced[image] = local
                lines[number] = f"{match['head']}{local}{match['tail']}"
            else:
                unknown.append((number + 1, image))
        stages |= {match["stage"].lower()} if match["stage"] else set()
    return Substituted(text="\n".join(lines) + "\n", replaced=replaced, unknown=tuple(unknown))


def _expand(image: str, arguments: Mapping[str, str]) -> str:
    return re.sub(
        r"\$\{?(\w+)(?::-([^}]*))?\}?",
        lambda m: arguments.get(m[1], m[2] or m[0]),
        image,
    )


def _local(image: str, local_name: Callable[[ImageReference], str | None]) -> str | None:
    try:
        return local_name(ImageReference.parse(image))
    except ValueError:
        return None

"""The `images:` of a kustomization once an engine has set some: Argo CD's and Flux's ways. Pure.

Sources: kustomize `commands/edit/set/setimage.go` (what `kustomize edit set image` takes, `*` keeps
a part) and `commands/internal/util` (how a name is split); fluxcd/pkg `kustomize_generator.go`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from harness.audit.reading import text

Image = Mapping[str, Any]
_KEEP = "*"
_PARTS = ("newName", "newTag", "digest")


def set_images(present: Iterable[Image], arguments: Iterable[str]) -> list[dict[str, str]]:
    """Returns the entries after `kustomize edit set image ARGUMENTS`, sorted by name.

    An argument is `NAME=NEWNAME:TAG`, `NAME:TAG` or either with `@DIGEST`; one that is none of
    them is left out.
    """
    wanted = {image["name"]: image for image in map(_argument, arguments) if image}
    before = {text(image.get("name")): _entry(image) for image in present}
    for name, image in wanted.items():
        kept = before.get(name, {})
        for part in _PARTS:
            if image.get(part) == _KEEP:
                image[part] = kept.get(part, "")
    return [_filled(image) for _, image in sorted({**before, **wanted}.items())]


def merged_images(present: Iterable[Image], added: Iterable[Image]) -> list[dict[str, str]]:
    """Returns the entries after Flux merged those of its Kustomization into them."""
    found = {text(image.get("name")): _entry(image) for image in present}
    for image in map(_entry, added):
        name = image.get("name", "")
        entry = found.setdefault(name, {"name": name})
        if image.get("newName"):
            entry["newName"] = image["newName"]
        if image.get("newTag") or image.get("digest"):
            entry["newTag"], entry["digest"] = image.get("newTag", ""), image.get("digest", "")
    return [_filled(image) for image in found.values()]


def _argument(argument: str) -> dict[str, str]:
    name, is_renamed, value = argument.partition("=")
    image, tag, digest = split_name(value if is_renamed else argument)
    if not is_renamed and image == argument:
        return {}
    found = {"name": name if is_renamed else image, "newTag": tag, "digest": digest}
    return {**found, "newName": image} if is_renamed else found


def split_name(image: str) -> tuple[str, str, str]:
    """Returns name, tag and digest; a registry's port is part of the name."""
    rest, _, digest = image.partition("@")
    head, slash, last = rest.rpartition("/")
    name, _, tag = last.partition(":")
    return f"{head}{slash}{name}", tag, digest


def _entry(image: Image) -> dict[str, str]:
    return {key: text(value) for key, value in image.items()}


def _filled(image: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in image.items() if value}

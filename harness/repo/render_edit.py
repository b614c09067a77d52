"""What an engine changes in a kustomization before it builds it. Pure.

Argo CD runs `kustomize edit` in its own checkout (argo-cd `util/kustomize/kustomize.go`), so that a
prefix or a namespace replaces the kustomization's own and an image replaces the entry of its name;
Flux writes the same fields itself and merges images (fluxcd/pkg `kustomize_generator.go`). An
overlay above the folder would not be the same: prefixes would add up, renamed images escape it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from harness.audit.reading import entries, items, mapping, text
from harness.repo.render_images import merged_images, set_images
from harness.repo.render_request import Engine

Object = dict[str, Any]
Exists = Callable[[str], bool]
"""Tells whether a path, relative to the kustomization, is there."""
_ARGOCD = (
    "namePrefix", "nameSuffix", "images", "replicas", "commonLabels", "commonAnnotations",
    "namespace", "patches", "components",
)  # fmt: skip
_FLUX = (
    "targetNamespace", "namePrefix", "nameSuffix", "patches", "components", "images",
    "patchesStrategicMerge", "patchesJson6902", "buildMetadata",
)  # fmt: skip


class EditError(Exception):
    """The engine itself would refuse the change; the text is what it says."""


def overrides(engine: Engine, options: Mapping[str, Any]) -> Mapping[str, Any]:
    """Returns the fields of an engine's options that change the kustomization."""
    block, names = {
        Engine.ARGOCD: (mapping(options.get("kustomize")), _ARGOCD),
        Engine.FLUX: (options, _FLUX),
        Engine.NONE: ({}, ()),
    }[engine]
    return {name: block[name] for name in names if block.get(name)}


def edited(
    kustomization: Mapping[str, Any], engine: Engine, options: Mapping[str, Any], exists: Exists
) -> Object:
    """Returns the kustomization as the engine builds it.

    Raises:
        EditError: The engine refuses, e.g. a label that is there already.
    """
    made = dict(kustomization)
    wanted = overrides(engine, options)
    if engine is Engine.ARGOCD:
        _edit_for_argocd(made, wanted, mapping(options.get("kustomize")), exists)
    elif engine is Engine.FLUX:
        _edit_for_flux(made, wanted, options, exists)
    return made


def _edit_for_argocd(
    made: Object, wanted: Mapping[str, Any], block: Mapping[str, Any], exists: Exists
) -> None:
    for name in ("namePrefix", "nameSuffix", "namespace"):
        if text(wanted.get(name)):
            made[name] = text(wanted[name])
    if wanted.get("images"):
        arguments = tuple(text(image) for image in items(wanted["images"]))
        made["images"] = set_images(_images(made), arguments)
    if wanted.get("replicas"):
        made["replicas"] = _set_replicas(made, wanted)
    if mapping(wanted.get("commonLabels")):
        _add_labels(made, _texts(wanted["commonLabels"]), block)
    if mapping(wanted.get("commonAnnotations")):
        before, forced = mapping(made.get("commonAnnotations")), block.get("forceCommonAnnotations")
        added = _texts(wanted["commonAnnotations"])
        made["commonAnnotations"] = _added("annotation", before, added, forced=bool(forced))
    _append(made, "patches", items(wanted.get("patches")))
    _append(made, "components", _components(wanted, block, exists))


def _edit_for_flux(
    made: Object, wanted: Mapping[str, Any], spec: Mapping[str, Any], exists: Exists
) -> None:
    if text(wanted.get("targetNamespace")):
        made["namespace"] = text(wanted["targetNamespace"])
    if not made.get("resources"):
        # Flux does the same, so that it is no error to have nothing to build.
        made["buildMetadata"] = ["originAnnotations"]
    for name in ("namePrefix", "nameSuffix", "buildMetadata"):
        if wanted.get(name):
            made[name] = wanted[name]
    _append(made, "patches", items(wanted.get("patches")))
    merges = tuple(_inline(patch) for patch in items(wanted.get("patchesStrategicMerge")))
    _append(made, "patchesStrategicMerge", merges)
    _append(
        made, "patchesJson6902", tuple(map(_json_patch, entries(wanted.get("patchesJson6902"))))
    )
    _append(made, "components", _components(wanted, spec, exists))
    if wanted.get("images"):
        made["images"] = merged_images(_images(made), entries(wanted["images"]))


def _images(made: Object) -> tuple[Mapping[str, Any], ...]:
    return (*entries(made.get("images")), *entries(made.pop("imageTags", None)))


def _append(made: Object, name: str, added: tuple[Any, ...]) -> None:
    if added:
        made[name] = [*items(made.get(name)), *added]


def _inline(patch: Any) -> str:
    return patch if isinstance(patch, str) else json.dumps(patch)


def _json_patch(entry: Mapping[str, Any]) -> Object:
    return {**entry, "patch": _inline(entry.get("patch"))}


def _components(
    wanted: Mapping[str, Any], block: Mapping[str, Any], exists: Exists
) -> tuple[str, ...]:
    named = tuple(text(name) for name in items(wanted.get("components")))
    if not block.get("ignoreMissingComponents"):
        return named
    return tuple(name for name in named if exists(name))


def _set_replicas(made: Object, wanted: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = {text(e.get("name")): e for e in entries(made.get("replicas"))}
    found |= {text(e.get("name")): e for e in entries(wanted["replicas"])}
    return [
        {"name": name, "count": _whole(entry.get("count"))} for name, entry in sorted(found.items())
    ]


def _whole(count: Any) -> Any:
    """Argo CD takes a number also as text."""
    return int(count) if isinstance(count, str) and count.isdecimal() else count


def _texts(value: Any) -> dict[str, str]:
    return {str(key): text(entry) for key, entry in mapping(value).items()}


def _added(
    kind: str, before: Mapping[str, Any], added: Mapping[str, str], *, forced: bool
) -> Object:
    twice = next((key for key in added if key in before), None)
    if twice is not None and not forced:
        message = f"{kind} {twice} already in kustomization file. Use --force to override."
        raise EditError(message)
    return {**before, **added}


def _add_labels(made: Object, added: Mapping[str, str], block: Mapping[str, Any]) -> None:
    forced = bool(block.get("forceCommonLabels"))
    if not block.get("labelWithoutSelector"):
        before = mapping(made.get("commonLabels"))
        made["commonLabels"] = _added("label", before, added, forced=forced)
        return
    templates = bool(block.get("labelIncludeTemplates"))
    labels = list(entries(made.get("labels")))
    for position, entry in enumerate(labels):
        has_templates = bool(entry.get("includeTemplates"))
        if not entry.get("includeSelectors") and has_templates == templates:
            pairs = _added("label", mapping(entry.get("pairs")), added, forced=forced)
            labels[position] = {**entry, "pairs": pairs}
            break
    else:
        labels.append({"pairs": dict(added), "includeTemplates": templates})
    made["labels"] = labels

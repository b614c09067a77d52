"""Makes an Application out of a template and parameters.

Also fills a generator's own template up with the set's, and applies `templatePatch`. Source: Argo
CD v3.5 `applicationset/utils/utils.go`, `controllers/template/`; dario.cat/mergo.
"""

from __future__ import annotations

from typing import Any

from harness.repo.applicationsets.reading import mapping, texts
from harness.repo.applicationsets.rendering import Parameters, Renderer, shortened
from harness.repo.gotemplate import TemplateError, UnresolvableError
from harness.repo.gotemplate.go_yaml import load
from harness.repo.gotemplate.values import is_true

FINALIZER = "resources-finalizer.argocd.argoproj.io"
_WHOLE = "valuesObject"
"""Held as one text inside Argo CD, so it is taken whole and never merged."""
_METADATA = ("name", "namespace", "labels", "annotations", "finalizers")
_TYPES: dict[str, type] = {
    "path": str, "repoURL": str, "targetRevision": str, "chart": str, "ref": str, "project": str,
    "server": str, "namespace": str, "releaseName": str, "values": str, "namePrefix": str,
    "nameSuffix": str, "version": str, "prune": bool, "selfHeal": bool, "allowEmpty": bool,
    "enabled": bool, "recurse": bool, "skipCrds": bool, "forceString": bool, "automated": dict,
    "syncPolicy": dict, "helm": dict, "kustomize": dict, "directory": dict, "source": dict,
    "destination": dict, "valueFiles": list, "syncOptions": list, "parameters": list,
    "sources": list,
}  # fmt: skip
_OF_TEXTS = frozenset({"labels", "annotations", "commonLabels", "commonAnnotations"})
_NAMES = {str: "string", bool: "bool", dict: "object", list: "array"}


def filled_up(own: Any, outer: Any) -> Any:
    """Returns a generator's template with what it leaves empty taken from the set's template."""
    if not isinstance(own, dict) or not isinstance(outer, dict):
        return own if is_true(own) else outer
    return {
        key: (own.get(key) or outer.get(key))
        if key == _WHOLE
        else filled_up(own.get(key), outer.get(key))
        for key in [*outer, *(k for k in own if k not in outer)]
    }


def application(
    template: Parameters, parameters: Parameters, renderer: Renderer, *, keeps_resources: bool
) -> Parameters:
    """Returns the Application of one set of parameters.

    Without any parameter the template stays as it is, as Argo CD has it.

    Raises:
        TemplateError: Argo CD reports an error.
        UnresolvableError: What it gives is not known here.
    """
    metadata = mapping(template.get("metadata"), "template.metadata")
    made: Parameters = {
        "metadata": {key: metadata[key] for key in _METADATA if key in metadata},
        "spec": mapping(template.get("spec"), "template.spec"),
    }
    if parameters:
        made = renderer.filled(made, parameters)
        if not keeps_resources and not made["metadata"].get("finalizers"):
            made["metadata"]["finalizers"] = [FINALIZER]
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", **made}


def patched(made: Parameters, patch: str) -> Parameters:
    """Returns an Application with a filled `templatePatch` applied; its project stays.

    Raises:
        TemplateError: The patch is no YAML, or has a value of a wrong type.
        UnresolvableError: The patch has directives.
    """
    try:
        loaded = load(patch)
    except TemplateError as error:
        message = f"error while converting template to json {shortened(patch)}: {error}"
        raise TemplateError(message) from error
    if loaded is None:
        return made
    if not isinstance(loaded, dict):
        message = f"invalid templatePatch {shortened(patch)}: it is no mapping"
        raise TemplateError(message)
    _check_types(loaded, "templatePatch")
    found = _merged(made, loaded)
    project = made["spec"].get("project")
    spec = mapping(found.get("spec"), "spec")
    return {**found, "spec": {**spec, "project": project} if project else spec}


def _merged(held: Parameters, patch: Parameters) -> Parameters:
    made = dict(held)
    for key, value in patch.items():
        if key.startswith("$"):
            message = f"templatePatch with {key}"
            raise UnresolvableError(message)
        if value is None:
            made.pop(key, None)
        elif key == "finalizers" and isinstance(value, list):
            made[key] = value + [entry for entry in held.get(key) or [] if entry not in value]
        elif isinstance(value, dict):
            before = held.get(key)
            made[key] = _merged(before if isinstance(before, dict) else {}, value)
        else:
            made[key] = value
    return made


def _check_types(value: Any, where: str) -> None:
    if isinstance(value, list):
        for number, entry in enumerate(value):
            _check_types(entry, f"{where}[{number}]")
    if not isinstance(value, dict):
        return
    for key, entry in value.items():
        if key == _WHOLE:
            continue
        if key in _OF_TEXTS and isinstance(entry, dict):
            texts(entry, f"{where}.{key}")
            continue
        wanted = _TYPES.get(key)
        if wanted is not None and entry is not None and not isinstance(entry, wanted):
            message = f"invalid templatePatch: {where}.{key} must be of type {_NAMES[wanted]}"
            raise TemplateError(message)
        _check_types(entry, f"{where}.{key}")

"""What the generators of an ApplicationSet give: sets of parameters, each with its template.

Combines the generators: matrix, merge, the selector and the template that any of them may have.
Source: Argo CD v3.5 `applicationset/generators/generator_spec_processor.go`, `matrix.go`,
`merge.go`, `list.go`.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

from harness.repo.applicationsets.asking_generators import (
    answered_parameters,
    pull_request_parameters,
)
from harness.repo.applicationsets.cluster_generator import cluster_parameters
from harness.repo.applicationsets.context import Context, Parameters, bounded
from harness.repo.applicationsets.git_generator import git_parameters
from harness.repo.applicationsets.reading import entries, mapping, text
from harness.repo.applicationsets.selectors import flat_texts, selects
from harness.repo.applicationsets.templates import filled_up
from harness.repo.gotemplate import TemplateError
from harness.repo.gotemplate.formatting import plain
from harness.repo.gotemplate.go_yaml import load
from harness.repo.gotemplate.merging import merge

ASKING = ("scmProvider", "clusterDecisionResource", "plugin")
TERMINAL = ("list", "clusters", "git", "scmProvider", "clusterDecisionResource", "pullRequest")
COMBINING = ("matrix", "merge")
NAMES = (*TERMINAL, *COMBINING, "plugin")
"""In the order in which Argo CD takes several generators of one entry."""


def parameter_sets(
    generator: Parameters, template: Parameters, context: Context
) -> Iterator[tuple[Parameters, Parameters]]:
    """Yields (parameters, template) for a generator of `spec.generators`.

    Raises:
        TemplateError: Argo CD reports an error.
        UnresolvableError: Only a cluster or a server knows.
    """
    for name in _kinds(generator, NAMES):
        own = mapping(generator[name], name).get("template")
        used = filled_up(mapping(own, f"{name}.template"), template)
        for parameters in _selected(generator, name, generator, context, depth=0):
            yield parameters, used


def _kinds(generator: Parameters, known: tuple[str, ...]) -> list[str]:
    return [name for name in known if generator.get(name) is not None]


def _selected(
    written: Parameters, name: str, filled: Parameters, context: Context, *, depth: int
) -> list[Parameters]:
    """Returns a generator's parameters as far as its selector, as it is written, takes them."""
    spec = mapping(filled.get(name), name)
    found = bounded(_parameters(name, spec, context, depth))
    selector = written.get("selector")
    if selector is None:
        return found
    return [p for p in found if selects(selector, flat_texts(p), "selector")]


def _parameters(name: str, spec: Parameters, context: Context, depth: int) -> list[Parameters]:
    if name in ASKING:
        return answered_parameters(name, spec, context)
    if name == "matrix":
        return _matrix(spec, context, depth)
    if name == "merge":
        return _merge(spec, context, depth)
    return _SIMPLE[name](spec, context)


def _list(spec: Parameters, context: Context) -> list[Parameters]:
    found = [
        _element(element, is_go=context.is_go)
        for element in entries(spec.get("elements"), "list.elements")
    ]
    return found + _elements_of_text(text(spec.get("elementsYaml"), "list.elementsYaml"))


def _element(element: Any, *, is_go: bool) -> Parameters:
    entry = mapping(element, "list.elements[]")
    if is_go:
        return copy.deepcopy(entry)
    found: Parameters = {}
    for key, value in entry.items():
        if key == "values":
            inner = mapping(value, "list.elements[].values")
            found |= {f"values.{k}": _text_only(v, f"values.{k}") for k, v in inner.items()}
        else:
            found[key] = _text_only(value, key)
    return found


def _text_only(value: Any, key: str) -> str:
    if isinstance(value, str):
        return value
    message = (
        f"list.elements[].{key}: error parsing value as string: without goTemplate every value "
        f"must be a string, and this one is {plain(value)}"
    )
    raise TemplateError(message)


def _elements_of_text(source: str) -> list[Parameters]:
    if not source:
        return []
    try:
        value = load(source)
    except TemplateError as error:
        message = f"error unmarshling decoded ElementsYaml {error}"
        raise TemplateError(message) from error
    return [mapping(entry, "list.elementsYaml[]") for entry in entries(value, "list.elementsYaml")]


_SIMPLE: dict[str, Callable[[Parameters, Context], list[Parameters]]] = {
    "list": _list,
    "git": git_parameters,
    "clusters": cluster_parameters,
    "pullRequest": pull_request_parameters,
}


def _child(child: Any, context: Context, depth: int, before: Parameters) -> list[Parameters]:
    """Returns the parameters of a generator inside matrix or merge."""
    written = mapping(child, "generators[]")
    names = _kinds(written, NAMES if depth == 0 else (*TERMINAL, "plugin"))
    if not names:
        message = "child generator generated no parameters"
        raise TemplateError(message)
    if len(names) > 1:
        message = f"found more than one generator in one entry: {', '.join(names)}"
        raise TemplateError(message)
    filled = context.renderer.filled_generator(written, before) if before else written
    return _selected(written, names[0], filled, context, depth=depth + 1)


def _matrix(spec: Parameters, context: Context, depth: int) -> list[Parameters]:
    children = entries(spec.get("generators"), "matrix.generators")
    if len(children) != 2:
        amount = "more" if len(children) > 2 else "less"
        message = f"found {amount} than two generators, Matrix support only two"
        raise TemplateError(message)
    found: list[Parameters] = []
    for first in _child(children[0], context, depth, {}):
        found += [
            _combined(first, second, is_go=context.is_go)
            for second in _child(children[1], context, depth, first)
        ]
        bounded(found)
    return found


def _combined(first: Parameters, second: Parameters, *, is_go: bool) -> Parameters:
    if is_go:
        made: Parameters = {}
        merge(made, second, overrides=True)
        merge(made, first, overrides=True)
        return made
    texts = {key: plain(value) for key, value in first.items()}
    for key, value in second.items():
        new = plain(value)
        if texts.get(key, new) != new:
            message = (
                f"found duplicate key {key} with different value, a: {texts[key]} ,b: {new} "
                "(pathParamPrefix gives the parameters of a Git generator names of their own)"
            )
            raise TemplateError(message)
        texts[key] = new
    return dict(texts)


def _merge(spec: Parameters, context: Context, depth: int) -> list[Parameters]:
    children = entries(spec.get("generators"), "merge.generators")
    if len(children) < 2:
        message = "found less than two generators, Merge requires two or more"
        raise TemplateError(message)
    keys = [text(k, "merge.mergeKeys[]") for k in entries(spec.get("mergeKeys"), "merge.mergeKeys")]
    if not keys:
        message = "no merge keys were specified, Merge requires at least one"
        raise TemplateError(message)
    first, *others = [_by_key(_child(c, context, depth, {}), keys) for c in children]
    for other in others:
        for key in [key for key in first if key in other]:
            _override(first[key], other[key], is_go=context.is_go)
    return list(first.values())


def _override(held: Parameters, new: Parameters, *, is_go: bool) -> None:
    """Puts parameters over others, in place.

    As in Argo CD, maps that several sets of parameters share (a matrix makes such) change in all of
    them.
    """
    if is_go:
        merge(held, new, overrides=True)
    else:
        held.update(new)


def _by_key(found: list[Parameters], keys: list[str]) -> dict[str, Parameters]:
    by_key: dict[str, Parameters] = {}
    for parameters in found:
        key = json.dumps({name: parameters.get(name) for name in sorted(keys)}, sort_keys=True)
        if key in by_key:
            message = (
                "the parameters from a generator were not unique by the given mergeKeys, Merge "
                f"requires all param sets to be unique. Duplicate key was {key}"
            )
            raise TemplateError(message)
        by_key[key] = parameters
    return by_key

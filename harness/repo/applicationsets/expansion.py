"""Expands one ApplicationSet: every Application it makes, and whatever is in the way.

Argo CD makes none of a set's Applications where one part fails; here the others are kept, marked,
so that they can be judged as well. Source: Argo CD v3.5
`applicationset/controllers/template/template.go`, `applicationset_controller.go`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from harness.model.refs import ObjectRef
from harness.repo.addresses import Addresses
from harness.repo.applicationsets.context import Context, Parameters
from harness.repo.applicationsets.findings import (
    name_fault,
    nothing_generated,
    placeholder_text,
    unknown_generator,
)
from harness.repo.applicationsets.generators import NAMES, parameter_sets
from harness.repo.applicationsets.model import (
    GeneratedApplication,
    Given,
    Object,
    Problem,
    ProblemKind,
)
from harness.repo.applicationsets.reading import entries, mapping, text
from harness.repo.applicationsets.rendering import Renderer, placeholders
from harness.repo.applicationsets.sources import sources_of
from harness.repo.applicationsets.templates import application, patched
from harness.repo.gotemplate import TemplateError, UnresolvableError, missing_key
from harness.repo.gotemplate.go_yaml import as_numbers
from harness.repo.repository_files import RepositoryFiles

__all__ = ["ExpandedSet", "expand_set"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpandedSet:
    """What became of one ApplicationSet."""

    applications: tuple[GeneratedApplication, ...]
    problems: tuple[Problem, ...]


def expand_set(
    obj: Object, file: str, files: RepositoryFiles, given: Given, addresses: Addresses
) -> ExpandedSet:
    """Returns what an ApplicationSet makes; its numbers are floats, as in JSON."""
    expansion = _Expansion(obj, file)
    expansion.run(files, given, addresses)
    return expansion.result()


class _Expansion:
    def __init__(self, obj: Object, file: str) -> None:
        self._obj, self._file, self._owner = obj, file, ObjectRef.of(obj)
        self._made: list[GeneratedApplication] = []
        self._problems: list[Problem] = []

    def run(self, files: RepositoryFiles, given: Given, addresses: Addresses) -> None:
        """Fills in Applications and problems."""
        try:
            spec = mapping(self._obj.get("spec"), "spec")
            template = mapping(spec.get("template"), "spec.template")
            inner = mapping(template.get("spec"), "spec.template.spec")
            context = Context(
                files=files,
                given=given,
                addresses=addresses,
                renderer=_renderer(spec),
                project=text(inner.get("project"), "spec.template.spec.project"),
            )
            generators = entries(spec.get("generators"), "spec.generators")
        except TemplateError as error:
            self._add(ProblemKind.TEMPLATE_ERROR, str(error))
            return
        for number, generator in enumerate(generators):
            self._generate(generator, f"spec.generators[{number}]", spec, template, context)
        if not self._made and not self._problems:
            self._add(ProblemKind.NO_APPLICATION, nothing_generated(generators, files.folders))

    def _generate(
        self, generator: Any, where: str, spec: Parameters, template: Parameters, context: Context
    ) -> None:
        try:
            entry = mapping(generator, where)
            unknown = unknown_generator(entry, where, NAMES)
            if unknown:
                self._add(ProblemKind.NO_APPLICATION, unknown)
            for parameters, used in parameter_sets(entry, template, context):
                self._make(spec, used, parameters, context)
        except TemplateError as error:
            self._add(ProblemKind.TEMPLATE_ERROR, str(error))
        except UnresolvableError as error:
            self._add(ProblemKind.NOT_RESOLVABLE, str(error))
        except RecursionError:
            self._add(ProblemKind.NOT_RESOLVABLE, f"{where} is nested too deeply")

    def _make(
        self, spec: Parameters, template: Parameters, parameters: Parameters, context: Context
    ) -> None:
        policy = mapping(spec.get("syncPolicy"), "spec.syncPolicy")
        keeps = policy.get("preserveResourcesOnDeletion") is True
        try:
            made = application(template, parameters, context.renderer, keeps_resources=keeps)
            patch = text(spec.get("templatePatch"), "spec.templatePatch")
            if patch:
                made = patched(made, context.renderer.of_field(patch, parameters, "templatePatch"))
        except TemplateError as error:
            self._add(ProblemKind.TEMPLATE_ERROR, str(error))
        except UnresolvableError as error:
            self._add(ProblemKind.NOT_RESOLVABLE, str(error))
        else:
            self._keep(made, context)

    def _keep(self, made: Parameters, context: Context) -> None:
        made["metadata"].pop("namespace", None)
        if self._owner.namespace:
            made["metadata"]["namespace"] = self._owner.namespace
        found = GeneratedApplication(
            object=as_numbers(made),
            origin=self._file,
            set_name=self._owner.name,
            sources=sources_of(made.get("spec")),
        )
        self._made.append(found)
        left = list(_left(made, is_go=context.is_go))
        for field, placeholder in left:
            told = placeholder_text(placeholder, is_go=context.is_go)
            self._add(ProblemKind.UNKNOWN_PLACEHOLDER, told, found.name, field)
        fault = name_fault(found.name)
        if fault and not any(field == "metadata.name" for field, _ in left):
            self._add(ProblemKind.TEMPLATE_ERROR, fault, found.name, "metadata.name")

    def _add(self, kind: ProblemKind, told: str, name: str = "", field: str = "") -> None:
        problem = Problem(
            kind=kind, owner=self._owner, file=self._file, text=told, application=name, field=field
        )
        if problem not in self._problems:
            self._problems.append(problem)

    def result(self) -> ExpandedSet:
        """Returns the Applications, marked where Argo CD holds them back, and the problems."""
        self._duplicates()
        fails = any(p.kind is ProblemKind.TEMPLATE_ERROR and not p.field for p in self._problems)
        twice = {p.application for p in self._problems if p.kind is ProblemKind.DUPLICATE_NAME}
        return ExpandedSet(
            applications=tuple(
                replace(made, is_held_back=fails or made.name in twice) for made in self._made
            ),
            problems=tuple(self._problems),
        )

    def _duplicates(self) -> None:
        names = [made.name for made in self._made]
        for name in dict.fromkeys(names):
            count = names.count(name)
            if count > 1:
                told = (
                    f"{count} Applications of this ApplicationSet are named {name!r}; "
                    "Argo CD makes none of them"
                )
                self._add(ProblemKind.DUPLICATE_NAME, told, name, "metadata.name")


def _renderer(spec: Parameters) -> Renderer:
    options = entries(spec.get("goTemplateOptions"), "spec.goTemplateOptions")
    is_go = spec.get("goTemplate") is True
    return Renderer(is_go=is_go, missing=missing_key(options if is_go else ()))


def _left(made: Parameters, *, is_go: bool) -> Iterator[tuple[str, str]]:
    """Yields what is left of templates: any placeholder, or `<no value>` of Go's."""
    parts: Sequence[str] = ("metadata", "spec")
    for part in parts:
        for field, placeholder in placeholders(made.get(part), part):
            if placeholder == "<no value>" or not is_go:
                yield field, placeholder

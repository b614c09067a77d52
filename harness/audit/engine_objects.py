"""Argo CD's Applications as they are deployed, each with the file and field that declare it. Pure.

An Application that an ApplicationSet makes is mended in the template of the set: the set is its
maker. Which set that is, is found by the template's own texts, placeholders standing for anything;
where several fit, or none, the Application stands for itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.audit.finding import Fault, Severity
from harness.audit.illustrations import is_off
from harness.audit.lines import line_of
from harness.audit.reading import at, entries, group_of, mapping, metadata, text, text_at
from harness.audit.scope import Scope
from harness.audit.source import Object, Source, Tree
from harness.model.refs import ObjectRef

GROUP = "argoproj.io"
Steps = tuple[str | int, ...]
_PLACEHOLDER = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_LONGEST_TEMPLATE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """One Application of a scope."""

    ref: ObjectRef
    object: Object
    maker: ObjectRef
    """The ApplicationSet that makes it, or itself."""
    file: str = ""
    """Where its maker is declared; empty where nobody knows."""
    base: Steps = ()
    """Where in the maker the Application's own fields begin."""
    written: Object = field(default_factory=dict, repr=False)
    """Itself as its file has it; empty where an ApplicationSet makes it."""
    tree: Tree = field(repr=False)

    @property
    def spec(self) -> Mapping[str, Any]:
        """Its specification."""
        return mapping(self.object.get("spec"))

    def sources(self) -> Iterator[tuple[Steps, Mapping[str, Any]]]:
        """Yields its sources with the fields that hold them."""
        several = entries(self.spec.get("sources"))
        for number, source in enumerate(several):
            yield ("spec", "sources", number), source
        dry = mapping(at(self.spec, "sourceHydrator", "drySource"))
        if dry:
            yield ("spec", "sourceHydrator", "drySource"), dry
        elif not several and mapping(self.spec.get("source")):
            yield ("spec", "source"), mapping(self.spec.get("source"))

    def line(self, *steps: str | int) -> int:
        """Returns the line that sets one of its fields; 0 where unknown.

        A field that a patch has changed is not set where the Application is declared.
        """
        if self.written and _value(self.written, steps) != _value(self.object, steps):
            return 0
        content = self.tree.texts.get(self.file, "")
        whole = (*self.base, *steps)
        return line_of(content, *whole, kind=self.maker.kind, name=self.maker.name)

    def fault(
        self, rule: str, *steps: str | int, message: str, expected: str, fix: str,
        cause: str = "", value: str = "", severity: Severity | None = None,
        root: ObjectRef | None = None,
    ) -> Fault:  # fmt: skip
        """Returns a fault of one of its fields, at the line of its maker."""
        line = self.line(*steps)
        mended = root or self.maker
        return Fault(
            rule=rule,
            object=mended,
            user=None if mended == self.ref else self.ref,
            message=message,
            expected=expected,
            fix=fix,
            cause=cause,
            field=dotted(steps),
            value=value,
            severity=severity,
            file=self.file if line else "",
            line=line,
        )


def _value(obj: Any, steps: Steps) -> Any:
    """Returns what stands at a path; None where there is nothing."""
    for step in steps:
        if isinstance(step, int):
            obj = obj[step] if isinstance(obj, list) and step < len(obj) else None
        else:
            obj = mapping(obj).get(step)
    return obj


def dotted(steps: Steps) -> str:
    """Returns a path as people write it, e.g. `spec.sources[1].path`."""
    words = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
    return "".join(words).removeprefix(".")


def is_engine(obj: Mapping[str, Any], *kinds: str) -> bool:
    """Tells whether an object is one of Argo CD's kinds."""
    return obj.get("kind") in kinds and group_of(obj) == GROUP


def applications(scope: Scope) -> tuple[Application, ...]:
    """Returns the Applications of a scope, also those that ApplicationSets make.

    Those whose file only illustrates, or was taken out of use, are left out.
    """
    found: tuple[Application, ...] = scope.memo("applications", lambda: _applications(scope))
    return found


def _applications(scope: Scope) -> tuple[Application, ...]:
    origins = {s.deployer: s.origin for s in scope.sources if s.deployer is not None}
    declared = _by_name(scope.tree)
    sets = [(o, f) for o, f in scope.tree.engine if is_engine(o, "ApplicationSet")]
    found = (
        _application(obj, scope.tree, declared, sets, origins)
        for obj in scope.engine
        if is_engine(obj, "Application")
    )
    return tuple(app for app in found if not is_off(app.file))


Located = tuple[Object, str]


def _by_name(tree: Tree) -> dict[str, list[Located]]:
    found: dict[str, list[Located]] = {}
    for obj, file in tree.engine:
        if is_engine(obj, "Application"):
            found.setdefault(ref_of(obj).name, []).append((obj, file))
    return found


def _application(
    obj: Object,
    tree: Tree,
    declared: Mapping[str, list[Located]],
    sets: list[Located],
    origins: Mapping[ObjectRef, str],
) -> Application:
    ref = ref_of(obj)
    origin = origins.get(ref, "")
    plain = declared.get(ref.name, [])
    nearby = [(o, f) for o, f in plain if f == origin] or [
        (o, f) for o, f in plain if o.get("spec") == obj.get("spec")
    ]
    if nearby or len(plain) == 1:
        written, file = (nearby or plain)[0]
        return Application(ref=ref, object=obj, maker=ref, file=file, written=written, tree=tree)
    found = _maker(obj, origin, sets)
    if found is None:
        return Application(ref=ref, object=obj, maker=ref, file=origin, tree=tree)
    maker, file = found
    base = ("spec", "template")
    return Application(ref=ref, object=obj, maker=ref_of(maker), file=file, base=base, tree=tree)


def _maker(obj: Object, origin: str, sets: Sequence[Located]) -> Located | None:
    """Returns the ApplicationSet that makes an Application; None where it may be several."""
    here = [(o, f) for o, f in sets if f == origin]
    fitting = [(o, f) for o, f in here or sets if _makes(o, obj)]
    chosen = fitting or here
    return chosen[0] if len({ref_of(maker) for maker, _ in chosen}) == 1 else None


def _makes(maker: Object, obj: Object) -> bool:
    template = at(maker, "spec", "template")
    paths = [
        ("metadata", "name"), ("spec", "project"), ("spec", "source", "repoURL"),
        ("spec", "source", "path"), ("spec", "destination", "namespace"),
    ]  # fmt: skip
    return all(_fits(text_at(template, *path), text_at(obj, *path)) for path in paths)


def _fits(template: str, value: str) -> bool:
    if len(template) > _LONGEST_TEMPLATE or len(value) > _LONGEST_TEMPLATE:
        return False
    if not template:
        # It may come from a generator's own template, or from templatePatch.
        return True
    first, *others = _PLACEHOLDER.split(template)
    if not others:
        return template == value
    seen = len(first)
    for part in others:
        found = value.find(part, seen)
        if found < 0:
            return False
        seen = found + len(part)
    return value.startswith(first) and value.endswith(others[-1])


def deployer_place(source: Source, tree: Tree, *steps: str | int) -> tuple[str, int]:
    """Returns file and line of a field of a root's deployer, or of the set that makes it.

    The file is empty where the line is not known.
    """
    content, deployer = tree.texts.get(source.origin, ""), source.deployer
    if deployer is None or not content:
        return "", 0
    line = line_of(content, *steps, kind=deployer.kind, name=deployer.name)
    sets = [o for o, f in tree.engine if f == source.origin and is_engine(o, "ApplicationSet")]
    if not line and len(sets) == 1:
        name = ref_of(sets[0]).name
        line = line_of(content, "spec", "template", *steps, kind="ApplicationSet", name=name)
    return (source.origin if line else ""), line


def ref_of(obj: Mapping[str, Any]) -> ObjectRef:
    """Returns the reference of an object, whatever its metadata holds."""
    meta = metadata(obj)
    name = text(meta.get("name")) or text(meta.get("generateName"))
    return ObjectRef(text(obj.get("kind")), text(meta.get("namespace")), name)

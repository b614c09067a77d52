"""The words of a misfit: what was seen, what would be right, the one edit to make. Pure.

Values of Secrets, and of fields that sound like one, are never part of the words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from harness.audit.schemas.hints import Hint, nearest
from harness.audit.schemas.misfit import Misfit, MisfitKind
from harness.model.refs import ObjectRef

_SECRET = re.compile(
    r"passw|secret|token|credential|api_?key|private|auth|stringData", re.IGNORECASE
)
_WANTED = {
    "s": "text",
    "i": "a whole number of 32 bits",
    "l": "a whole number",
    "n": "a number",
    "b": "true or false",
    "q": "a quantity, e.g. 500m or 128Mi",
    "x": "a whole number or text",
    "y": "text in base64",
    "a": "a value",
    "[": "a list",
}
_LONGEST = 60


@dataclass(frozen=True, slots=True)
class Words:
    """What a finding says."""

    message: str
    expected: str
    fix: str
    value: str = ""
    """The offending scalar; empty for a secret and for what is no scalar."""


def words(misfit: Misfit, ref: ObjectRef, guess: Hint) -> Words:
    """Returns the words for a misfit of an object."""
    return _BY_KIND[misfit.kind](_Words(misfit, ref, guess))


class _Words:
    """The words for one misfit."""

    def __init__(self, misfit: Misfit, ref: ObjectRef, guess: Hint) -> None:
        self.misfit, self.ref, self.guess = misfit, ref, guess
        self.path = misfit.path
        self.last = misfit.name or _last(self.path)
        self.is_secret = is_secret(ref, self.path)

    def unknown(self) -> Words:
        name, message = self.last, f"{self.ref} has the unknown field `{self.path}`"
        if self.guess.path:
            fix = f"move `{name}` to `{self.guess.path}`"
            return Words(message, f"`{self.guess.path}`", fix)
        if self.guess.name:
            fix = f"rename `{name}` to `{self.guess.name}`"
            return Words(message, f"`{self.guess.name}`", fix)
        return Words(message, "a field that the kind has", f"remove `{name}`")

    def wrong_type(self) -> Words:
        value, code = self.misfit.value, self.misfit.code
        message = f"{self.ref} has {self.seen(value)} in `{self.path}`"
        return Words(message, wanted(code), self._type_fix(value, code), self.scalar(value))

    def _type_fix(self, value: Any, code: str) -> str:
        # PyYAML and kustomize read 1.10 as 1.1: what a float was is not known here.
        shown = "..." if self.is_secret or isinstance(value, float) else _written(value)
        if code in ("s", "y") and isinstance(value, bool | int | float):
            return f'quote it: `{self.last}: "{shown}"`'
        if isinstance(value, str) and _is_unquoted(value, code):
            return f"remove the quotes: `{self.last}: {value}`"
        if code in ("i", "l") and isinstance(value, int) and not isinstance(value, bool):
            return f"write a smaller number in `{self.path}`"
        return _shape_fix(value, code, self.last) or f"write {wanted(code)} in `{self.path}`"

    def missing(self) -> Words:
        message = f"{self.ref} lacks the field `{self.path}`"
        return Words(message, f"{wanted(self.misfit.code)} in `{self.path}`", f"add `{self.last}`")

    def not_allowed(self) -> Words:
        value, allowed = str(self.misfit.value), self.misfit.allowed
        near = nearest(value, allowed)
        message = f"{self.ref} has `{_cut(value)}` in `{self.path}`"
        fix = f"write `{near}`" if near else f"write {_one_of(allowed)}"
        return Words(message, _one_of(allowed), fix, _cut(value))

    def quantity(self) -> Words:
        value = str(self.misfit.value)
        message = f"{self.ref} has `{_cut(value)}` in `{self.path}`, which is no quantity"
        better = _quantity(value)
        fix = f"write `{better}`" if better else "write a number with a unit such as m, Mi or Gi"
        return Words(message, wanted("q"), fix, _cut(value))

    def form(self) -> Words:
        value = str(self.misfit.value)
        shown = "a value" if self.is_secret and value != self.last else f"`{_cut(value)}`"
        message = f"{self.ref} has {shown} in `{self.path}`: {self.misfit.said}"
        better = _name(value) if self.misfit.code.endswith("-name") else ""
        fix = f"write `{better}`, also where it is referred to" if better else "give another name"
        if self.misfit.code == "labels":
            fix = "write another label, or use an annotation"
        return Words(message, "a name that Kubernetes accepts", fix, _cut(value))

    def deprecated(self) -> Words:
        message = f"{self.ref} uses the deprecated field `{self.path}`"
        return Words(message, self.misfit.instead, self.misfit.instead)

    def other_version(self) -> Words:
        version = f"1.{self.misfit.version}"
        if self.misfit.kind is MisfitKind.GONE:
            message = f"{self.ref} has `{self.path}`, which Kubernetes {version} had last"
            return Words(message, "no such field", f"remove `{self.last}`")
        message = f"{self.ref} has `{self.path}`, which comes with Kubernetes {version}"
        fix = f"remove `{self.last}`, or use a cluster of {version} or newer"
        return Words(message, f"Kubernetes {version} or newer", fix)

    def seen(self, value: Any) -> str:
        """Returns what stands there, in words."""
        if isinstance(value, dict | list):
            return "a mapping" if isinstance(value, dict) else "a list"
        kind = _kind(value)
        if self.is_secret or (isinstance(value, str) and not value):
            return f"a {kind}" if value != "" else "an empty text"
        return f"the {kind} {_cut(_written(value))}"

    def scalar(self, value: Any) -> str:
        """Returns a scalar that may be shown; empty for anything else."""
        is_shown = isinstance(value, str | int | float) and not self.is_secret
        return _cut(_written(value)) if is_shown else ""


def _shape_fix(value: Any, code: str, last: str) -> str:
    """Returns the edit for a list, mapping or text that is another of these; else nothing."""
    if code[0] == "[":
        return f"write a list below `{last}`: every entry begins with `- `"
    if isinstance(value, list) and len(code) > 1:
        return f"write one mapping below `{last}`, without `- `"
    if code == "s" and isinstance(value, dict | list):
        return f"write it as text: `{last}: |`"
    return ""


_BY_KIND: dict[MisfitKind, Callable[[_Words], Words]] = {
    MisfitKind.UNKNOWN: _Words.unknown,
    MisfitKind.TYPE: _Words.wrong_type,
    MisfitKind.MISSING: _Words.missing,
    MisfitKind.NOT_ALLOWED: _Words.not_allowed,
    MisfitKind.QUANTITY: _Words.quantity,
    MisfitKind.FORM: _Words.form,
    MisfitKind.DEPRECATED: _Words.deprecated,
    MisfitKind.TOO_NEW: _Words.other_version,
    MisfitKind.GONE: _Words.other_version,
}


def sentence(text: str) -> str:
    """Returns a text with a capital letter at its beginning, where that is a word."""
    return text[:1].upper() + text[1:]


def wanted(code: str) -> str:
    """Returns what a code means, in words."""
    return _WANTED.get("[" if code[0] == "[" else code, "a mapping")


def is_secret(ref: ObjectRef, path: str) -> bool:
    """Tells whether a value must not be shown."""
    return ref.kind == "Secret" or bool(_SECRET.search(path))


def _last(path: str) -> str:
    found = re.search(r"\[([^\]]*)\]$|([^.\[\]]+)$", path)
    return (found[1] or found[2]) if found else path


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    return "number" if isinstance(value, int | float) else "text"


def _written(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _is_unquoted(value: str, code: str) -> bool:
    if code == "b":
        return value in ("true", "false")
    return code in ("i", "l", "n") and value.isascii() and value.isdigit()


def _cut(value: str) -> str:
    line = " ".join(value.split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}..."


def _one_of(values: Sequence[str]) -> str:
    return " or ".join(f"`{value}`" for value in values)


def _quantity(value: str) -> str:
    """Returns what a quantity with a usual mistake was meant to be."""
    found = re.fullmatch(r"([0-9.]+)\s*([a-zA-Z]+)", value.strip())
    unit = found and _UNITS.get(found[2].lower())
    return f"{found[1]}{unit}" if found and unit is not None else ""


_UNITS = {"mb": "M", "gb": "G", "kb": "k", "tb": "T", "mib": "Mi", "gib": "Gi", "kib": "Ki"}
_UNITS |= {"mi": "Mi", "gi": "Gi", "ki": "Ki", "ti": "Ti", "g": "G", "k": "k", "b": "", "core": ""}
_UNITS |= {"cores": "", "cpu": ""}


def _name(value: str) -> str:
    """Returns a name near another one that Kubernetes accepts; empty for one that is too long."""
    found = re.sub(r"[^a-z0-9-]+", "-", value.lower()).strip("-")
    return found if found != value and len(found) <= 15 else ""

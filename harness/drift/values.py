"""Values as they may be shown: nothing of a Secret, no credential that its name gives away. Pure.

Secret values arrive here as digests already (`harness.drift.applied_form.comparable`); they are
shown as hidden all the same. What counts as a credential elsewhere is the caller's to say.
"""

from __future__ import annotations

from typing import Any, Protocol

from harness.drift.applied_form import SECRET_FIELDS
from harness.drift.fields import ABSENT, Item, Path, shown

HIDDEN = "(hidden)"
ANOTHER = "(hidden, another value)"


class Conceal(Protocol):
    """Masks what must not be shown."""

    def __call__(self, name: str, text: str) -> str:
        """Returns a text that may be shown.

        Args:
            name: Of the variable, key or field that holds it.
            text: Its value.
        """


def visible(kind: str, path: Path, value: Any, conceal: Conceal) -> str:
    """Returns the value of a field as it may be shown; nothing for an absent one."""
    if value is ABSENT or value is None:
        return ""
    if kind == "Secret" and path and path[0] in SECRET_FIELDS:
        return HIDDEN
    return shown(_concealed(_name_of(path), value, conceal))


def told_apart(declared: str, live: str) -> str:
    """Returns how the live value is shown beside a declared one that looks the same."""
    return ANOTHER if live and declared == live else live


def _name_of(path: Path) -> str:
    """Returns the name of a variable for its value, else the last name on the way."""
    names = [s.label if isinstance(s, Item) else s for s in path]
    is_variable = len(path) > 1 and path[-1] == "value" and isinstance(path[-2], Item)
    return names[-2] if is_variable else names[-1] if names else ""


def _concealed(name: str, value: Any, conceal: Conceal) -> Any:
    if isinstance(value, str):
        return conceal(name, value)
    if isinstance(value, list):
        return [_concealed(name, item, conceal) for item in value]
    if isinstance(value, dict):
        own = str(value.get("name") or "")
        return {
            key: _concealed(own if key == "value" and own else key, inner, conceal)
            for key, inner in value.items()
        }
    return value

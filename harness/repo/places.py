"""Adds to findings the file and line of the repository that must change.

Where the object to mend is not declared (a pull secret that nobody made), the place of the first
victim that names it is the one to look at. Each place is looked up once.
"""

from __future__ import annotations

from dataclasses import replace

from harness.model.finding import Diagnosis, Finding
from harness.model.repository import Declaration
from harness.repo.origin import Origins, Place

Key = tuple[str, str, str]


class Places:
    """Knows where findings come from in one repository."""

    def __init__(self, declaration: Declaration) -> None:
        self._declaration = declaration
        self._origins: Origins | None = None
        self._known: dict[Key, Place | None] = {}

    def filled(self, diagnosis: Diagnosis) -> Diagnosis:
        """Returns the diagnosis with the places of its findings and suspects."""
        return replace(
            diagnosis,
            findings=tuple(self._with_place(f) for f in diagnosis.findings),
            suspects=tuple(self._with_place(f) for f in diagnosis.suspects),
        )

    def _with_place(self, finding: Finding) -> Finding:
        if finding.file:
            return finding
        key = (finding.cause, str(finding.object), finding.field)
        if key not in self._known:
            self._known[key] = self._look_up(finding)
        place = self._known[key]
        return finding if place is None else replace(finding, file=place.file, line=place.line)

    def _look_up(self, finding: Finding) -> Place | None:
        found = self._tree().locate(finding.object, finding.field)
        if found is not None:
            return found
        return next((p for v in finding.victims if (p := self._tree().locate(v))), None)

    def _tree(self) -> Origins:
        if self._origins is None:
            folders = [a.application.path for a in self._declaration.applications]
            self._origins = Origins(self._declaration.root, folders)
        return self._origins

"""What every generator of one ApplicationSet works with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from harness.repo.addresses import Addresses
from harness.repo.applicationsets.model import Given
from harness.repo.applicationsets.rendering import Renderer
from harness.repo.gotemplate import UnresolvableError
from harness.repo.repository_files import RepositoryFiles

Parameters = dict[str, Any]
MOST = 10_000
"""Sets of parameters that one ApplicationSet may give here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The tree, what is known beyond it, and how templates are read."""

    files: RepositoryFiles
    given: Given
    addresses: Addresses
    renderer: Renderer
    project: str
    """The project that the set's template names, as it is written."""

    @property
    def is_go(self) -> bool:
        """Whether the ApplicationSet says `goTemplate: true`."""
        return self.renderer.is_go


def bounded(found: list[Parameters]) -> list[Parameters]:
    """Returns the sets of parameters.

    Raises:
        UnresolvableError: There are too many to go on.
    """
    if len(found) > MOST:
        message = f"the generators give more than {MOST} sets of parameters"
        raise UnresolvableError(message)
    return found

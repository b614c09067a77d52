"""What is to be examined, and the repository that was deployed, where one is given."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.examine.repository import Repository


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is to be examined."""

    kubeconfig: Path
    context: str = ""
    namespaces: tuple[str, ...] = ()
    repository: Path | None = None
    environment: str = "dev"
    seconds: float = 60.0
    keep_going: bool = False

    def read_repository(self) -> Repository | None:
        """Returns the repository in the environment asked for; None where none is given.

        Raises:
            UsageError: No kustomize is at hand.
            RepositoryError: The repository cannot be rendered.
        """
        if self.repository is None:
            return None
        from harness.examine.repository import read_repository  # noqa: PLC0415 -- slow to import

        return read_repository(self.repository, self.environment)

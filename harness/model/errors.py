"""Every way the harness can end, each with an exit code and one paragraph for a person.

    HarnessError
    ├── UsageError           2   options, harness.toml
    ├── RepositoryError      3   the repository or an overlay cannot be read or rendered
    ├── RunnerError          4   this machine: Docker, tools, disk, memory
    ├── BundleError          5   the images and tools the cluster needs
    ├── ClusterError         6   the kind cluster
    ├── ImageError           7   building or delivering an image
    ├── SecretError          8   a secret that cannot be made
    ├── EngineError          9   Argo CD: installation, publishing, sync
    ├── NotReadyError       10   the deadline passed, a workload is not ready, no cause is certain
    ├── ProofError          11   everything is ready, yet the proof failed
    └── RootCauseError      12   a workload cannot become ready, and the cause is known

`harness audit` ends with 13, `harness drift` with 14 and `harness policies` with 15 where they
found something, and the last with 16 where nothing is proven; `harness reproduce` ends with 17
where it came to another verdict. That is a result, so no error stands for it.

Rooms raise these; only the entry layer turns them into text and exit codes.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.model.finding import Finding

_PARTS = ("attempted", "subject", "seen", "expected", "next_step", "log")


class ExitCode(IntEnum):
    """What the process returns; one meaning per number (tested)."""

    OK = 0
    INTERNAL = 1
    USAGE = 2
    REPOSITORY = 3
    RUNNER = 4
    BUNDLE = 5
    CLUSTER = 6
    IMAGE = 7
    SECRET = 8
    ENGINE = 9
    NOT_READY = 10
    PROOF = 11
    ROOT_CAUSE = 12
    AUDIT = 13
    DRIFT = 14
    POLICIES = 15
    POLICIES_UNPROVEN = 16
    DIFFERENT = 17
    INTERRUPTED = 130


def _sentence(text: str) -> str:
    text = text.strip()
    return text if not text or text[-1] in ".:!?" else f"{text}."


def _made_of(cls: type[HarnessError], parts: dict[str, str]) -> HarnessError:
    return cls(**parts)


class HarnessError(Exception):
    """Says in one paragraph what was tried, on what, what was seen, what is right, what to run.

    Args:
        attempted: What the harness tried, as a clause ("Rendering the overlay").
        subject: The object, file or address it tried it on.
        seen: What came back; already short and free of secrets.
        expected: What would have been right.
        next_step: The command or edit that moves the reader on.
        log: Path of the full output, where one was kept.
    """

    exit_code = ExitCode.INTERNAL

    def __init__(
        self,
        *,
        attempted: str,
        subject: str,
        seen: str,
        expected: str = "",
        next_step: str = "",
        log: str = "",
    ) -> None:
        self.attempted = attempted
        self.subject = subject
        self.seen = seen
        self.expected = expected
        self.next_step = next_step
        self.log = log
        super().__init__(self.paragraph())

    def __reduce__(self) -> tuple[Callable[[dict[str, str]], HarnessError], tuple[dict[str, str]]]:
        parts = {name: str(getattr(self, name)) for name in _PARTS}
        return partial(_made_of, type(self)), (parts,)

    def paragraph(self) -> str:
        """Returns the whole error as one paragraph."""
        parts = [_sentence(f"{self.attempted} {self.subject} failed: {self.seen}")]
        if self.expected:
            parts.append(_sentence(f"Expected: {self.expected}"))
        if self.next_step:
            parts.append(_sentence(f"Next: {self.next_step}"))
        if self.log:
            parts.append(_sentence(f"Full output: {self.log}"))
        return " ".join(parts)


class UsageError(HarnessError):
    """Options or `harness.toml` are wrong."""

    exit_code = ExitCode.USAGE


class RepositoryError(HarnessError):
    """The repository or an overlay cannot be read or rendered."""

    exit_code = ExitCode.REPOSITORY
    finding: Finding | None = None
    """The cause, where one of the catalogue explains it."""


class RunnerError(HarnessError):
    """This machine lacks something: Docker, a tool, disk, memory."""

    exit_code = ExitCode.RUNNER


class BundleError(HarnessError):
    """The images and tools the cluster needs are missing or damaged."""

    exit_code = ExitCode.BUNDLE


class ClusterError(HarnessError):
    """The kind cluster cannot be created, reused or removed."""

    exit_code = ExitCode.CLUSTER


class ImageError(HarnessError):
    """An image cannot be built or delivered."""

    exit_code = ExitCode.IMAGE


class SecretError(HarnessError):
    """A secret the repository expects cannot be made."""

    exit_code = ExitCode.SECRET


class EngineError(HarnessError):
    """Argo CD cannot be installed, or does not sync."""

    exit_code = ExitCode.ENGINE


class NotReadyError(HarnessError):
    """The deadline passed, at least one workload is not ready, and no cause is certain."""

    exit_code = ExitCode.NOT_READY


class ProofError(HarnessError):
    """Everything is ready, yet what was to be proven is not true."""

    exit_code = ExitCode.PROOF


class RootCauseError(HarnessError):
    """Something declared cannot become ready, and the root cause is known."""

    exit_code = ExitCode.ROOT_CAUSE

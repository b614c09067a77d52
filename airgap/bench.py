"""What a builder works with: a folder, inputs, a way to run programs and to say how far it is.

Builders (``building/``) see nothing else of this program: not the graph, not the other parts.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from airgap.events import Events
from airgap.process import Command, ignore_line, run
from airgap.store import Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """The surroundings of one build of one part."""

    part: str
    key: str
    settings: Mapping[str, object]
    sources: tuple[Path, ...]
    folder: Path
    """Empty at the beginning; what lies in it at the end is the result."""
    inputs: Mapping[str, Result]
    """The finished parts it depends on, and the parts below those."""
    go_caches: Path
    log: Path
    cancelled: threading.Event
    events: Events = field(repr=False)

    def run(
        self,
        *words: str,
        deadline_seconds: float,
        cwd: Path | None = None,
        environment: Mapping[str, str] | None = None,
        on_line: Callable[[str], None] = ignore_line,
    ) -> list[str]:
        """Runs a program and returns its lines; see ``process.run`` for what it raises."""
        command = Command(
            words=words,
            deadline_seconds=deadline_seconds,
            cwd=cwd,
            environment=environment or {},
        )
        return run(command, log=self.log, cancelled=self.cancelled, on_line=on_line)

    def say(self, detail: str, done: int | None = None, total: int | None = None) -> None:
        """Says what is being done, and how far it is where that is known."""
        self.events.progress(self.part, detail, done, total)

    def having(self, **more: object) -> Bench:
        """The same bench with more settings, which are not in the key."""
        return replace(self, settings={**self.settings, **more})

    def text(self, name: str) -> str:
        """A setting that is a text."""
        value = self.settings[name]
        if not isinstance(value, str):
            msg = f"setting {name} of {self.part} is {value!r}, not a text"
            raise TypeError(msg)
        return value

    def texts(self, name: str) -> Sequence[str]:
        """A setting that is a list of texts."""
        value = self.settings[name]
        if not isinstance(value, list | tuple):
            msg = f"setting {name} of {self.part} is {value!r}, not a list"
            raise TypeError(msg)
        return [str(item) for item in value]

    def table(self, name: str) -> Mapping[str, str]:
        """A setting that is a table of texts."""
        value = self.settings[name]
        if not isinstance(value, Mapping):
            msg = f"setting {name} of {self.part} is {value!r}, not a table"
            raise TypeError(msg)
        return {str(key): str(item) for key, item in value.items()}

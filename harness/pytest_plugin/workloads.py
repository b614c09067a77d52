"""One item per declared workload: collected from the rendered repository, without a cluster.

`pytest --gitops-workloads` adds them beside the user's own tests. Each fails with the root cause of
its workload, or with the one it suffers from; the evidence stands in the sections of its report and
in the properties of JUnit XML. A workload that was not judged is skipped, never passed.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.pytest_plugin.deployment import Workload

if TYPE_CHECKING:
    from _pytest._code import ExceptionInfo
    from _pytest._code.code import TerminalRepr

    from harness.pytest_plugin.shared_run import SharedRun

NODE = "gitops"


class NotReadyError(Exception):
    """A workload is not ready; the text is the whole message."""


class WorkloadItem(pytest.Item):
    """One workload: passes when the run found it ready."""

    def __init__(self, *, workload: Workload, shared: SharedRun, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.workload = workload
        self.shared = shared

    def runtest(self) -> None:
        """Deploys, if nobody has, and judges the workload."""
        from harness.model.run import Health  # noqa: PLC0415
        from harness.pytest_plugin import attached  # noqa: PLC0415

        ref, run = self.workload.ref, self.shared.get().run
        if run.interrupted:
            raise KeyboardInterrupt
        status = attached.status_of(run, ref)
        if status is not None and status.health is Health.NOT_JUDGED:
            pytest.skip(f"{ref} was not judged: {status.message}")
        text = attached.failure_text(run, ref)
        if text:
            self.add_report_section("call", "gitops run", attached.evidence_text(run))
            if log := attached.log_text(run.evidence, ref):
                self.add_report_section("call", "gitops log", log)
            self.user_properties += list(attached.properties(run, ref))
            raise NotReadyError(text)

    def repr_failure(
        self, excinfo: ExceptionInfo[BaseException], style: Any = None
    ) -> str | TerminalRepr:
        """Returns the finding as it is; a traceback into the harness would help nobody."""
        from harness.model.errors import HarnessError  # noqa: PLC0415

        if isinstance(excinfo.value, HarnessError):
            return excinfo.value.paragraph()
        if isinstance(excinfo.value, NotReadyError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Returns the line that declares the workload."""
        root = self.shared.order.repository
        file = root / self.workload.file if self.workload.file else root
        line = self.workload.line - 1 if self.workload.line else None
        return file, line, str(self.workload.ref)


class Environment(pytest.Collector):
    """The declared workloads of one environment."""

    def __init__(self, *, shared: SharedRun, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.shared = shared

    @classmethod
    def of(cls, session: pytest.Session, shared: SharedRun) -> Environment:
        """Returns the collector for what the options name."""
        name = shared.order.environment
        made: Environment = cls.from_parent(
            session, name=name, nodeid=f"{NODE}::{name}", shared=shared
        )
        return made

    def collect(self) -> Iterator[WorkloadItem]:
        """Yields the workloads.

        Raises:
            CollectError: The repository cannot be rendered; with the paragraph that says why.
        """
        from harness.model.errors import HarnessError  # noqa: PLC0415

        try:
            found = self.shared.world.declared(self.shared.order)
        except HarnessError as error:
            raise self.CollectError(error.paragraph()) from None
        for workload in found:
            yield WorkloadItem.from_parent(
                self, name=str(workload.ref), workload=workload, shared=self.shared
            )

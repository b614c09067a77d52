"""Fixtures and options for pytest: `gitops_run` deploys once per session and hands over the record.

Thin: options become `RunOptions`, the run is `harness.compose`. Options start with `--gitops-`, so
they do not clash with pytest-kind's. The run shows itself live although pytest captures output.
"""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from harness.model.run import RunRecord


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the options of a deployment."""
    group = parser.getgroup("gitops", "GitOps harness")
    group.addoption(
        "--gitops-repo", default=".", metavar="DIR", help="Folder of the GitOps repository."
    )
    group.addoption("--gitops-env", default="dev", metavar="NAME", help="Environment to deploy.")
    group.addoption(
        "--gitops-output", default=None, metavar="DIR", help="Folder for reports and evidence."
    )
    group.addoption(
        "--gitops-bundle", default="auto", metavar="HOW", help="auto, pull, build or a file."
    )
    group.addoption(
        "--gitops-keep", action="store_true", help="Keep the cluster, and reuse it next time."
    )
    group.addoption(
        "--gitops-kind-config", default=None, metavar="FILE", help="kind configuration to use."
    )


@pytest.fixture(scope="session")
def gitops_run(request: pytest.FixtureRequest) -> RunRecord:
    """Deploys the repository to a cluster, proves it, cleans up; returns the record of the run.

    A failed run is returned too: assert on `record.passed` or on one part of it.
    """
    from harness.commands.e2e import run_options, start  # noqa: PLC0415 -- slow to import

    option = request.config.getoption
    output, kind_config = option("--gitops-output"), option("--gitops-kind-config")
    options = run_options(
        Path(option("--gitops-repo")),
        option("--gitops-env"),
        output=Path(output) if output else None,
        keep=option("--gitops-keep"),
        bundle=option("--gitops-bundle"),
        kind_config=Path(kind_config) if kind_config else None,
    )
    command = shlex.join(["pytest", *map(str, request.config.invocation_params.args)])
    capture: Any = request.config.pluginmanager.getplugin("capturemanager")
    if capture is None:
        return start(options, command=command)
    with capture.global_and_fixture_disabled():
        sys.stdout.write("\n")
        return start(options, command=command)

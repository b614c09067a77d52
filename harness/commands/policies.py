"""`harness policies`: who may reach whom by the declared policies, and who does in the cluster.

On the kept cluster of this repository, or on one that a context names. What it makes (a control
namespace, a container outside, short-lived pods where nodes cannot be entered) it removes again;
the user's objects are not changed. The work is `harness.commands.policies_run`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.model.errors import UsageError

if TYPE_CHECKING:
    from harness.commands.policies_run import Probe

APPLICATION = "gitops-harness"


def register(app: typer.Typer, probe: Callable[[], Probe] | None = None) -> None:
    """Adds the command to the application.

    Args:
        app: The application.
        probe: Gives what makes the matrix; that of the harness by default.
    """

    @app.command("policies")
    def policies(
        *,
        repo: Annotated[
            Path, typer.Option("--repo", help="Folder of the GitOps repository.")
        ] = Path(),
        env: Annotated[str, typer.Option("--env", help="Environment that is deployed.")] = "dev",
        kubeconfig: Annotated[
            Path | None,
            typer.Option("--kubeconfig", help="Default: the kept cluster of this repository."),
        ] = None,
        context: Annotated[
            str,
            typer.Option("--context", help="Context of the kubeconfig; needed for a foreign one."),
        ] = "",
        every_pod: Annotated[
            bool, typer.Option("--every-pod", help="Probe each replica, not one for all.")
        ] = False,
        most: Annotated[
            int, typer.Option("--most", min=1, help="Leave denied pairs out beyond so many pairs.")
        ] = 4000,
        probe_image: Annotated[
            str,
            typer.Option(
                "--probe-image",
                metavar="IMAGE",
                help="Probe from short-lived pods of this image, which must have bash.",
            ),
        ] = "",
        as_json: Annotated[
            bool, typer.Option("--json", help="Print JSON and nothing else.")
        ] = False,
        junit: Annotated[
            Path | None,
            typer.Option("--junit", metavar="FILE", help="Write JUnit XML, a case per pair."),
        ] = None,
    ) -> None:
        """Compute who may reach whom by the declared policies, and probe the cluster for it."""
        if kubeconfig is not None and not context:
            raise _unnamed(kubeconfig)
        from harness.commands import policies_run  # noqa: PLC0415 -- slow to import

        order = policies_run.Order(
            question=policies_run.question(repo, env, kubeconfig, context),
            every_pod=every_pod,
            most=most,
            probe_image=probe_image,
            as_json=as_json,
            junit=junit,
        )
        world = policies_run.World(
            probe=probe() if probe else policies_run.probe_cluster,
            out=sys.stdout,
            err=sys.stderr,
            environ=os.environ,
        )
        raise typer.Exit(policies_run.run_policies(order, world))


def _unnamed(kubeconfig: Path) -> UsageError:
    return UsageError(
        attempted="Probing the cluster of",
        subject=str(kubeconfig),
        seen="no context is named, and probing makes a namespace and pods for a moment",
        expected="the name of the context that is meant",
        next_step=f"harness policies --kubeconfig {kubeconfig} --context NAME",
    )

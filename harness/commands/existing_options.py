"""The options of `--provider existing`: which cluster, who confirmed it, what may be made there.

A context is written out and confirmed by its name before anything is read. Options of the one
provider are refused with the other: silence would let a person believe that they count.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from harness.model.errors import UsageError
from harness.stages.existing.confirmation import Ask, confirm
from harness.stages.existing.kubeconfig import Chosen, choose_context, kubeconfig_files
from harness.stages.existing.request import ExistingCluster


class Provider(StrEnum):
    """Whose cluster a run uses."""

    KIND = "kind"
    EXISTING = "existing"


PROVIDER = Annotated[
    Provider,
    typer.Option("--provider", help="kind: a cluster of its own; existing: one that you name."),
]
CONTEXT = Annotated[
    str, typer.Option("--context", metavar="NAME", help="Context of the existing cluster.")
]
KUBECONFIG = Annotated[
    Path | None, typer.Option("--kubeconfig", help="Default: $KUBECONFIG, ~/.kube/config.")
]
CONFIRM = Annotated[
    str,
    typer.Option("--confirm", metavar="NAME", help="The context's name again, instead of typing."),
]
APPLY = Annotated[
    bool,
    typer.Option("--apply", help="Existing: deploy the environment for the time of the run."),
]
INSTALL_ENGINE = Annotated[
    bool, typer.Option("--install-engine", help="Existing: install Argo CD where there is none.")
]
MAKE_SECRETS = Annotated[
    bool, typer.Option("--make-secrets", help="Existing: make the secrets nobody declares.")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What was said on the command line about the cluster."""

    provider: Provider = Provider.KIND
    context: str = ""
    kubeconfig: Path | None = None
    confirm: str = ""
    apply: bool = False
    install_engine: bool = False
    make_secrets: bool = False
    only_kind: Mapping[str, bool] | None = None
    """Options that only a kind cluster has, and whether they were given."""


def existing_cluster(wish: Wish, *, ask: Ask | None = None) -> ExistingCluster | None:
    """Returns the confirmed cluster; None for a kind cluster.

    Args:
        wish: The options.
        ask: Asks a person; by default at the terminal, where there is one.

    Raises:
        UsageError: The context does not exist or was not confirmed, or options do not fit.
    """
    if wish.provider is Provider.KIND:
        _refuse(wish.provider, _given_of_existing(wish), f"--provider {Provider.EXISTING}")
        return None
    _refuse(wish.provider, [n for n, on in (wish.only_kind or {}).items() if on], "leave it out")
    chosen = confirmed(
        wish.kubeconfig, wish.context, _does(wish), given=wish.confirm, ask=ask or at_terminal()
    )
    from harness.comparison.commits import of_checkout  # noqa: PLC0415 -- not for kind

    return ExistingCluster(
        context=chosen.context,
        kubeconfig=chosen.text,
        server=chosen.server,
        commits=of_checkout,
        apply=wish.apply,
        install_engine=wish.install_engine,
        make_secrets=wish.make_secrets,
    )


def confirmed(
    kubeconfig: Path | None, context: str, does: str, *, given: str, ask: Ask | None
) -> Chosen:
    """Returns a context that exists and was confirmed by its name.

    Raises:
        UsageError: It does not exist, or was not confirmed.
    """
    chosen = choose_context(kubeconfig_files(kubeconfig, os.environ), context)
    confirm(chosen.context, chosen.server, does, given=given, ask=ask)
    return chosen


def at_terminal() -> Ask | None:
    """Returns what asks at the terminal; None where there is none."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return None
    return lambda question: str(typer.prompt(question, default="", show_default=False, err=True))


def _does(wish: Wish) -> str:
    makes = [
        what
        for what, on in (
            ("installs Argo CD if there is none", wish.install_engine),
            ("makes secrets that are missing", wish.make_secrets),
            ("applies the bootstrap if nothing of it is there", wish.apply),
        )
        if on
    ]
    return f"{', '.join(makes)}, and removes what it made" if makes else "only reads"


def _given_of_existing(wish: Wish) -> list[str]:
    given = {
        "--context": wish.context,
        "--kubeconfig": wish.kubeconfig,
        "--confirm": wish.confirm,
        "--apply": wish.apply,
        "--install-engine": wish.install_engine,
        "--make-secrets": wish.make_secrets,
    }
    return [name for name, value in given.items() if value]


def _refuse(provider: Provider, options: list[str], next_step: str) -> None:
    if options:
        raise UsageError(
            attempted="Understanding",
            subject=", ".join(options),
            seen=f"--provider is {provider}",
            expected="options that count for this provider",
            next_step=next_step,
        )

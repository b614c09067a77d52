"""Stage "drift": what the run has deployed against what runs, with the digests that it delivered.

Joins `harness.drift` with the repository (lines) and with what counts as a credential. A gap does
not fail the run: Argo CD has already called everything synced, so what differs here was written by
somebody else, a controller or a webhook, and only its owner knows whether it may.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable

from harness.drift.compare import compare
from harness.drift.observe import LiveApi
from harness.drift.terms import Locate, Terms, at_commit
from harness.io.kube import KubeError
from harness.model.drift import Gap
from harness.model.errors import ClusterError
from harness.model.refs import ObjectRef
from harness.model.repository import Declaration
from harness.model.run import ImageDelivery
from harness.repo.origin import Origins
from harness.stages.context import Context
from harness.stages.stage import Voice
from harness.watch.credentials import (
    is_credential_name,
    is_reference,
    without_configured_credentials,
)
from harness.watch.redacted import HIDDEN

SALT_BYTES = 16


def drift(context: Context, voice: Voice) -> str:
    """Compares everything declared with what runs, by a dry run, and keeps the gap.

    Raises:
        ClusterError: The API server does not let itself be asked.
    """
    declaration, revision = context.declaration.get(), context.revision.get()
    voice.say("comparing what is declared with what runs")
    try:
        gap = run_gap(context.kube.get(), declaration, context.run.images, revision)
    except KubeError as error:
        raise ClusterError(
            attempted="Comparing with the cluster what is declared by",
            subject=declaration.environment,
            seen=str(error),
            expected="an API server that answers",
            next_step="read the evidence folder, then try again",
        ) from error
    context.run.gap = gap
    return one_sentence(gap)


def one_sentence(gap: Gap) -> str:
    """Returns the gap in words."""
    if gap.honesty is None:
        return "nothing is declared"
    differences = len(gap.findings)
    found = f"; {differences} difference{'s' * (differences != 1)}" if differences else ""
    return f"{gap.exact} of {gap.declared} declared objects run exactly as declared{found}"


def run_gap(
    kube: LiveApi, declaration: Declaration, images: Iterable[ImageDelivery], revision: str
) -> Gap:
    """Returns the gap between what a run has deployed and what runs.

    Args:
        kube: The cluster of the run.
        declaration: What the run has deployed.
        images: What it has delivered.
        revision: The commit that it has published.

    Raises:
        KubeError: The API server does not say what it serves.
        ClusterError: It stored what it was only to rehearse.
    """
    terms = Terms(
        conceal=conceal,
        salt=secrets.token_bytes(SALT_BYTES),
        wanted=at_commit(revision),
        locate=locator(declaration),
        images={image.declared: image.digest for image in images if image.digest},
    )
    return compare(kube, declaration, terms)


def locator(declaration: Declaration) -> Locate:
    """Returns what finds the line of the repository that sets a field."""
    origins = Origins(declaration.root, [a.application.path for a in declaration.applications])

    def locate(ref: ObjectRef, field: str, folder: str) -> tuple[str, int]:
        found = origins.locate(ref, field, folder) or origins.locate(ref, field)
        return (found.file, found.line) if found else ("", 0)

    return locate


def conceal(name: str, text: str) -> str:
    """Returns a text without the credentials that its name or its form give away."""
    if text and is_credential_name(name) and not is_reference(text):
        return HIDDEN
    return without_configured_credentials(text)

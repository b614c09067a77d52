"""Stage "drift" on an existing cluster: what is declared against what runs, without digests.

As `harness drift` compares; a gap fails no run. Nothing is written: the API server is asked by dry
run, and where this user may not, the declared fields alone are compared.
"""

from __future__ import annotations

import secrets
from dataclasses import replace

from harness.drift.compare import compare
from harness.drift.terms import Terms
from harness.io.kube import KubeError
from harness.model.errors import ClusterError
from harness.stages.context import Context
from harness.stages.drift import SALT_BYTES, conceal, locator, one_sentence
from harness.stages.existing.place import Place
from harness.stages.stage import Voice

NO_DIGESTS = "digests were not compared: no registry was asked"


def drift(context: Context, voice: Voice, place: Place) -> str:
    """Compares everything declared with what runs, by dry run, and keeps the gap.

    Raises:
        ClusterError: The API server does not let itself be asked.
    """
    declaration = context.declaration.get()
    voice.say("comparing what is declared with what runs")
    terms = Terms(
        conceal=conceal,
        salt=secrets.token_bytes(SALT_BYTES),
        wanted=place.wanted.get(),
        locate=locator(declaration),
    )
    try:
        gap = compare(context.kube.get(), declaration, terms)
    except KubeError as error:
        raise ClusterError(
            attempted="Comparing with the cluster what is declared by",
            subject=declaration.environment,
            seen=str(error),
            expected="an API server that says what it serves",
            next_step="kubectl get --raw /apis",
        ) from error
    context.run.gap = replace(gap, notes=(*gap.notes, NO_DIGESTS))
    hidden = len(gap.not_judged)
    return one_sentence(gap) + (f"; {hidden} not judged" if hidden else "")

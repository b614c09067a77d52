"""Secrets that pods need: absent, without a key, unreadable or unfit for pulling images. Pure.

What an operator, a SealedSecret or an ExternalSecret makes counts as there (`harness.audit.
producers`). Values are never part of a message.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from harness.audit.checks.pod_objects import Family, missing_keys, missing_objects
from harness.audit.finding import Fault, NotJudged
from harness.audit.scope import Scope

SECRETS = Family(
    kind="Secret", rule="secret-missing", absent_in_env="S07", creation="secret generic"
)


def missing_secrets(scope: Scope) -> Iterator[Fault | NotJudged]:
    """Yields `secret-missing` for Secrets nobody declares and for keys a Secret does not have."""
    yield from missing_objects(scope, SECRETS)
    yield from missing_keys(scope, SECRETS)


CHECKS: tuple[Callable[[Scope], Iterator[Fault | NotJudged]], ...] = (missing_secrets,)

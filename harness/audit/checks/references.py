"""All checks of references, in the order in which their modules are listed. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from harness.audit.checks import (
    accounts,
    configs,
    external_secrets,
    ingresses,
    kinds,
    permissions,
    secrets,
    storage,
)
from harness.audit.finding import Fault, NotJudged
from harness.audit.scope import Scope

CHECKS: tuple[Callable[[Scope], Iterator[Fault | NotJudged]], ...] = (
    *secrets.CHECKS,
    *configs.CHECKS,
    *accounts.CHECKS,
    *storage.CHECKS,
    *ingresses.CHECKS,
    *permissions.CHECKS,
    *kinds.CHECKS,
    *external_secrets.CHECKS,
)

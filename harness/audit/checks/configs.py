"""ConfigMaps that pods need: absent, without a key, mounted by a subPath they lack, empty. Pure.

What a generator, an operator or a CA injector makes counts as there (`harness.audit.producers`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from harness.audit.checks.pod_objects import Family, missing_keys, missing_objects
from harness.audit.finding import Fault, NotJudged
from harness.audit.scope import Scope

CONFIG_MAPS = Family(
    kind="ConfigMap", rule="configmap-missing", absent_in_env="S11", creation="configmap"
)


def missing_config_maps(scope: Scope) -> Iterator[Fault | NotJudged]:
    """Yields `configmap-missing` for ConfigMaps nobody declares and keys that one lacks."""
    yield from missing_objects(scope, CONFIG_MAPS)
    yield from missing_keys(scope, CONFIG_MAPS)


CHECKS: tuple[Callable[[Scope], Iterator[Fault | NotJudged]], ...] = (missing_config_maps,)

"""The one call: compares what an environment declares with what lives in a cluster.

Reads only. The order: what is served, what lives, whether dry runs are honoured, the rehearsals,
the listings, the engine's Applications. Then all is judged from values (`harness.drift.gap`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from harness.drift.api_resources import THREADS, ApiResources, read_resources
from harness.drift.extras import SYSTEM, is_hook
from harness.drift.gap import assembled
from harness.drift.listing import read_applications, read_listing
from harness.drift.observe import (
    Asked,
    LiveApi,
    Reading,
    asked,
    check_dry_run,
    placed,
    read_live,
    rehearse,
)
from harness.drift.scope import Evidence, Scope
from harness.drift.terms import Terms
from harness.model.declared import ENGINE_NAMESPACE, declared_objects
from harness.model.drift import Gap
from harness.model.repository import Declaration, ExpectedApplication


def compare(kube: LiveApi, declaration: Declaration, terms: Terms) -> Gap:
    """Returns the gap between a declaration and a cluster.

    Raises:
        KubeError: The API server does not say what it serves.
        ClusterError: It stored what it was only to rehearse.
    """
    rendered = _asked(declaration)
    resources = read_resources(kube, {str(a.object.get("apiVersion")) for a in rendered})
    everything = [placed(each, resources) for each in rendered]
    engine_is_known = resources.find("argoproj.io/v1alpha1", "Application") is not None
    scope = _scope(declaration, terms, everything, engine_is_known=engine_is_known)
    readings = _readings(kube, resources, [a for a in everything if scope.covers(a)])
    return assembled(
        Evidence(
            readings=readings,
            listing=read_listing(kube, resources, scope.searched),
            applications=read_applications(kube, resources),
            silent=resources.silent,
        ),
        scope,
        terms,
    )


def _asked(declaration: Declaration) -> tuple[Asked, ...]:
    folders = {a.application.name: a.application.path for a in declaration.applications}
    listed = declared_objects(declaration)
    return tuple(
        asked(d.object, d.application, folders.get(d.application, d.application))
        for d in listed
        if d.application or not declaration.generated_bootstrap
    )


def _scope(
    declaration: Declaration,
    terms: Terms,
    everything: Sequence[Asked],
    *,
    engine_is_known: bool,
) -> Scope:
    chosen = {
        name: expected
        for name, expected in _expected(declaration).items()
        if terms.application in {"", name}
    }
    only = terms.namespaces or declaration.namespaces
    namespaces = [n for n in declaration.namespaces if n in only]
    return Scope(
        expected=chosen,
        asked=tuple(everything),
        searched=tuple(n for n in namespaces if not _is_system(n)),
        passed_over=tuple(n for n in namespaces if _is_system(n)),
        namespaces=terms.namespaces,
        has_bootstrap=engine_is_known and not terms.application,
        is_whole=not terms.application,
        engine_is_known=engine_is_known,
    )


def _expected(declaration: Declaration) -> dict[str, tuple[ExpectedApplication, ...]]:
    found: dict[str, tuple[ExpectedApplication, ...]] = {}
    for app in declaration.applications:
        name = app.application.name or app.application.path
        found[name] = (*found.get(name, ()), app.application)
    return found


def _is_system(namespace: str) -> bool:
    return namespace == ENGINE_NAMESPACE or bool(SYSTEM.fullmatch(namespace))


def _readings(
    kube: LiveApi, resources: ApiResources, wanted: Sequence[Asked]
) -> tuple[Reading, ...]:
    comparable = [a for a in wanted if a.ref.name and not is_generated(a) and not is_hook(a.object)]
    with ThreadPoolExecutor(THREADS) as pool:
        live = list(pool.map(partial(read_live, kube, resources=resources), comparable))
        list(pool.map(partial(check_dry_run, kube, resources=resources), _one_of_each(live)))
        return tuple(pool.map(partial(rehearse, kube, resources=resources), live))


def is_generated(declared: Asked) -> bool:
    """Tells whether the API server makes the name, so that no live object can be told as its."""
    return "name" not in declared.object["metadata"]


def _one_of_each(readings: Iterable[Reading]) -> list[Reading]:
    """Returns a living object of each group of which dry runs are to be asked."""
    living = [r for r in readings if r.live is not None and not r.refusal]
    return list({r.asked.group: r for r in reversed(living)}.values())

"""Renders the deployable roots of a repository as their engines do, side by side.

A request comes to objects, to a failure in the renderer's own words, or to a reason why nobody can
know here: a remote base, a chart, a plugin. Results are kept by the content of everything a build
reads (`render_plan`, `render_cache`). The repository is never written, no program runs longer than
a deadline, and none reaches the network unless `fetch` is set.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.repo.kustomize_build import Share
from harness.repo.render_cache import RenderCache
from harness.repo.render_inputs import Inputs
from harness.repo.render_plan import Plan, Setting, plan
from harness.repo.render_request import Engine, Rendered, RenderTools, Request, Substitution
from harness.repo.render_run import carry_out

__all__ = [
    "Engine",
    "Progress",
    "RenderTools",
    "Rendered",
    "Request",
    "Substitution",
    "render_roots",
]

Object = dict[str, Any]
Progress = Callable[[int, int], None]
"""Is told how many requests of how many are done."""


def _silent(_done: int, _total: int) -> None:
    """Reports nothing."""


RENDERS = "renders"
"""The folder of kept renderings in the cache; throw-away folders are in `work` beside it."""


def render_roots(
    root: Path,
    requests: Sequence[Request],
    tools: RenderTools,
    *,
    cache: Path | None,
    kustomizations: Mapping[str, Object] | None = None,
    progress: Progress = _silent,
) -> list[Rendered]:
    """Returns what each request comes to, in their order; raises for none of them.

    Args:
        root: The repository.
        requests: What to render; equal ones are rendered once.
        tools: The programs.
        cache: Where renderings are kept; None to keep none.
        kustomizations: Those that are parsed already, by folder (`Tree.kustomizations`).
        progress: Is called in this thread.
    """
    workers = max(2, os.cpu_count() or 2)
    share = Share.among(min(workers, max(1, len(requests))))
    setting = _setting(root, tools, cache, kustomizations or {}, share)
    store = RenderCache(cache / RENDERS if cache else None)
    found: list[Rendered | None] = [None] * len(requests)
    with ThreadPoolExecutor(max_workers=workers) as pool:
        try:
            waiting = _started(requests, setting, store, pool, found)
            _collect(waiting, requests, found, progress)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    store.trim()
    return [made for made in found if made is not None]


def _setting(
    root: Path,
    tools: RenderTools,
    cache: Path | None,
    kustomizations: Mapping[str, Object],
    share: Share,
) -> Setting:
    root = root.resolve()
    boundary = next((p for p in (root, *root.parents) if (p / ".git").exists()), root)
    prefix = root.relative_to(boundary).as_posix()
    known = {
        posixpath.normpath(posixpath.join(prefix, folder)): content
        for folder, content in kustomizations.items()
    }
    return Setting(
        boundary=boundary,
        prefix=prefix,
        tools=tools,
        inputs=Inputs(boundary, known),
        work=cache / RENDERS / "work" if cache else None,
        share=share,
    )


def _started(
    requests: Sequence[Request],
    setting: Setting,
    store: RenderCache,
    pool: ThreadPoolExecutor,
    found: list[Rendered | None],
) -> dict[Future[Rendered], list[int]]:
    """Plans every request and hands it over; returns which requests wait for which result."""
    by_key: dict[str, Future[Rendered]] = {}
    waiting: dict[Future[Rendered], list[int]] = {}
    for number, request in enumerate(requests):
        made = _planned(request, setting)
        if not isinstance(made, Plan):
            found[number] = made
            continue
        future = by_key.get(made.key) if made.key else None
        if future is None:
            future = pool.submit(_carried_out, made, setting, store)
            waiting[future] = []
            by_key[made.key] = future
        waiting[future].append(number)
    return waiting


def _planned(request: Request, setting: Setting) -> Plan | Rendered:
    try:
        return plan(request, setting)
    except (OSError, ValueError, RecursionError) as error:
        return _unreadable(request, error)


def _carried_out(made: Plan, setting: Setting, store: RenderCache) -> Rendered:
    try:
        return carry_out(made, setting, store)
    except (OSError, ValueError, RecursionError) as error:
        return _unreadable(made.request, error)


def _unreadable(request: Request, error: Exception) -> Rendered:
    said = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return Rendered(request=request, unjudged=f"it cannot be read: {said}")


def _collect(
    waiting: Mapping[Future[Rendered], list[int]],
    requests: Sequence[Request],
    found: list[Rendered | None],
    progress: Progress,
) -> None:
    done = sum(made is not None for made in found)
    for future in as_completed(waiting):
        for number in waiting[future]:
            found[number] = replace(future.result(), request=requests[number])
            done += 1
        progress(done, len(requests))

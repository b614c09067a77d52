"""Carries out a plan: runs kustomize or Helm, or reads plain files, and reads what comes out.

Effects come in with the setting. A failure keeps the program's own words, with the paths of the
repository instead of those of a throw-away copy.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from harness.audit.source import SourceKind
from harness.io.process import Completed
from harness.repo.kustomize_build import (
    DEADLINE_SECONDS,
    OFFLINE,
    build,
    tried_to_fetch,
    warnings_of,
    without_warnings,
)
from harness.repo.render_cache import Kept, RenderCache
from harness.repo.render_helm import without_tests
from harness.repo.render_output import read_output
from harness.repo.render_plain import read_plain
from harness.repo.render_plan import Plan, Setting, inside, visited
from harness.repo.render_request import Rendered
from harness.repo.render_shadow import shadow


def carry_out(plan: Plan, setting: Setting, cache: RenderCache) -> Rendered:
    """Returns what a plan comes to, from the cache where it is known."""
    if plan.request.kind is SourceKind.PLAIN and not plan.key:
        return _plain(plan, setting)
    kept = cache.read(plan.key) if plan.key else None
    if kept is not None:
        return _of_kept(plan, setting, kept)
    made = _read(plan, setting, _run(plan, setting))
    if plan.key and not made.failure and not made.unjudged:
        cache.write(plan.key, Kept(objects=made.objects, warnings=made.warnings, notes=made.notes))
    return made


def _of_kept(plan: Plan, setting: Setting, kept: Kept) -> Rendered:
    return Rendered(
        request=plan.request,
        objects=kept.objects,
        visited=visited(plan.visit, setting),
        warnings=kept.warnings,
        notes=kept.notes,
        is_cached=True,
    )


def _plain(plan: Plan, setting: Setting) -> Rendered:
    found = read_plain(setting.boundary, plan.folder, plan.request.options)
    seen = (inside(path, setting) for path in (*found.files, plan.folder))
    return Rendered(
        request=plan.request,
        objects=found.objects,
        failure=found.failure,
        visited=frozenset(seen),
        notes=found.notes,
    )


def _run(plan: Plan, setting: Setting) -> Completed:
    if plan.helm is not None:
        return _run_helm(plan, setting)
    if plan.kustomization is None:
        return _build(plan, setting, setting.boundary / plan.folder, setting.boundary)
    with shadow(
        setting.boundary,
        plan.folder,
        dict(plan.kustomization),
        plan.visit.files,
        work=setting.work,
    ) as (top, folder):
        return _said_of(_build(plan, setting, folder, top), top, setting.boundary)


def _build(plan: Plan, setting: Setting, folder: Path, cwd: Path) -> Completed:
    return build(
        folder,
        kustomize=setting.tools.kustomize or Path("kustomize"),
        runner=setting.tools.runner,
        cwd=cwd,
        options=plan.flags,
        fetch=setting.tools.fetch,
        share=setting.share,
    )


def _said_of(done: Completed, top: Path, boundary: Path) -> Completed:
    return Completed(
        argv=done.argv,
        returncode=done.returncode,
        stdout=done.stdout,
        stderr=done.stderr.replace(str(top), str(boundary)),
        timed_out=done.timed_out,
        missing=done.missing,
        cancelled=done.cancelled,
    )


def _run_helm(plan: Plan, setting: Setting) -> Completed:
    if setting.work is not None:
        setting.work.mkdir(mode=0o700, parents=True, exist_ok=True)
    call = plan.helm
    with tempfile.TemporaryDirectory(prefix="helm-", dir=setting.work) as name:
        home = Path(name)
        arguments = list(call.arguments if call else ())
        if call and call.values:
            (home / "values.yaml").write_text(call.values, encoding="utf-8")
            arguments += ["--values", str(home / "values.yaml")]
        homes = {f"HELM_{word}_HOME": str(home / word) for word in ("CACHE", "CONFIG", "DATA")}
        return setting.tools.runner.run(
            [str(setting.tools.helm), "template", str(setting.boundary / plan.folder), *arguments],
            deadline_seconds=DEADLINE_SECONDS,
            cwd=setting.boundary / plan.folder,
            env={**homes, **OFFLINE},
        )


def _read(plan: Plan, setting: Setting, done: Completed) -> Rendered:
    seen = visited(plan.visit, setting)
    if not done.ok:
        failure, unjudged = _refusal(done)
        return Rendered(request=plan.request, failure=failure, unjudged=unjudged, visited=seen)
    found = read_output(done.stdout, plan.request)
    objects = without_tests(found.objects) if plan.helm is not None else found.objects
    return Rendered(
        request=plan.request,
        objects=objects,
        failure=found.failure,
        unjudged=found.unjudged,
        visited=seen,
        warnings=warnings_of(done.stderr),
        notes=found.notes,
    )


def _refusal(done: Completed) -> tuple[str, str]:
    """Returns why a program failed, or why its failure says nothing of the repository."""
    program = Path(done.argv[0]).name
    if done.missing or done.cancelled:
        return "", done.explain().replace(done.argv[0], program)
    if done.timed_out:
        return f"{program} did not end within {DEADLINE_SECONDS} s", ""
    if tried_to_fetch(done.stderr):
        return "", "a remote base is not fetched"
    return without_warnings(done.stderr) or f"{program} ended with exit code {done.returncode}", ""

"""After the stages: puts what a run was into one file, from which it can be run again elsewhere.

Gathers what the stages found out (versions, host, options, images, the published tree) and the
files that the run wrote; how the archive is masked, cut and searched is `harness.reproduction`.
"""

from __future__ import annotations

import platform
import secrets as random_source
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

from harness import __version__
from harness.evidence.cassette import FILE_NAME as TIMELINE
from harness.images.plan import Origin
from harness.model.bundle import Bundle
from harness.model.errors import HarnessError
from harness.model.host import HostFacts
from harness.model.secret import Secret
from harness.report.json_report import run_to_json
from harness.report.redaction import presentable
from harness.report.verdict import exit_code, headline, verdict
from harness.reproduction.manifest import (
    EVIDENCE,
    FILE_NAME,
    KIND_CONFIG,
    RUN,
    Host,
    Image,
    Manifest,
    Options,
    Tool,
    Versions,
)
from harness.reproduction.masking import Masker
from harness.reproduction.ordinary import Searched, searched
from harness.reproduction.snapshot import Captured, without_secrets
from harness.reproduction.stand_ins import StandIns
from harness.reproduction.trimming import Part
from harness.reproduction.write import Written, write_archive
from harness.stages.archived_tree import published, tree_of
from harness.stages.context import Context


def keep_archive(context: Context, say: Callable[[str], None]) -> None:
    """Keeps a failed run, or any where that was asked for, in one file.

    Trouble with it must not keep anybody from cleaning up: it is said, and that is all.
    """
    run = context.run
    if not context.options.archive and (run.passed or run.interrupted):
        return
    try:
        written = archived(context)
    except HarnessError as error:
        say(error.paragraph())
    except Exception as error:  # a defect here must not leave a cluster behind
        run.notes.append(f"the evidence archive could not be written: {error!r}")
    else:
        command = f"harness reproduce {shlex.quote(str(written.path))}"
        run.notes.append(f"the run in one file of {written.bytes / 10**6:.1f} MB: {command}")


def archived(context: Context) -> Written:
    """Writes the evidence archive of a run into its output folder.

    Raises:
        RunnerError: It cannot be written, is too big, or a secret would show.
    """
    place = context.folder.path / "archive"
    shutil.rmtree(place, ignore_errors=True)
    try:
        bare = published(context, place)
        stand_ins = StandIns(random_source.token_bytes(16))
        captured = without_secrets(tree_of(context, bare, place / "files"), stand_ins)
        parts = _run_parts(context)
        known = _searched(context, stand_ins, [*parts, *captured.parts])
        masker = Masker(Secret(value) for value in known.values)
        captured = captured.searched(masker)
        manifest = _manifest(context, captured, known)
        contexts = bare.contexts(_built(context)) if bare else {}
        manifest = manifest.model_copy(update={"contexts": contexts})
        target = context.options.output / FILE_NAME
        return write_archive(target, manifest, [*parts, *captured.parts], masker)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _searched(context: Context, stand_ins: StandIns, parts: list[Part]) -> Searched:
    values = {secret.reveal() for secret in context.secrets} | stand_ins.replaced
    return searched(values, [part.data for part in parts])


def _manifest(context: Context, captured: Captured, known: Searched) -> Manifest:
    run = presentable(context.run, context.secrets)
    notes = [f"interrupted by {run.interrupted}"] if run.interrupted else []
    if context.options.existing is not None:
        notes.append("it ran on a cluster that existed; reproduce makes a kind cluster")
    return Manifest(
        created=context.clock.now().isoformat(timespec="seconds"),
        run_id=run.run_id,
        verdict=verdict(run),
        headline=headline(run),
        exit_code=exit_code(run),
        options=options_of(context),
        versions=versions_of(context),
        host=host_of(context),
        tree=captured.tree,
        not_searched=known.told,
        notes=tuple(notes),
    )


def options_of(context: Context) -> Options:
    """Returns what the run was asked for."""
    asked, run = context.options, context.run
    variables = {
        value.removeprefix("env:")
        for secret in context.settings.secrets.values()
        for value in secret.data.values()
        if value.startswith("env:")
    }
    return Options(
        environment=asked.environment,
        up_to=run.stages[-1].name if run.stages else "",
        withhold=asked.withhold,
        keep_going=asked.keep_going,
        kind_config=asked.kind_config is not None,
        variables=tuple(sorted(variables)),
    )


def versions_of(context: Context) -> Versions:
    """Returns with what the run was made, as far as it came."""
    known = context.bundle.known
    return versions_from(context.bundle.get()) if known else Versions(harness=__version__)


def versions_from(bundle: Bundle) -> Versions:
    """Returns the versions of a run with this bundle."""
    return Versions(
        harness=__version__,
        bundle=bundle.key,
        bundle_origin=bundle.origin,
        kubernetes=bundle.kubernetes,
        argocd=bundle.argocd_version,
        tools={t.name: Tool(version=t.version, sha256=t.sha256) for t in bundle.tools.values()},
        images={i.role: Image(image_id=i.image_id, built_from=i.built_from) for i in bundle.images},
    )


def host_of(context: Context) -> Host:
    """Returns on what machine the run was made, as far as it was examined."""
    if context.host.known:
        return host_from(context.host.get())
    return Host(system=platform.system(), python=platform.python_version())


def host_from(facts: HostFacts) -> Host:
    """Returns a machine by its facts."""
    return Host(
        system=facts.system,
        distribution=facts.distribution,
        cgroups=facts.cgroup_version,
        processors=facts.processors,
        memory_bytes=facts.memory_bytes,
        python=platform.python_version(),
    )


def _built(context: Context) -> dict[str, Path]:
    """Returns the folder inside the tree from which each image is built."""
    root = context.options.repository
    plan = context.plan.get() if context.plan.known else ()
    return {
        planned.use.declared: (planned.context or root).relative_to(root)
        for planned in plan
        if planned.origin is Origin.BUILT and (planned.context or root).is_relative_to(root)
    }


def _run_parts(context: Context) -> list[Part]:
    """Returns the record, the kind configuration and what the run wrote as evidence."""
    parts = [Part(name=RUN, data=_record(context).encode())]
    config = context.options.kind_config
    if config is not None:
        parts.append(Part(name=KIND_CONFIG, data=config.read_bytes()))
    output = context.options.output
    evidence = Path(context.run.evidence) if context.run.evidence else None
    if evidence is not None:
        files = sorted(p for p in evidence.rglob("*") if p.is_file() and not p.is_symlink())
        parts += [Part(name=_name(p, evidence), data=p.read_bytes()) for p in files]
    if context.observer.known and (output / TIMELINE).is_file():
        name = f"{EVIDENCE}/{TIMELINE}"
        if name not in {part.name for part in parts}:
            parts.append(Part(name=name, data=(output / TIMELINE).read_bytes()))
    return parts


def _name(path: Path, folder: Path) -> str:
    return f"{EVIDENCE}/{path.relative_to(folder).as_posix()}"


def _record(context: Context) -> str:
    return run_to_json(presentable(context.run, context.secrets))

"""Runs an archived run again and compares: unpack, restore, say what differs, run, compare.

Whatever can be wrong with the archive, the clone or the options is found before anything is made.
The new run keeps an archive of its own, and the two manifests are what is compared.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from harness.io.process import Runner
from harness.model.errors import UsageError
from harness.model.run import RunRecord
from harness.report.findings import shown_findings
from harness.report.json_report import run_from_json
from harness.report.verdict import exit_code, verdict
from harness.reproduction.differences import (
    context_differences,
    host_differences,
    image_differences,
    tree_differences,
    version_differences,
)
from harness.reproduction.manifest import (
    FILE_NAME,
    KIND_CONFIG,
    RUN,
    TREE,
    Host,
    Manifest,
    Versions,
)
from harness.reproduction.outcome import Ending, compare, ending_of
from harness.reproduction.read import is_archive, read_manifest, unpack
from harness.reproduction.restore import is_comparable, restored
from harness.reproduction.result import Reproduction

PARTIAL = "ready"
"""Where `harness up` ends; every other run goes to the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be reproduced, and how."""

    archive: Path
    output: Path
    clone: Path | None = None
    tree: Path | None = None
    """A folder to run instead of the archive's tree."""
    bundle: str = ""
    """As `--bundle`; nothing takes the archive's where it is here."""
    keep: bool = False
    check: bool = False
    """Say what differs, and run nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """The run to make."""

    repository: Path
    environment: str
    output: Path
    bundle: str
    kind_config: Path | None
    keep: bool
    keep_going: bool
    withhold: tuple[str, ...]
    up_to: str
    """Name of the last stage; nothing for every stage."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """What this machine would run it with."""

    versions: Versions
    host: Host
    bundle: str
    """For `--bundle`: the very bundle where it is here, else `auto`."""


class World(Protocol):
    """What reproducing touches."""

    @property
    def runner(self) -> Runner:
        """Runs Git."""

    @property
    def environ(self) -> Mapping[str, str]:
        """The variables of this process."""

    def here(self, manifest: Manifest) -> Here:
        """Returns what this machine would run it with."""

    def start(self, attempt: Attempt) -> RunRecord:
        """Makes the run."""

    def say(self, found: Reproduction) -> None:
        """Says what is known before the start."""


def reproduce(order: Order, world: World) -> Reproduction:
    """Runs it and returns what came of it.

    Raises:
        UsageError: The archive is damaged, its tree cannot be had, or a variable is not set.
    """
    _check(order)
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gitops-harness-")))
        manifest = unpack(order.archive, place)
        record = run_from_json(_text(place / RUN), f"{order.archive}, {RUN}")
        folder, said = _tree(order, manifest, place, world)
        here = world.here(manifest)
        found = Reproduction(
            archive=order.archive,
            manifest=manifest,
            then=ending(record),
            before=(*said, *_before(manifest, here)),
            tree=folder if order.keep and order.tree is None else None,
        )
        world.say(found)
        if order.check:
            return replace(found, tree=None)
        _check_variables(order, manifest, world.environ)
        now = world.start(_attempt(order, manifest, folder, place, here))
        return _compared(found, record, now, order)


def ending(record: RunRecord) -> Ending:
    """Returns how a run ended."""
    return ending_of(
        record, shown_findings(record), verdict=verdict(record), exit_code=exit_code(record)
    )


def _check(order: Order) -> None:
    own = order.output / FILE_NAME
    if own.exists() and order.archive.exists() and own.samefile(order.archive):
        raise UsageError(
            attempted="Writing the new run's files to",
            subject=str(order.output),
            seen="the archive that is to be reproduced lies there",
            expected="another folder; the new run writes an archive of its own",
            next_step="--output FOLDER",
        )


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _tree(
    order: Order, manifest: Manifest, place: Path, world: World
) -> tuple[Path, tuple[str, ...]]:
    """Returns the folder to run, and what is to be said of it."""
    if order.tree is not None:
        return order.tree, (f"the tree: {order.tree} is run instead of the archive's",)
    if order.keep:  # a kept cluster belongs to a tree, so that stays, too
        order.output.mkdir(parents=True, exist_ok=True)
        place_of_tree = Path(tempfile.mkdtemp(prefix="tree-", dir=order.output))
    else:
        place_of_tree = place / "restored"
    folder = place_of_tree / "tree"
    made = restored(manifest, place, folder, clone=order.clone, runner=world.runner)
    said = [f"left out of the archive: {text}" for text in manifest.tree.left_out]
    if is_comparable(manifest.tree) and made != manifest.tree.tree_id:
        said.append(f"the tree: then {manifest.tree.tree_id[:12]}, now {made[:12]}")
    return folder, tuple(said)


def _before(manifest: Manifest, here: Here) -> tuple[str, ...]:
    return (
        *version_differences(manifest.versions, here.versions),
        *host_differences(manifest.host, here.host),
    )


def _check_variables(order: Order, manifest: Manifest, environ: Mapping[str, str]) -> None:
    missing = [name for name in manifest.options.variables if name not in environ]
    if missing and order.tree is None:
        raise UsageError(
            attempted="Reproducing",
            subject=str(order.archive),
            seen=f"not set here: {', '.join(missing)}; harness.toml reads secrets from them",
            expected="the same variables as then; the archive does not hold their values",
            next_step=f"export {missing[0]}=...",
        )


def _attempt(order: Order, manifest: Manifest, folder: Path, place: Path, here: Here) -> Attempt:
    asked = manifest.options
    return Attempt(
        repository=folder,
        environment=asked.environment,
        output=order.output,
        bundle=order.bundle or here.bundle,
        kind_config=place / KIND_CONFIG if asked.kind_config else None,
        keep=order.keep,
        keep_going=asked.keep_going,
        withhold=asked.withhold,
        up_to=PARTIAL if asked.up_to == PARTIAL else "",
    )


def _compared(found: Reproduction, then: RunRecord, now: RunRecord, order: Order) -> Reproduction:
    mine = _own_manifest(order.output / FILE_NAME, now.run_id)
    after = list(image_differences(then.images, now.images))
    if mine is not None:
        after += context_differences(found.manifest.contexts, mine.contexts)
        known = set(found.before)
        after += [
            text
            for text in version_differences(found.manifest.versions, mine.versions)
            if text not in known
        ]
        if order.tree is not None:
            after += _trees(found.manifest, mine)
    return replace(
        found,
        comparison=compare(found.then, ending(now)),
        after=tuple(after),
        report=order.output,
    )


def _own_manifest(path: Path, run_id: str) -> Manifest | None:
    """Returns the manifest of the new run; None where it could not be kept."""
    if not is_archive(path):
        return None
    manifest = read_manifest(path)
    return manifest if manifest.run_id == run_id else None


def _trees(then: Manifest, now: Manifest) -> Sequence[str]:
    """Returns which files differ; those with stand-ins for secrets cannot be compared."""
    if then.tree.mode is not now.tree.mode:
        same = then.tree.tree_id == now.tree.tree_id
        return () if same else ("the tree differs",)
    unknown = frozenset((*then.tree.masked, *now.tree.masked))
    return tree_differences(_files(then, unknown), _files(now, unknown))


def _files(manifest: Manifest, unknown: frozenset[str]) -> dict[str, str]:
    found = {
        member.name.removeprefix(f"{TREE}/"): member.link or member.sha256
        for member in manifest.members
        if member.name.startswith(f"{TREE}/")
    }
    return {name: digest for name, digest in found.items() if name not in unknown}

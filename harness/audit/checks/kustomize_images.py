"""An `images:` entry of a kustomization that changes nothing: cause R09.

kustomize compares `images[].name` with the image as it stands at that level, host included, and
says nothing when it is that of no container (kustomize `api/filters/imagetag`). An entry counts as
used when the name it gives, or one that an outer kustomization gives in its turn, occurs anywhere
in a rendered root. An entry that every root ignores is a fault; one that no root reads is not.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from harness.audit.checks.all_checks import SurveyCheck
from harness.audit.finding import Fault, Severity
from harness.audit.kustomize_tree import (
    Roots,
    kustomization_file,
    options_of,
    reached,
    scalars,
)
from harness.audit.lines import line_of
from harness.audit.pods import containers, pod_spec
from harness.audit.reading import entries, is_placeholder, text, texts
from harness.audit.source import Source, Tree
from harness.audit.survey import Survey
from harness.diagnosis.rules.quotes import listed
from harness.model.refs import ObjectRef

RULE = "kustomize-image-ignored"
LIKENESS = 0.9
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]*")
_LONGEST_IMAGE = 300
_SCALARS = 500_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """One entry under `images:`."""

    folder: str
    position: int
    name: str
    new_name: str = ""
    version: str = ""

    @property
    def result(self) -> str:
        """The name that an image has after it."""
        return self.new_name or self.name


class Images:
    """The names of images that the rendered roots hold, each root read once."""

    def __init__(self) -> None:
        """Starts with nothing read."""
        self._anywhere: dict[int, frozenset[str]] = {}
        self._run: dict[int, frozenset[str]] = {}

    def anywhere(self, source: Source) -> frozenset[str]:
        """Returns every text of a root that may be an image, without tag and digest."""
        if id(source) not in self._anywhere:
            found = (s for obj in source.objects for s in scalars(obj))
            short = (s for s in islice(found, _SCALARS) if len(s) < _LONGEST_IMAGE)
            self._anywhere[id(source)] = frozenset(without_version(s) for s in short)
        return self._anywhere[id(source)]

    def run(self, source: Source) -> frozenset[str]:
        """Returns the images of the containers of a root, without tag and digest."""
        if id(source) not in self._run:
            specs = (spec for obj in source.objects if (spec := pod_spec(obj)) is not None)
            names = (text(c.get("image")) for spec in specs for _, c in containers(spec))
            self._run[id(source)] = frozenset(without_version(n) for n in names if n)
        return self._run[id(source)]


def without_version(image: str) -> str:
    """Returns an image reference without tag and digest."""
    bare = image.partition("@")[0].strip()
    head, slash, tail = bare.rpartition("/")
    return f"{head}{slash}{tail.partition(':')[0]}"


def ignored_images(survey: Survey) -> Iterator[Fault]:
    """Yields the entries under `images:` that change nothing in any root that includes them."""
    tree, roots, images = survey.tree, Roots.of(survey), Images()
    for folder in sorted(roots.by_folder):
        if folder in roots.doubtful:
            continue
        sources = roots.by_folder[folder]
        ignored = [
            (o, _meant(o, sources, roots, tree, images))
            for o in overrides(tree, folder)
            if not any(_is_used(o, s, roots, tree, images) for s in sources)
        ]
        for override, near in ignored:
            if near:
                yield from _misnamed(override, near, sources, tree)
        unused = [override for override, near in ignored if not near]
        if unused:
            yield from _unused(unused, sources, tree, images)


def overrides(tree: Tree, folder: str) -> Iterator[Override]:
    """Yields the entries under `images:` whose name can be compared."""
    for position, entry in enumerate(entries(tree.kustomizations[folder].get("images"))):
        name = text(entry.get("name"))
        if _NAME.fullmatch(name) and without_version(name) == name and not is_placeholder(name):
            new_name = without_version(text(entry.get("newName")))
            version = text(entry.get("newTag")) or text(entry.get("digest"))
            yield Override(
                folder=folder, position=position, name=name, new_name=new_name, version=version
            )


def _is_used(override: Override, source: Source, roots: Roots, tree: Tree, images: Images) -> bool:
    inside = reached(tree, override.folder) - {override.folder}
    outer = [
        other
        for folder in roots.folders.get(source.path, frozenset()) - inside
        for other in overrides(tree, folder)
        if other != override
    ]
    edges = [(other.name, other.result) for other in outer]
    names = _closure(override.result, [*edges, *_engine_edges(source)])
    return bool(names & images.anywhere(source))


def _engine_edges(source: Source) -> Iterator[tuple[str, str]]:
    """Yields what the Application itself renames: `old=new:tag` under `kustomize.images`."""
    for entry in texts(options_of(source, "kustomize").get("images")):
        old, has_new, new = entry.partition("=")
        if has_new:
            yield without_version(old), without_version(new)


def _closure(name: str, edges: Sequence[tuple[str, str]]) -> frozenset[str]:
    found, waiting = set[str](), [name]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(new for old, new in edges if old == name)
    return frozenset(found)


def _misnamed(
    override: Override, near: str, sources: Sequence[Source], tree: Tree
) -> Iterator[Fault]:
    """Yields an entry that was probably meant for another name, once for each root."""
    file = kustomization_file(tree, override.folder)
    what = f"newTag {override.version}" if override.version else f"newName {override.new_name}"
    for source in sources:
        yield Fault(
            rule=RULE,
            object=ObjectRef("Kustomization", "", override.folder),
            message=f"images entry {override.name} of {file} is the image of no container: "
            f"{what} has no effect",
            expected=f"the image as the base writes it: {near}",
            fix=f"set images[].name to {near}",
            cause="R09",
            field=f"images[{override.name}]",
            value=override.name,
            source=source.path,
            file=file,
            line=line_of(tree.texts.get(file, ""), "images", override.position),
        )


def _unused(
    unused: Sequence[Override], sources: Sequence[Source], tree: Tree, images: Images
) -> Iterator[Fault]:
    """Yields all entries of one kustomization that are like no image, as one note."""
    folder, names = unused[0].folder, listed((o.name for o in unused), 6)
    file = kustomization_file(tree, folder)
    run = frozenset[str]().union(*(images.run(s) for s in sources))
    for source in sources:
        yield Fault(
            rule=RULE,
            object=ObjectRef("Kustomization", "", folder),
            message=f"images entries of {file} are the image of no container: {names}",
            expected=f"images that containers use: {listed(sorted(run), 4)}",
            fix=f"remove the entries that are left over: {names}",
            cause="R09",
            severity=Severity.NOTE,
            field="images",
            source=source.path,
            file=file,
            line=line_of(tree.texts.get(file, ""), "images", unused[0].position),
        )


def _claimed(
    override: Override, sources: Sequence[Source], roots: Roots, tree: Tree
) -> frozenset[str]:
    """Returns the images that other entries give, which are not meant by this one."""
    folders = frozenset[str]().union(*(roots.folders.get(s.path, frozenset()) for s in sources))
    others = (o for f in folders for o in overrides(tree, f) if o != override)
    # An inner entry that renames the same image is the very reason why this one is ignored.
    return frozenset(o.result for o in others if o.name != override.name)


def _meant(
    override: Override, sources: Sequence[Source], roots: Roots, tree: Tree, images: Images
) -> str:
    """Returns the image of a container that was probably meant; empty when none is like it."""
    run = frozenset[str]().union(*(images.run(s) for s in sources))
    free = sorted(run - _claimed(override, sources, roots, tree))
    same = [name for name in free if name.rpartition("/")[2] == override.name.rpartition("/")[2]]
    alike = difflib.get_close_matches(override.name, free, n=2, cutoff=LIKENESS)
    return next(iter([*same[:1], *(alike if len(alike) == 1 else [])]), "")


SURVEY_CHECKS: tuple[SurveyCheck, ...] = (ignored_images,)

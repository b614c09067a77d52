"""One fault of the repository, and how each kind of error text is read as one. Pure.

Every function takes the match of its pattern and the place the text tells of, and says in words
what was seen, what would be right, and the edit that mends it. Which pattern belongs to which
function is told in `repo_texts`.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass

from harness.diagnosis.rules.repo.repo_places import Place
from harness.model.wording import cut

_KUSTOMIZATION_FIELDS = (
    "resources", "components", "images", "patches", "namespace", "namePrefix", "nameSuffix",
    "labels", "commonLabels", "commonAnnotations", "configMapGenerator", "secretGenerator",
    "generatorOptions", "replicas", "replacements", "helmCharts", "generators", "transformers",
    "validators", "configurations", "crds", "vars", "openapi", "buildMetadata", "sortOptions",
)  # fmt: skip

OWN = re.compile(r"invalid Kustomization: ", re.IGNORECASE)
"""The text is about the kustomization itself, not about what it lists."""
_REASON = re.compile(r"(?:fatal|ssh): ")


@dataclass(frozen=True, slots=True, kw_only=True)
class RepoFault:
    """What is wrong in the repository, and where."""

    cause: str
    """Id in the catalogue, `R01` to `R19`."""
    entry: str = ""
    """The innermost entry to correct, as it is written: a path, a field, a name."""
    file: str = ""
    """POSIX path relative to the repository; empty where the text does not tell it."""
    line: int = 0
    seen: str
    expected: str
    fix: str


def no_application_path(match: re.Match[str], place: Place) -> RepoFault:
    """R01: the folder that the Application names does not exist."""
    entry = place.cleaned(match["path"])
    return RepoFault(
        cause="R01",
        entry=entry,
        seen=f"the repository has no folder {entry} at this revision",
        expected="a folder that exists in the repository",
        fix="correct spec.source.path, or commit and push the folder",
    )


def no_kustomization(match: re.Match[str], place: Place) -> RepoFault:
    """R02: a folder that is built holds no kustomization."""
    entry = place.cleaned(match["path"])
    return RepoFault(
        cause="R02",
        entry=entry,
        file=place.listing if place.entry else "",
        seen=f"the folder {entry} holds no kustomization file",
        expected="a kustomization.yaml in every folder that is built or listed under resources",
        fix=f"add {entry}/kustomization.yaml, or list the files of the folder one by one",
    )


def no_such_entry(match: re.Match[str], place: Place) -> RepoFault:
    """R03: an entry of a kustomization names what does not exist."""
    entry = match.groupdict().get("entry") or place.entry or place.cleaned(match["path"])
    where = place.listing or "a kustomization"
    return RepoFault(
        cause="R03",
        entry=entry,
        file=place.listing,
        seen=f"{where} names '{entry}', which does not exist",
        expected="a file or folder that exists, relative to the kustomization",
        fix=f"correct the entry '{entry}' in {where}",
    )


def outside(match: re.Match[str], place: Place) -> RepoFault:
    """R04: a file from outside the folder."""
    file, root = place.cleaned(match["path"]), place.cleaned(match["root"])
    return RepoFault(
        cause="R04",
        entry=place.entry or file,
        file=place.listing,
        seen=f"{place.listing or 'a kustomization'} takes the file {file} from outside {root}",
        expected="only folders with a kustomization may be taken from outside the own folder",
        fix=f"give the folder of {file} a kustomization.yaml and list that folder instead",
    )


def bad_yaml(match: re.Match[str], place: Place) -> RepoFault:
    """R05: a file does not parse."""
    groups = match.groupdict()
    named = groups.get("file") or ""
    own = place.target if OWN.search(match.string) else ""
    file = place.resolved(named) if named else own
    line = int(groups.get("line") or 0)
    nameless = f"a manifest of {place.folder}" if place.folder else "a manifest"
    at = f"{file or named or nameless}{f', line {line}' if line else ''}"
    reason = cut(groups.get("reason") or "it can not be parsed", 100)
    return RepoFault(
        cause="R05",
        entry=named or file,
        file=file,
        line=line,
        seen=f"{at} is no valid YAML: {reason.rstrip(' .:')}",
        expected="YAML that parses; indent with spaces, never with tabs",
        fix=f"correct {at}",
    )


def unknown_kustomization_field(match: re.Match[str], place: Place) -> RepoFault:
    """R06: a field that kustomize does not know."""
    name = match["field"]
    where = place.target or "the kustomization"
    near = difflib.get_close_matches(name, _KUSTOMIZATION_FIELDS, n=1)
    return RepoFault(
        cause="R06",
        entry=name,
        file=place.target,
        seen=f"{where} has the field '{name}', which this kustomize does not know",
        expected=f"the field '{near[0]}'" if near else "a field that Argo CD's kustomize knows",
        fix=f"rename '{name}' to '{near[0]}'" if near else f"remove '{name}' from {where}",
    )


def no_patch_target(match: re.Match[str], place: Place) -> RepoFault:
    """R07: a patch for an object that is not there."""
    name = _readable(match["target"])
    return RepoFault(
        cause="R07",
        entry=name,
        file=place.listing,
        seen=f"a patch in {place.listing or 'the overlay'} is meant for {name}, which is not there",
        expected="kind, name and namespace of an object that the overlay's resources hold",
        fix=f"correct kind, name or namespace in the patch for {name}",
    )


def no_patched_field(match: re.Match[str], place: Place) -> RepoFault:
    """R07: a patch for a field that is not there."""
    path = match["target"].rstrip(".,:")
    return RepoFault(
        cause="R07",
        entry=path,
        file=place.listing,
        seen=f"a patch in {place.listing or 'the overlay'} changes {path}, which is not there",
        expected="a path that the patched object has (`op: add` creates a field)",
        fix=f"correct the path {path} in the patch",
    )


def nothing_to_replace_from(match: re.Match[str], place: Place) -> RepoFault:
    """R07: a replacement whose source is not there."""
    name = _readable(match["target"])
    return RepoFault(
        cause="R07",
        entry=name,
        file=place.listing,
        seen=f"a replacement in {place.listing or 'the overlay'} selects {name}: there is none",
        expected="a source and fields that the overlay's resources hold",
        fix=f"correct the replacement that selects {name}",
    )


def twice(match: re.Match[str], place: Place) -> RepoFault:
    """R08: one object comes in by two entries."""
    name = _readable(match["target"])
    entry = place.entry or match.groupdict().get("entry") or ""
    through = f" again through '{entry}'" if entry else " twice"
    return RepoFault(
        cause="R08",
        entry=entry or name,
        file=place.listing,
        seen=f"{place.listing or 'the overlay'} takes {name}{through}",
        expected="every object once",
        fix=f"remove the entry '{entry}'" if entry else f"remove one {name}",
    )


def no_generator_file(match: re.Match[str], place: Place) -> RepoFault:
    """R11: the file of a generator is missing."""
    entry = match["entry"]
    return RepoFault(
        cause="R11",
        entry=entry,
        file=place.listing,
        seen=f"a generator in {place.listing or 'the overlay'} reads '{entry}': no such file",
        expected="a file beside the kustomization, committed (not ignored by .gitignore)",
        fix=f"add the file '{entry}', or correct its name in the generator",
    )


def remote(match: re.Match[str], place: Place) -> RepoFault:
    """R12: a remote base cannot be fetched."""
    entry = place.entry or match.groupdict().get("entry") or ""
    return RepoFault(
        cause="R12",
        entry=entry,
        file=place.listing,
        seen=f"the remote base '{cut(entry, 120)}' could not be fetched: "
        f"{cut(_REASON.split(match['reason'], maxsplit=1)[-1], 110)}",
        expected="a remote base that can be reached, pinned to a commit",
        fix="copy the remote base into the repository and list the copy",
    )


def empty(match: re.Match[str], place: Place) -> RepoFault:
    """R13: a kustomization without content."""
    file = place.resolved_target(match["file"])
    return RepoFault(
        cause="R13",
        entry=file,
        file=file,
        seen=f"{file} is empty",
        expected="at least `resources:` with one entry",
        fix=f"list the resources in {file}",
    )


def cycle(match: re.Match[str], place: Place) -> RepoFault:
    """R18: kustomizations that include each other."""
    where = place.listing or "a kustomization"
    return RepoFault(
        cause="R18",
        entry=place.entry,
        file=place.listing,
        seen=f"{where} takes {place.cleaned(match['path'])}, which takes it in its turn",
        expected="overlays take bases; a base takes no overlay",
        fix=f"remove the entry '{place.entry}' from {place.listing or 'the kustomization'}",
    )


def two_kustomizations(match: re.Match[str], place: Place) -> RepoFault:
    """R19: two kustomizations in one folder."""
    entry = place.cleaned(match["path"])
    return RepoFault(
        cause="R19",
        entry=entry,
        seen=f"the folder {entry} holds more than one kustomization file",
        expected="one of kustomization.yaml, kustomization.yml and Kustomization",
        fix=f"remove all but one kustomization file from {entry}",
    )


def _readable(identifier: str) -> str:
    """Returns kustomize's id `Deployment.v1.apps/order.[noNs]` as `Deployment order`."""
    head, _, tail = identifier.strip("\"' ;,:").partition("/")
    name, _, namespace = tail.partition(":")[0].rpartition(".")
    where = "" if namespace in {"[noNs]", ""} else f"{namespace}/"
    return f"{head.split('.')[0]} {where}{name or namespace}" if tail else head

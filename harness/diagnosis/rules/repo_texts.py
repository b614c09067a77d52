"""Reads the error texts of kustomize, of YAML and of the API's schema as faults of the repository.

Decides the cause (R01 to R19), the entry to correct, and the file and line where the text tells
them. It does not decide whether a fault counts: `rules.repo` does for what Argo CD reports, and the
audit does for kustomize's own output before there is a cluster. In kustomize's chain of attempts
the innermost quoted path is the one to correct; what follows it (`must build at directory`, `file
is not directory`) are further attempts at the same entry. Texts: kustomize 5.5 and 5.8.1.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from harness.diagnosis.rules.log_lines import shortened
from harness.diagnosis.rules.repo_places import Place, place_of


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


Reading = Callable[[re.Match[str], Place], RepoFault]


def classify(
    text: str, *, folder: str = "", root: str = "", paths: Iterable[str] = ()
) -> RepoFault | None:
    """Returns the fault that an error text tells of; None when it is no fault of the repository.

    Args:
        text: The message of an Application's condition, or kustomize's stderr.
        folder: The folder that was built, relative to the repository, where the text may not say.
        root: The repository's path on disk as it stands in the text.
        paths: Files and folders of the repository, for the nearest name.
    """
    flat = " ".join(text.split())
    place = place_of(flat, folder=folder, root=root)
    for pattern, reading in _READINGS:
        found = pattern.search(flat)
        if found:
            return _with_nearest(reading(found, place), place, tuple(paths))
    return None


def _with_nearest(fault: RepoFault, place: Place, paths: tuple[str, ...]) -> RepoFault:
    wanted = place.resolved(fault.entry) if fault.cause in {"R03", "R11"} else fault.entry
    near = difflib.get_close_matches(wanted, paths, n=1, cutoff=0.6) if wanted else []
    if fault.cause not in {"R01", "R03", "R11"} or not near:
        return fault
    name = near[0] if fault.cause == "R01" else place.relative(near[0])
    return replace(fault, expected=f"{fault.expected}; the nearest that exists is {name}")


def _no_application_path(match: re.Match[str], place: Place) -> RepoFault:
    entry = place.cleaned(match["path"])
    return RepoFault(
        cause="R01",
        entry=entry,
        seen=f"the repository has no folder {entry} at this revision",
        expected="a folder that exists in the repository",
        fix="correct spec.source.path, or commit and push the folder",
    )


def _no_kustomization(match: re.Match[str], place: Place) -> RepoFault:
    entry = place.cleaned(match["path"])
    return RepoFault(
        cause="R02",
        entry=entry,
        file=place.listing if place.entry else "",
        seen=f"the folder {entry} holds no kustomization file",
        expected="a kustomization.yaml in every folder that is built or listed under resources",
        fix=f"add {entry}/kustomization.yaml, or list the files of the folder one by one",
    )


def _no_such_entry(match: re.Match[str], place: Place) -> RepoFault:
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


def _outside(match: re.Match[str], place: Place) -> RepoFault:
    file, root = place.cleaned(match["path"]), place.cleaned(match["root"])
    return RepoFault(
        cause="R04",
        entry=place.entry or file,
        file=place.listing,
        seen=f"{place.listing or 'a kustomization'} takes the file {file} from outside {root}",
        expected="only folders with a kustomization may be taken from outside the own folder",
        fix=f"give the folder of {file} a kustomization.yaml and list that folder instead",
    )


def _bad_yaml(match: re.Match[str], place: Place) -> RepoFault:
    groups = match.groupdict()
    named = groups.get("file") or ""
    own = place.target if _OWN.search(match.string) else ""
    file = place.resolved(named) if named else own
    line = int(groups.get("line") or 0)
    nameless = f"a manifest of {place.folder}" if place.folder else "a manifest"
    at = f"{file or named or nameless}{f', line {line}' if line else ''}"
    reason = shortened(groups.get("reason") or "it can not be parsed", 100)
    return RepoFault(
        cause="R05",
        entry=named or file,
        file=file,
        line=line,
        seen=f"{at} is no valid YAML: {reason.rstrip(' .:')}",
        expected="YAML that parses; indent with spaces, never with tabs",
        fix=f"correct {at}",
    )


def _unknown_kustomization_field(match: re.Match[str], place: Place) -> RepoFault:
    name = match["field"]
    where = place.target or "the kustomization"
    near = difflib.get_close_matches(name, _KUSTOMIZATION_FIELDS, n=1)
    return RepoFault(
        cause="R06",
        entry=name,
        file=place.target,
        seen=f"{where} has the field '{name}', which this kustomize does not know",
        expected=f"'{near[0]}'" if near else "a field that Argo CD's kustomize knows",
        fix=f"rename '{name}' to '{near[0]}'" if near else f"remove '{name}' from {where}",
    )


def _no_patch_target(match: re.Match[str], place: Place) -> RepoFault:
    name = _readable(match["target"])
    return RepoFault(
        cause="R07",
        entry=name,
        file=place.listing,
        seen=f"a patch in {place.listing or 'the overlay'} is meant for {name}, which is not there",
        expected="kind, name and namespace of an object that the overlay's resources hold",
        fix=f"correct kind, name or namespace in the patch for {name}",
    )


def _no_patched_field(match: re.Match[str], place: Place) -> RepoFault:
    path = match["target"].rstrip(".,:")
    return RepoFault(
        cause="R07",
        entry=path,
        file=place.listing,
        seen=f"a patch in {place.listing or 'the overlay'} changes {path}, which is not there",
        expected="a path that the patched object has (`op: add` creates a field)",
        fix=f"correct the path {path} in the patch",
    )


def _nothing_to_replace_from(match: re.Match[str], place: Place) -> RepoFault:
    name = _readable(match["target"])
    return RepoFault(
        cause="R07",
        entry=name,
        file=place.listing,
        seen=f"a replacement in {place.listing or 'the overlay'} selects {name}: there is none",
        expected="a source and fields that the overlay's resources hold",
        fix=f"correct the replacement that selects {name}",
    )


def _twice(match: re.Match[str], place: Place) -> RepoFault:
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


def _no_generator_file(match: re.Match[str], place: Place) -> RepoFault:
    entry = match["entry"]
    return RepoFault(
        cause="R11",
        entry=entry,
        file=place.listing,
        seen=f"a generator in {place.listing or 'the overlay'} reads '{entry}': no such file",
        expected="a file beside the kustomization, committed (not ignored by .gitignore)",
        fix=f"add the file '{entry}', or correct its name in the generator",
    )


def _remote(match: re.Match[str], place: Place) -> RepoFault:
    entry = place.entry or match.groupdict().get("entry") or ""
    return RepoFault(
        cause="R12",
        entry=entry,
        file=place.listing,
        seen=f"the remote base '{shortened(entry, 120)}' could not be fetched: "
        f"{shortened(_REASON.split(match['reason'])[-1], 110)}",
        expected="a remote base that can be reached, pinned to a commit",
        fix="copy the remote base into the repository and list the copy",
    )


def _empty(match: re.Match[str], place: Place) -> RepoFault:
    file = place.resolved_target(match["file"])
    return RepoFault(
        cause="R13",
        entry=file,
        file=file,
        seen=f"{file} is empty",
        expected="at least `resources:` with one entry",
        fix=f"list the resources in {file}",
    )


def _schema(match: re.Match[str], place: Place) -> RepoFault:
    groups = match.groupdict()
    name = (groups.get("field") or "").lstrip(".")
    what = name or "a field"
    file = place.target if _OWN.search(match.string) else place.entry_file
    return RepoFault(
        cause="R14",
        entry=name or place.entry,
        file=file,
        seen=f"{what} does not fit the schema: {shortened(match[0], 150)}",
        expected="fields and types as the API's schema has them",
        fix=f"correct {what} in {file or 'the manifest'}",
    )


def _no_object(match: re.Match[str], place: Place) -> RepoFault:
    where = place.entry_file or place.entry or "a manifest"
    return RepoFault(
        cause="R14",
        entry=place.entry,
        file=place.entry_file,
        seen=f"{where} holds an object without {match['missing']}",
        expected="apiVersion, kind and metadata.name in every object",
        fix=f"give the object in {where} its {match['missing']}",
    )


def _selector(_: re.Match[str], place: Place) -> RepoFault:
    return RepoFault(
        cause="R15",
        entry="spec.selector",
        file=place.entry_file,
        seen="spec.selector does not match the labels of spec.template",
        expected="every label of spec.selector.matchLabels also in spec.template.metadata.labels",
        fix="give spec.selector and spec.template.metadata.labels the same labels",
    )


def _immutable_selector(_: re.Match[str], __: Place) -> RepoFault:
    return RepoFault(
        cause="R16",
        entry="spec.selector",
        seen="spec.selector was changed, and the API server does not allow that",
        expected="the selector with which the object was created",
        fix="take the changed label out of the selector (labels: includeSelectors: false), or "
        "delete the object once",
    )


def _not_base64(match: re.Match[str], place: Place) -> RepoFault:
    return RepoFault(
        cause="R17",
        entry="data",
        file=place.entry_file,
        seen=f"a value under data is not base64 (byte {match['byte']})",
        expected="base64 under data, or plain text under stringData",
        fix="move the plain value from data to stringData",
    )


def _cycle(match: re.Match[str], place: Place) -> RepoFault:
    where = place.listing or "a kustomization"
    return RepoFault(
        cause="R18",
        entry=place.entry,
        file=place.listing,
        seen=f"{where} takes {place.cleaned(match['path'])}, which takes it in its turn",
        expected="overlays take bases; a base takes no overlay",
        fix=f"remove the entry '{place.entry}' from {place.listing or 'the kustomization'}",
    )


def _two_kustomizations(match: re.Match[str], place: Place) -> RepoFault:
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


_KUSTOMIZATION_FIELDS = (
    "resources", "components", "images", "patches", "patchesStrategicMerge", "patchesJson6902",
    "namespace", "namePrefix", "nameSuffix", "labels", "commonLabels", "commonAnnotations",
    "configMapGenerator", "secretGenerator", "generatorOptions", "replicas", "replacements",
    "helmCharts", "helmGlobals", "generators", "transformers", "validators", "configurations",
    "crds", "vars", "openapi", "buildMetadata", "sortOptions", "metadata", "apiVersion", "kind",
)  # fmt: skip

_OWN = re.compile(r"invalid Kustomization: ", re.IGNORECASE)
_REASON = re.compile(r"(?:fatal|ssh): ")
_Q = r"['\"]"
_PATTERNS: tuple[tuple[str, Reading], ...] = (
    (r"(?P<path>\S+): app path (?:does not exist|is not a directory|outside root|is absolute)",
     _no_application_path),
    (r"^(?:Error: )?must build at directory: not a valid directory: evalsymlink failure on "
     rf"{_Q}(?P<path>[^'\"]+){_Q}", _no_application_path),
    (rf"cycle detected: candidate root {_Q}(?P<path>[^'\"]+){_Q} contains visited root", _cycle),
    (r"Found multiple kustomization files under: (?P<path><path to cached source>\S*|\S+)", _two_kustomizations),
    (r"(?P<file>kustomization\.ya?ml|Kustomization) is empty", _empty),
    (r"unable to find one of 'kustomization\.yaml'.* in directory '(?P<path>[^']+)'",
     _no_kustomization),
    (r"security; file '(?P<path>[^']+)' is not in or below '(?P<root>[^']+)'", _outside),
    (r"MalformedYAMLError: yaml: line (?P<line>\d+): (?P<reason>.*?) in File: (?P<file>\S+)",
     _bad_yaml),
    (r"yaml: unmarshal errors: line (?P<line>\d+): (?P<reason>mapping key .*? already defined at "
     r"line \d+)", _bad_yaml),
    (r"unable to parse SM or JSON patch from \[path: \"(?P<file>[^\"]+)\"\]", _bad_yaml),
    (r"Failed to unmarshal \"(?P<file>[^\"]+)\": (?:error converting YAML to JSON: )?"
     r"(?:yaml: )?(?:line (?P<line>\d+): )?(?P<reason>.{0,160})", _bad_yaml),
    (r"yaml: line (?P<line>\d+): (?P<reason>[^:']{0,120})", _bad_yaml),
    (r"(?:error converting YAML to JSON|MalformedYAMLError)(?P<reason>.{0,160})", _bad_yaml),
    (r"invalid Kustomization: json: unknown field \"(?P<field>[^\"]+)\"",
     _unknown_kustomization_field),
    (r"(?P<reason>failed to run '?\S*git'? ?fetch.*|HTTP Error: status code.*|URL is a git "
     r"repository.*)", _remote),
    (r"loading KV pairs: (?:file|env source|env|literal)\D*?s?: \[(?P<entry>[^\]]+)\]"
     r".*no such file or directory", _no_generator_file),
    (r"may not add resource with an already registered id: (?P<target>\S+)", _twice),
    (r"(?:no matches for Id|unable to find patch target|failed to find unique target for patch) "
     r"(?P<target>[^;\s]+)", _no_patch_target),
    (r"no resource matches strategic merge patch (?P<target>\"[^\"]+\")", _no_patch_target),
    (r"operation does not apply: doc is missing (?:path|key): (?P<target>\S+)", _no_patched_field),
    (r"unable to find field \"(?P<target>[^\"]+)\" in replacement target", _no_patched_field),
    (r"nothing selected by (?P<target>\S+)", _nothing_to_replace_from),
    (r"failed to get the patch file from path\((?P<entry>[^)]+)\).*no such file or directory",
     _no_such_entry),
    (rf"accumulating components: .*evalsymlink failure on {_Q}(?P<path>[^'\"]+){_Q}.*"
     r"no such file or directory", _no_such_entry),
    (rf"evalsymlink failure on {_Q}(?P<path>[^'\"]+){_Q}.*no such file or directory",
     _no_such_entry),
    (r"accumulating resources from '.*?(?P<path>[^\s':]+): no such file or directory",
     _no_such_entry),
    (r"selector.{0,3} does not match template .?labels", _selector),
    (r"spec\.selector.*field is immutable|MatchLabels.*immutable", _immutable_selector),
    (r"illegal base64 data at input byte (?P<byte>\d+)", _not_base64),
    (r"strict decoding error: unknown field \"(?P<field>[^\"]+)\"", _schema),
    (r"ValidationError\([^)]*\): .{0,160}", _schema),
    (r"(?P<field>\.\S+?): field not declared in schema", _schema),
    (r"field not declared in schema", _schema),
    (r"cannot unmarshal \S+ into Go (?:struct field|value of type) (?P<field>\S+)"
     r"(?: of type \S+)?", _schema),
    (r"unknown field \"(?P<field>[^\"]+)\"", _schema),
    (r"missing (?P<missing>metadata\.name|kind|apiVersion) in object", _no_object),
    (r"missing Resource (?P<missing>metadata)", _no_object),
)  # fmt: skip
_READINGS = tuple((re.compile(p, re.IGNORECASE), r) for p, r in _PATTERNS)

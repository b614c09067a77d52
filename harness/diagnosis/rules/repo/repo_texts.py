"""Reads the error texts of kustomize, of YAML and of the API's schema as faults of the repository.

Decides the cause (R01 to R19), the entry to correct, and the file and line where the text tells
them. It does not decide whether a fault counts: `repo` does for what Argo CD reports, and the
audit does for kustomize's own output before there is a cluster. In kustomize's chain of attempts
the innermost quoted path is the one to correct; what follows it (`must build at directory`, `file
is not directory`) are further attempts at the same entry. Texts: kustomize 5.5 and 5.8.1.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable
from dataclasses import replace

from harness.diagnosis.rules.repo import repo_faults as read
from harness.diagnosis.rules.repo import schema_faults as schema
from harness.diagnosis.rules.repo.repo_faults import RepoFault
from harness.diagnosis.rules.repo.repo_places import Place, place_of

__all__ = ["RepoFault", "classify"]

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


_Q = r"['\"]"
_PATTERNS: tuple[tuple[str, Reading], ...] = (
    (r"(?P<path>\S+): app path (?:does not exist|is not a directory|outside root|is absolute)",
     read.no_application_path),
    (r"^(?:Error: )?must build at directory: not a valid directory: evalsymlink failure on "
     rf"{_Q}(?P<path>[^'\"]+){_Q}", read.no_application_path),
    (rf"cycle detected: candidate root {_Q}(?P<path>[^'\"]+){_Q} contains visited root",
     read.cycle),
    (r"Found multiple kustomization files under: (?P<path><path to cached source>\S*|\S+)",
     read.two_kustomizations),
    (r"(?P<file>kustomization\.ya?ml|Kustomization) is empty", read.empty),
    (r"unable to find one of 'kustomization\.yaml'.* in directory '(?P<path>[^']+)'",
     read.no_kustomization),
    (r"security; file '(?P<path>[^']+)' is not in or below '(?P<root>[^']+)'", read.outside),
    (r"MalformedYAMLError: yaml: line (?P<line>\d+): (?P<reason>.*?) in File: (?P<file>\S+)",
     read.bad_yaml),
    (r"yaml: unmarshal errors: line (?P<line>\d+): (?P<reason>mapping key .*? already defined at "
     r"line \d+)", read.bad_yaml),
    (r"unable to parse SM or JSON patch from \[path: \"(?P<file>[^\"]+)\"\]", read.bad_yaml),
    (r"Failed to unmarshal \"(?P<file>[^\"]+)\": (?:error converting YAML to JSON: )?"
     r"(?:yaml: )?(?:line (?P<line>\d+): )?(?P<reason>.{0,160})", read.bad_yaml),
    (r"yaml: line (?P<line>\d+): (?P<reason>[^:']{0,120})", read.bad_yaml),
    (r"(?:error converting YAML to JSON|MalformedYAMLError)(?P<reason>.{0,160})", read.bad_yaml),
    (r"invalid Kustomization: json: unknown field \"(?P<field>[^\"]+)\"",
     read.unknown_kustomization_field),
    (r"(?P<reason>failed to run '?\S*git'? ?fetch.*|HTTP Error: status code.*|URL is a git "
     r"repository.*)", read.remote),
    (r"loading KV pairs: (?:file|env source|env|literal)\D*?s?: \[(?P<entry>[^\]]+)\]"
     r".*no such file or directory", read.no_generator_file),
    (r"may not add resource with an already registered id: (?P<target>\S+)", read.twice),
    (r"(?:no matches for Id|unable to find patch target|failed to find unique target for patch) "
     r"(?P<target>[^;\s]+)", read.no_patch_target),
    (r"no resource matches strategic merge patch (?P<target>\"[^\"]+\")", read.no_patch_target),
    (r"operation does not apply: doc is missing (?:path|key): (?P<target>\S+)",
     read.no_patched_field),
    (r"unable to find field \"(?P<target>[^\"]+)\" in replacement target", read.no_patched_field),
    (r"nothing selected by (?P<target>\S+)", read.nothing_to_replace_from),
    (r"failed to get the patch file from path\((?P<entry>[^)]+)\).*no such file or directory",
     read.no_such_entry),
    (rf"accumulating components: .*evalsymlink failure on {_Q}(?P<path>[^'\"]+){_Q}.*"
     r"no such file or directory", read.no_such_entry),
    (rf"evalsymlink failure on {_Q}(?P<path>[^'\"]+){_Q}.*no such file or directory",
     read.no_such_entry),
    (r"\b(?:open|l?stat) (?P<path>\S+): no such file or directory", read.no_such_entry),
    (r"selector.{0,3} does not match template .?labels", schema.selector),
    (r"spec\.selector.*field is immutable|MatchLabels.*immutable", schema.immutable_selector),
    (r"illegal base64 data at input byte (?P<byte>\d+)", schema.not_base64),
    (r"strict decoding error: unknown field \"(?P<field>[^\"]+)\"", schema.schema),
    (r"ValidationError\([^)]*\): .{0,160}", schema.schema),
    (r"(?P<field>\.\S+?): field not declared in schema", schema.schema),
    (r"field not declared in schema", schema.schema),
    (r"cannot unmarshal \S+ into Go (?:struct field|value of type) (?P<field>\S+)"
     r"(?: of type \S+)?", schema.schema),
    (r"unknown field \"(?P<field>[^\"]+)\"", schema.schema),
    (r"missing (?P<missing>metadata\.name|kind|apiVersion) in object", schema.no_object),
    (r"missing Resource (?P<missing>metadata)", schema.no_object),
)  # fmt: skip
_READINGS = tuple((re.compile(p, re.IGNORECASE), r) for p, r in _PATTERNS)

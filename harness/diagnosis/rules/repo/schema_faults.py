"""Error texts about the schema of objects, which the API server writes as well as kustomize. Pure.

R14 to R17: an unknown field, a wrong type, a selector that does not fit, a value that is not
base64. They are faults of the repository wherever they show: in a kustomize build, in Argo CD's
comparison, or as the refusal of one object in a sync.
"""

from __future__ import annotations

import re

from harness.diagnosis.rules.repo.repo_faults import OWN, RepoFault
from harness.diagnosis.rules.repo.repo_places import Place
from harness.model.wording import cut


def schema(match: re.Match[str], place: Place) -> RepoFault:
    """R14: a field or type that the schema does not have."""
    groups = match.groupdict()
    name = (groups.get("field") or "").lstrip(".")
    what = name or "a field"
    file = place.target if OWN.search(match.string) else place.entry_file
    return RepoFault(
        cause="R14",
        entry=name or place.entry,
        file=file,
        seen=f"{what} does not fit the schema: {cut(match[0], 150)}",
        expected="fields and types as the API's schema has them",
        fix=f"correct {what} in {file or 'the manifest'}",
    )


def no_object(match: re.Match[str], place: Place) -> RepoFault:
    """R14: a document that is no Kubernetes object."""
    where = place.entry_file or place.entry or "a manifest"
    return RepoFault(
        cause="R14",
        entry=place.entry,
        file=place.entry_file,
        seen=f"{where} holds an object without {match['missing']}",
        expected="apiVersion, kind and metadata.name in every object",
        fix=f"give the object in {where} its {match['missing']}",
    )


def selector(_: re.Match[str], place: Place) -> RepoFault:
    """R15: selector and template labels differ."""
    return RepoFault(
        cause="R15",
        entry="spec.selector",
        file=place.entry_file,
        seen="spec.selector does not match the labels of spec.template",
        expected="every label of spec.selector.matchLabels also in spec.template.metadata.labels",
        fix="give spec.selector and spec.template.metadata.labels the same labels",
    )


def immutable_selector(_: re.Match[str], __: Place) -> RepoFault:
    """R16: a selector that may not change was changed."""
    return RepoFault(
        cause="R16",
        entry="spec.selector",
        seen="spec.selector was changed, and the API server does not allow that",
        expected="the selector with which the object was created",
        fix="take the changed label out of the selector (labels: includeSelectors: false), or "
        "delete the object once",
    )


def not_base64(match: re.Match[str], place: Place) -> RepoFault:
    """R17: plain text where base64 is wanted."""
    return RepoFault(
        cause="R17",
        entry="data",
        file=place.entry_file,
        seen=f"a value under data is not base64 (byte {match['byte']})",
        expected="base64 under data, or plain text under stringData",
        fix="move the plain value from data to stringData",
    )

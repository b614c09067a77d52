"""Timelines of the phase `repo`: what Argo CD says of a repository that does not build.

Texts are those of kustomize 5.8.1 as Argo CD 3.5 wraps them; the folder of its clone is replaced
by `<path to cached source>` there.
"""

from __future__ import annotations

from typing import Any

from tests.diagnosis.sample import sample
from tests.diagnosis.world import World, stamp

SHOP = "Application argocd/shop"
BUILD = (
    "Failed to load target state: failed to generate manifest for source 1 of 1: rpc error: code = "
    "Unknown desc = `kustomize build <path to cached source>/overlays/dev` failed exit status 1: "
    "Error: "
)
PLAIN = (
    "Failed to load target state: failed to generate manifest for source 1 of 1: rpc error: code = "
    "Unknown desc = "
)


def condition(message: str, at: float, kind: str = "ComparisonError") -> dict[str, Any]:
    return {"type": kind, "message": message, "lastTransitionTime": stamp(at)}


def unknown(
    made: World, message: str, at: float = 3, *, name: str = "shop", kind: str = "ComparisonError",
    since: float | None = None, **status: Any,
) -> World:  # fmt: skip
    """An Application that Argo CD cannot compare since `since`."""
    found = condition(message, at if since is None else since, kind)
    fields: dict[str, Any] = {
        "sync": {"status": "Unknown"},
        "health": {"status": "Healthy"},
        "operationState": None,
        "resources": [],
        "reconciledAt": stamp(at),
        "conditions": [found],
        **status,
    }
    made.application(name, at, **fields)
    return made


def fault(message: str) -> World:
    return unknown(World(), BUILD + message)


@sample(("R01", SHOP), within=5)
def the_overlay_does_not_exist() -> World:
    return unknown(World(), f"{PLAIN}overlays/dve: app path does not exist")


@sample(("R02", SHOP), within=5)
def a_base_without_kustomization() -> World:
    return fault(
        "accumulating resources: accumulation err='accumulating resources from '../../base/tools': "
        "'<path to cached source>/base/tools' must resolve to a file': couldn't make target for "
        "path '<path to cached source>/base/tools': unable to find one of 'kustomization.yaml', "
        "'kustomization.yml' or 'Kustomization' in directory '<path to cached source>/base/tools'"
    )


@sample(("R03", SHOP), within=5)
def section_4_08_a_base_is_misspelt() -> World:
    return fault(
        "accumulating resources: accumulation err='accumulating resources from '../../bse': "
        "evalsymlink failure on '<path to cached source>/bse' : lstat <path to cached source>/bse: "
        "no such file or directory': must build at directory: not a valid directory: evalsymlink "
        "failure on '<path to cached source>/bse' : lstat <path to cached source>/bse: no such "
        "file or directory"
    )


NESTED = (
    "accumulating resources: accumulation err='accumulating resources from '../../base': "
    "'<path to cached source>/base' must resolve to a file': recursed accumulation of path "
    "'<path to cached source>/base': accumulating resources: accumulation err='accumulating "
    "resources from 'order/deploymnt.yaml': evalsymlink failure on '<path to cached source>/base/"
    "order/deploymnt.yaml' : lstat <path to cached source>/base/order/deploymnt.yaml: no such file "
    "or directory': must build at directory: not a valid directory: evalsymlink failure on "
    "'<path to cached source>/base/order/deploymnt.yaml' : lstat <path to cached source>/base/"
    "order/deploymnt.yaml: no such file or directory"
)


@sample(("R03", "Application argocd/dev"), within=8, victims=("Application argocd/test",))
def a_base_of_two_applications_is_one_finding() -> World:
    made = unknown(World(), BUILD + NESTED, 3, name="dev")
    return unknown(made, BUILD + NESTED, 4, name="test")


@sample(("R03", SHOP), within=45, not_before=20)
def an_error_older_than_the_run_must_stand() -> World:
    """It may be of an older commit; 20 s are enough for the refresh of the run."""
    return unknown(World(), BUILD + NESTED, 1, since=-600)


@sample(within=60)
def an_error_of_the_commit_before_vanishes_with_the_refresh() -> World:
    made = unknown(World(), BUILD + NESTED, 1, since=-600)
    made.application(at=12, reconciledAt=stamp(12))
    return made


@sample(("R04", SHOP), within=5)
def a_file_from_outside_the_overlay() -> World:
    return fault(
        "accumulating resources: accumulation err='accumulating resources from "
        "'../../base/order/deployment.yaml': security; file '<path to cached source>/base/order/"
        "deployment.yaml' is not in or below '<path to cached source>/overlays/dev'': must build "
        "at directory: '<path to cached source>/base/order/deployment.yaml': file is not directory"
    )


@sample(("R05", SHOP), within=5)
def a_tab_in_a_manifest() -> World:
    return fault(
        "accumulating resources: accumulating resources from 'config.yaml': MalformedYAMLError: "
        "yaml: line 7: found character that cannot start any token in File: config.yaml"
    )


@sample(("R06", SHOP), within=5)
def an_unknown_field_of_the_kustomization() -> World:
    return fault('invalid Kustomization: json: unknown field "imagez"')


@sample(("R07", SHOP), within=5)
def a_patch_for_an_object_that_is_not_there() -> World:
    return fault(
        'no resource matches strategic merge patch "Deployment.v1.apps/ordr.[noNs]": no matches '
        "for Id Deployment.v1.apps/ordr.[noNs]; failed to find unique target for patch "
        "Deployment.v1.apps/ordr.[noNs]"
    )


@sample(("R08", SHOP), within=5)
def an_object_comes_in_twice() -> World:
    return fault(
        "accumulating resources: accumulation err='accumulating resources from '../../base/order': "
        "'<path to cached source>/base/order' must resolve to a file': recursed merging from path "
        "'<path to cached source>/base/order': may not add resource with an already registered id: "
        "Deployment.v1.apps/order.[noNs]"
    )


@sample(("R11", SHOP), within=5)
def a_generator_file_is_missing() -> World:
    return fault(
        "loading KV pairs: file sources: [settings.properties]: evalsymlink failure on "
        "'<path to cached source>/overlays/dev/settings.properties' : lstat <path to cached source>"
        "/overlays/dev/settings.properties: no such file or directory"
    )


REMOTE = (
    "accumulating resources: accumulation err='accumulating resources from "
    "'https://github.test/shop/bases//web?ref=v9': URL is a git repository': failed to run "
    "'/usr/bin/git fetch --depth=1 https://github.test/shop/bases v9': fatal: couldn't find remote "
    "ref v9 : exit status 128"
)


@sample(("R12", SHOP), within=90, not_before=60)
def a_remote_base_is_gone() -> World:
    return fault(REMOTE)


@sample(within=120)
def a_remote_base_that_failed_once() -> World:
    made = fault(REMOTE)
    made.application(at=40, reconciledAt=stamp(40))
    return made


@sample(("R13", SHOP), within=5)
def an_empty_base() -> World:
    return fault(
        "accumulating resources: accumulation err='accumulating resources from '../../base': "
        "'<path to cached source>/base' must resolve to a file': couldn't make target for path "
        "'<path to cached source>/base': kustomization.yaml is empty"
    )


@sample(("R14", SHOP), within=5)
def a_type_in_the_kustomization_is_wrong() -> World:
    return fault(
        "invalid Kustomization: json: cannot unmarshal array into Go struct field "
        "Kustomization.namespace of type string"
    )


@sample(("R14", SHOP), within=5)
def a_field_that_the_schema_does_not_have() -> World:
    return unknown(
        World(),
        "Failed to compare desired state to live state: failed to calculate diff: error "
        "calculating structured merge diff: error building typed value from config resource: "
        '.spec.template.spec.containers[name="order"].imagePullPolcy: field not declared in schema',
    )


@sample(("R18", SHOP), within=5)
def two_kustomizations_include_each_other() -> World:
    return fault(
        "accumulating resources: accumulation err='accumulating resources from '../../base': "
        "'<path to cached source>/base' must resolve to a file': recursed accumulation of path "
        "'<path to cached source>/base': accumulating resources: accumulation err='accumulating "
        "resources from '../overlays/dev': '<path to cached source>/overlays/dev' must resolve to "
        "a file': cycle detected: candidate root '<path to cached source>/overlays/dev' contains "
        "visited root '<path to cached source>/overlays/dev'"
    )


@sample(("R19", SHOP), within=5)
def a_folder_with_two_kustomization_files() -> World:
    return fault("Found multiple kustomization files under: <path to cached source>/overlays/dev")

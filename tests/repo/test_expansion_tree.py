"""The tree of the expansion oracle, against what Argo CD v3.5's own code made of it."""

from __future__ import annotations

from pathlib import Path

from harness.repo.applicationsets import Generated, Given, generate
from harness.repo.repository_files import RepositoryTree
from harness.repo.yaml_files import parse_objects

ROOT = Path(__file__).parents[2] / "scenarios/trees/expansion"
EXPECTED = """\
files-east-3-alpha parts/alpha files-east
files-rich-north-listed parts/alpha files-rich-north
files-rich-south-listed parts/gamma files-rich-south
files-west-12-gamma parts/beta files-west
folders-alpha-parts parts/alpha folders-alpha
folders-beta-parts parts/beta folders-beta
functions-parts-team-one-blue-app parts/Team_One/Blue_App functions-team-one
functions-parts-team-one-red-app parts/Team_One/Red_App functions-team-one
list-alpha-one parts/alpha list-alpha
list-beta-two parts/beta list-beta
list-go-alpha parts/alpha list-go-alpha
list-go-beta parts/beta list-go-beta
list-go-gamma parts/gamma list-go-gamma
matrix-alpha-blue parts/alpha matrix-alpha-blue
matrix-alpha-green parts/alpha matrix-alpha-green
matrix-beta-blue parts/beta matrix-beta-blue
matrix-beta-green parts/beta matrix-beta-green
matrix-files-eu-api-1 regions/eu/api matrix-files-eu-api
matrix-files-eu-web-2 regions/eu/web matrix-files-eu-web
matrix-files-us-api-1 regions/us/api matrix-files-us-api
matrix-folders-eu-api regions/eu/api matrix-folders-eu
matrix-folders-eu-web regions/eu/web matrix-folders-eu
matrix-folders-us-api regions/us/api matrix-folders-us
matrix-folders-us-web regions/us/web matrix-folders-us
matrix-gamma-blue parts/gamma matrix-gamma-blue
matrix-gamma-green parts/gamma matrix-gamma-green
merge-alpha-small-ann parts/alpha merge-alpha
merge-beta-large-bob parts/beta merge-beta
merge-gamma-small-joe parts/gamma merge-gamma
merge-matrix-eu-api-info regions/eu/api merge-matrix-eu-api
merge-matrix-eu-web-info regions/eu/web merge-matrix-eu-web
merge-matrix-us-api-debug regions/us/api merge-matrix-us-api
merge-matrix-us-web-debug regions/us/web merge-matrix-us-web
override-alpha parts/alpha override-alpha
override-beta parts/gamma override-other
own-cluster-in-cluster parts/alpha own-in-cluster
patch-alpha parts/alpha patch-alpha-prefixed
patch-beta parts/beta patch-beta
selector-alpha parts/alpha selector-alpha
single parts/alpha single
single regions/eu/api single
values-alpha-parts parts/alpha values-alpha
values-beta-parts parts/beta values-beta
"""


def _generated() -> Generated:
    objects = [
        (obj, path.name)
        for path in sorted((ROOT / "argocd/dev").glob("*.yaml"))
        for obj in parse_objects(path.read_text(encoding="utf-8"), path.name)
    ]
    return generate(objects, RepositoryTree(ROOT), Given(clusters=()))


def test_every_set_becomes_what_argo_cd_makes_of_it() -> None:
    found = sorted(
        f"{app.name} {source.folder} {app.namespace}"
        for app in _generated().applications
        for source in app.sources
    )

    assert found == EXPECTED.splitlines()


def test_nothing_in_the_tree_is_a_problem() -> None:
    assert _generated().problems == ()


def test_numbers_and_functions_give_what_argo_cd_gives() -> None:
    made = {app.name: app.object for app in _generated().applications}

    assert made["list-go-beta"]["metadata"]["annotations"] == {"port": "1e+06", "width": "1000000"}
    assert made["functions-parts-team-one-red-app"]["metadata"]["annotations"] == {
        "slug": "parts-team",
        "colour": "chosen",
        "segments": "PARTS/TEAM_ONE/RED_APP",
        "fallback": '"default"',
        "sum": "003-3",
    }
    assert made["override-beta"]["spec"]["source"]["kustomize"] == {"nameSuffix": "-beta"}
    assert made["patch-alpha"]["metadata"]["labels"] == {
        "patched": "2", "tag-0": "one", "tag-1": "two",
    }  # fmt: skip

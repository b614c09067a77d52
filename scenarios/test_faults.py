"""The promise: a fault leads to its root cause, and to nothing else; a slow start leads to none.

Faults share one kept cluster per tree. `GITOPS_FAULTS=all` runs every fault, a name or a part of
one runs those; without it the quick subset runs, as in continuous integration. A table of what was
expected and given is written beside the reports.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.model.errors import ExitCode
from scenarios.conftest import EXAMPLE, ROOT, CommandLine, in_docker
from scenarios.faults.fault import Fault
from scenarios.faults.musiccorp import MUSICCORP
from scenarios.faults.shared_cluster import Given, SharedCluster
from scenarios.faults.shop import JAM, SHOP
from scenarios.faults.table import Table

TREES = {"shop": ROOT / "scenarios" / "trees" / "shop", "musiccorp": EXAMPLE}
WANTED = os.environ.get("GITOPS_FAULTS", "quick")


def chosen(faults: tuple[Fault, ...]) -> list[Fault]:
    """Returns the faults this run is to judge."""
    if WANTED == "all":
        return list(faults)
    if WANTED == "quick":
        return [f for f in faults if f.quick]
    return [f for f in faults if any(word in f.name for word in WANTED.split(","))]


@pytest.fixture(scope="module")
def table(request: pytest.FixtureRequest) -> Iterator[Table]:
    """The table of all faults of this run."""
    found = Table(Path(str(request.config.getoption("--gitops-output") or "report")))
    yield found
    found.write()


@pytest.fixture(scope="module")
def clusters(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[dict[str, SharedCluster]]:
    """One cluster at a time, made when its tree's first fault comes."""
    state, before = tmp_path_factory.mktemp("faults"), in_docker()
    bundle = str(request.config.getoption("--gitops-bundle"))
    lines: dict[str, CommandLine] = {}
    made: dict[str, SharedCluster] = {}

    class OnDemand(dict[str, SharedCluster]):
        def __missing__(self, tree: str) -> SharedCluster:
            for line in lines.values():
                line.run("down")
            place = state / tree
            place.mkdir()
            lines[tree] = CommandLine(place / "state", place / "report", bundle)
            self[tree] = SharedCluster(lines[tree], TREES[tree], place / "tree", place / "state")
            return self[tree]

    made = OnDemand()
    yield made
    for line in lines.values():
        line.run("down")
    assert in_docker() == before


@pytest.mark.parametrize("fault", chosen(SHOP), ids=lambda f: f.name)
def test_a_fault_in_the_shop_leads_to_its_root(
    fault: Fault, clusters: dict[str, SharedCluster], table: Table
) -> None:
    check(fault, clusters["shop"].judge(fault), table)


@pytest.mark.parametrize("fault", chosen(MUSICCORP), ids=lambda f: f.name)
def test_a_fault_in_musiccorp_leads_to_its_root(
    fault: Fault, clusters: dict[str, SharedCluster], table: Table
) -> None:
    check(fault, clusters["musiccorp"].judge(fault), table)


@pytest.mark.skipif(not chosen((JAM,)), reason="other faults were chosen")
def test_a_correction_takes_effect_although_the_fault_jammed_the_cluster(
    clusters: dict[str, SharedCluster],
) -> None:
    """An operation of an older commit waits for ever; a StatefulSet never replaces a broken pod."""
    shop = clusters["shop"]
    broken = shop.judge(JAM)
    assert broken.roots == set(JAM.roots), broken.outcome.text[-3000:]

    mended = shop.judge(Fault(name="mended"), clean=False)

    assert mended.outcome.code == ExitCode.OK, mended.outcome.text[-3000:]
    notes = " ".join(mended.run["notes"])
    assert "Pod shop-dev/store-0 was deleted" in notes
    assert "Application argocd/shop-dev was ended" in notes


def check(fault: Fault, given: Given, table: Table) -> None:
    """Compares what was expected with what was given."""
    table.add(fault, given)
    text = given.outcome.text[-3000:]
    assert given.roots == set(fault.roots), text
    blamed = {name for _, name in given.roots}
    assert not blamed & set(fault.innocent)
    assert given.outcome.code == (ExitCode.OK if fault.control else fault.exit_code), text
    if fault.file:
        assert fault.file in {f["file"] for f in given.findings}, given.findings
    for finding in given.findings:
        assert finding["decided_at"] - finding["first_seen"] <= fault.budget, finding

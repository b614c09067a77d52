"""Tools, tree and machine facts: what can be checked without a network."""

from __future__ import annotations

from pathlib import Path

import yaml

from bench.arena import Arena
from bench.cluster import write_tree
from bench.delivery import application
from bench.faults import FAULTS
from bench.machine import processor
from bench.tools import argo_version, pins


def test_every_go_tool_is_pinned_with_its_sum() -> None:
    found = pins()
    assert {"helm", "chainsaw"} <= set(found["go"])
    assert all(pin["sum"].startswith("h1:") for pin in found["go"].values())
    assert {"kr8s", "pytest-kubernetes"} <= set(found["python"])


def test_the_client_of_argo_cd_has_the_version_of_the_bundle() -> None:
    assert argo_version().startswith("v3.")


def test_the_tree_holds_an_overlay_for_each_case_that_argo_cd_delivers(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    write_tree(tree, FAULTS)
    cases = [c for c in FAULTS if c.engine]
    assert sorted(p.name for p in (tree / "bench").iterdir()) == sorted(c.name for c in cases)
    found = yaml.safe_load((tree / "bench" / "secret-absent" / "kustomization.yaml").read_text())
    assert found["namespace"] == "case-secret-absent-argo"
    assert (tree / "harness.toml").is_file()


def test_the_processor_is_read_from_its_line() -> None:
    assert processor("flags : a b\nmodel name\t: A Processor @ 2 GHz\n") == "A Processor @ 2 GHz"
    assert processor("") == "unknown"


def test_an_application_points_to_the_folder_of_its_case() -> None:
    arena = Arena(
        case=FAULTS[0],
        namespace="case-x",
        kubeconfig=Path("k"),
        folder=Path("f"),
        seconds=1,
        application="bench-x",
    )
    made = application(arena)
    assert made["spec"]["source"]["path"] == f"bench/{FAULTS[0].name}"
    assert made["spec"]["destination"]["namespace"] == "case-x"

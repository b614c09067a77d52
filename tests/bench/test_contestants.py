from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from bench.arena import Arena
from bench.contestants import CONTESTANTS, HARNESS_DECLARED, Command, Contestant
from bench.controls import CONTROLS
from bench.faults import FAULTS
from bench.tools import Tool

TOOLS = {
    name: Tool(name=name, version="1", path=Path("/tools") / name)
    for name in ("kubectl", "helm", "argocd", "kr8s", "pytest-kubernetes", "chainsaw")
}


@pytest.fixture
def arena(tmp_path: Path) -> Arena:
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text("contexts:\n- name: a\n  context: {cluster: a, user: a}\n")
    case = next(c for c in FAULTS if c.name == "two-faults")
    folder = tmp_path / "work"
    folder.mkdir()
    return Arena(case=case, namespace="case-x", kubeconfig=kubeconfig, folder=folder, seconds=90)


def command(name: str, arena: Arena) -> Command:
    (found,) = [c for c in CONTESTANTS if c.name == name]
    return found.command(arena, TOOLS)


def test_everybody_gets_the_same_limit_and_namespace(arena: Arena) -> None:
    for contestant in CONTESTANTS:
        made = contestant.command(arena, TOOLS)
        text = " ".join((*made.argv, *made.environment.values()))
        assert not made.argv or ("90" in text and "case-x" in text), contestant.name


def test_argocd_waits_only_where_it_delivers_and_helm_only_where_it_does_not(
    arena: Arena,
) -> None:
    by_engine = Arena(
        case=arena.case,
        namespace="case-x",
        kubeconfig=arena.kubeconfig,
        folder=arena.folder,
        seconds=90,
        application="bench-x",
    )
    assert not command("argocd app wait --core", arena).argv
    assert "bench-x" in command("argocd app wait --core", by_engine).argv
    assert command("helm --wait", arena).argv
    assert not command("helm --wait", by_engine).argv


def test_kubectl_waits_for_one_workload_after_the_other(arena: Arena) -> None:
    script = command("kubectl rollout status", arena).argv[-1]
    assert script.index("deployment/web") < script.index("&&") < script.index("statefulset/store")


def test_a_tool_that_is_missing_keeps_its_contestant_out_with_the_reason() -> None:
    absent = {**TOOLS, "kubectl": Tool(name="kubectl", version="", why="no bundle")}
    out = {c.name for c in CONTESTANTS if c.missing(absent)}
    assert out == {"kubectl wait", "kubectl rollout status", "pytest-kubernetes"}
    kubectl = next(c for c in CONTESTANTS if c.name == "kubectl wait")
    assert kubectl.missing(absent) == "kubectl: no bundle"


def test_the_files_of_an_arena_hold_the_same_objects(arena: Arena) -> None:
    arena.prepare()
    overlay = arena.repository / "overlays" / "bench"
    declared = list(yaml.safe_load_all((overlay / "objects.yaml").read_text()))
    charted = list(yaml.safe_load_all((arena.chart / "templates" / "objects.yaml").read_text()))
    assert declared == list(arena.case.objects)
    assert [o["metadata"].pop("namespace") for o in charted] == ["case-x"] * len(declared)
    assert charted == declared
    test = yaml.safe_load((arena.test / "chainsaw-test.yaml").read_text())
    asserted = [t["assert"]["resource"]["kind"] for t in test["spec"]["steps"][0]["try"]]
    assert asserted == ["Deployment", "StatefulSet"]


def test_the_engine_kubeconfig_is_private_and_in_the_namespace_of_argo_cd(arena: Arena) -> None:
    arena.prepare()
    found = yaml.safe_load(arena.engine_kubeconfig.read_text())
    assert found["contexts"][0]["context"]["namespace"] == "argocd"
    assert arena.engine_kubeconfig.stat().st_mode & 0o077 == 0


def test_what_comes_late_is_declared_and_not_charted(arena: Arena, tmp_path: Path) -> None:
    late = next(c for c in CONTROLS if c.late)
    folder = tmp_path / "late"
    folder.mkdir()
    made = Arena(case=late, namespace="n", kubeconfig=arena.kubeconfig, folder=folder, seconds=9)
    made.prepare()
    declared = (made.repository / "overlays" / "bench" / "objects.yaml").read_text()
    assert "late-login" in declared
    assert "kind: Secret" in declared
    assert "kind: Secret" not in (made.chart / "templates" / "objects.yaml").read_text()


def test_only_the_harness_is_ours() -> None:
    ours: list[Contestant] = [c for c in CONTESTANTS if c.ours]
    assert [c.tools for c in ours] == [(), ()]
    assert ours[1].name == HARNESS_DECLARED

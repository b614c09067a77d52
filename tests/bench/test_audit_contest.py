"""What counts as found; faults that fit the example; answers of the peers."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from bench.audit_clock import Timed
from bench.audit_contest import judged
from bench.audit_faults import FAULTS
from bench.audit_injection import Edit, Fault, inject, line_of
from bench.audit_peers import (
    ALL,
    PEERS,
    Kit,
    Said,
    flux_local_said,
    harness_said,
    kube_score_said,
    kubeconform_said,
)
from bench.audit_schemas import standalone
from bench.audit_stage import MUSICCORP, Stage, copied, flux_kustomization
from bench.tools import Tool, pins
from harness.audit.catalogue import rules

PLACES = {("a.yaml", 7)}


def answer(output: object, errors: str = "", code: int = 1) -> Timed:
    text = json.dumps(output)
    return Timed(seconds=1, processor_seconds=1, code=code, output=text, errors=errors)


def test_what_the_clean_copy_also_says_is_no_finding() -> None:
    said = [Said("Service shop selects nothing")]
    assert not judged(said, said, ("shop",), PLACES, ()).found
    assert judged(said, [], ("shop",), PLACES, ()).found


def test_all_words_must_stand_in_one_message() -> None:
    said = [Said("Service shop"), Said("selects nothing")]
    assert not judged(said, [], ("shop nothing",), PLACES, ()).found
    found = judged([Said("NOTHING selects shop")], [], ("absent", "shop nothing"), PLACES, ())
    assert found.found
    assert found.new == 1


def test_the_harness_must_name_the_right_rule() -> None:
    said = [Said("other-rule Service: shop", "a.yaml", 7)]
    assert not judged(said, [], ("shop",), PLACES, ("right-rule",)).found
    assert judged(said, [], ("shop",), PLACES, ("other-rule",)).line


def test_a_line_counts_only_where_it_may_be_blamed() -> None:
    wrong = judged([Said("shop", "a.yaml", 8)], [], ("shop",), PLACES, ())
    assert (wrong.found, wrong.line, wrong.rendered_line) == (True, False, False)
    rendered = judged([Said("shop", "/x/rendered.yaml", 8)], [], ("shop",), PLACES, ())
    assert (rendered.line, rendered.rendered_line) == (False, True)
    both = [Said("shop", "b.yaml", 1), Said("shop again", "a.yaml", 7)]
    assert judged(both, [], ("shop",), PLACES, ()).place == "a.yaml:7"


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_every_fault_fits_the_example(fault: Fault, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    shutil.copytree(MUSICCORP / "gitops-deploys", tree / "gitops-deploys")
    inject(tree, fault)
    assert all(line_of(tree, place) for place in fault.places)
    assert set(fault.rules) <= set(rules())
    impossible = Edit(path=fault.edits[0].path, old="no such text", new="")
    with pytest.raises(LookupError, match="does not hold"):
        inject(tree, replace(fault, edits=(impossible,)))


def test_faults_have_names_of_their_own() -> None:
    assert len({fault.name for fault in FAULTS}) == len(FAULTS) >= 15


def test_the_findings_of_the_harness_begin_with_their_rule() -> None:
    finding = {
        "rule": "r",
        "object": {"kind": "Secret"},
        "message": "m",
        "file": "a.yaml",
        "line": 7,
    }
    assert harness_said(answer({"findings": [finding]})) == [Said("r Secret: m", "a.yaml", 7)]


def test_kubeconform_is_read_without_the_folder_of_its_schemas() -> None:
    told = {
        "kind": "Service",
        "version": "v1",
        "name": "shop",
        "msg": "failed with 'file:///some/folder/service-v1.json#' at '/spec'",
    }
    found = kubeconform_said(answer({"resources": [told]}, "Error: accumulating\nother"))
    assert found == [
        Said("Service v1 shop: failed with 'service-v1.json#' at '/spec'"),
        Said("Error: accumulating"),
    ]
    assert kubeconform_said(answer({"resources": None})) == []


def test_kube_score_is_read_without_what_it_finds_good() -> None:
    def check(grade: int, *, skipped: bool = False) -> dict[str, object]:
        comment = {"path": "web", "summary": f"grade {grade}", "description": ""}
        return {
            "check": {"id": "c"},
            "grade": grade,
            "skipped": skipped,
            "comments": [comment],
        }

    told = {
        "object_name": "Pod/web",
        "file_name": "/r.yaml",
        "file_row": 3,
        "checks": [check(1), check(5), check(7), check(10), check(1, skipped=True)],
    }
    found = kube_score_said(answer([told]))
    assert [said.text for said in found] == ["Pod/web c: web grade 1 ", "Pod/web c: web grade 5 "]
    assert {(said.file, said.line) for said in found} == {("/r.yaml", 3)}


def test_flux_local_is_read_without_its_times() -> None:
    text = "a::b PASSED\n\x1b[31ma::c FAILED\x1b[0m\n=== 1 failed, 2 passed in 3.21s ===\n"
    found = flux_local_said(Timed(seconds=1, processor_seconds=1, code=1, output=text))
    assert [said.text for said in found] == ["a::c FAILED", "=== 1 failed, 2 passed  ==="]


def test_an_answer_that_is_no_json_is_none() -> None:
    broken = Timed(seconds=1, processor_seconds=1, code=1, output="panic")
    assert harness_said(broken) == kubeconform_said(broken) == kube_score_said(broken) == []


def test_every_peer_has_a_command_line(tmp_path: Path) -> None:
    stage = copied(tmp_path / "stage")
    names = {name for peer in PEERS for name in peer.needs}
    tools = {n: Tool(name=n, version="1", path=Path("/tools") / n / "bin" / n) for n in names}
    kit = Kit(tools=tools, schemas="/schemas/{{ .ResourceKind }}.json", cache=tmp_path)
    for peer in PEERS:
        assert peer.ask(stage, kit, ALL).argv
        assert peer.missing(tools) == ""
    gone = {**tools, "flux": Tool(name="flux", version="1", why="no compiler")}
    assert [peer.name for peer in PEERS if peer.missing(gone)] == ["flux-local test"]


def test_the_stage_has_all_kustomizations_that_are_deployed(tmp_path: Path) -> None:
    stage = copied(tmp_path / "stage")
    assert len(stage.folders(ALL[0])) == 15
    assert len(stage.folders(*ALL)) == 18
    rendered = {stage.rendered(folder) for folder in stage.folders(*ALL)}
    assert len(rendered) == 18
    assert Stage(folder=tmp_path).rendered(tmp_path / "repository" / "a" / "b").name == "a-b.yaml"


def test_flux_deploys_a_folder_by_its_path() -> None:
    found = flux_kustomization("gitops-deploys/overlays/dev/kafka")
    assert found["metadata"]["name"] == "overlays-dev-kafka"
    assert found["spec"]["path"] == "./gitops-deploys/overlays/dev/kafka"


def test_a_schema_gets_what_it_refers_to_and_no_more() -> None:
    definitions = {
        "A": {"$ref": "#/$defs/B"},
        "B": {"type": "string"},
        "C": {"type": "null"},
    }
    schema = {"$id": "x", "properties": {"a": {"$ref": "/api/_definitions.json#/$defs/A"}}}
    found = standalone(schema, definitions)
    assert found["properties"]["a"] == {"$ref": "#/$defs/A"}
    assert set(found["$defs"]) == {"A", "B"}
    assert "$id" not in found


def test_every_peer_is_pinned_or_has_a_reason() -> None:
    pinned = pins()["audit"]
    assert all(pin["sum"].startswith("h1:") for pin in pinned["go"].values())
    assert {"kubeconform", "kube-score"} <= set(pinned["go"])
    assert "flux-local" in pinned["python"]
    assert all(pinned["absent"].values())

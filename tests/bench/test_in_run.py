from __future__ import annotations

from pathlib import Path

from bench.arena import Arena
from bench.controls import CONTROLS
from bench.faults import FAULTS
from bench.in_run import Said, attempt, header
from bench.verdict import Word
from harness.model.finding import Diagnosis, Finding, Outcome, Phase
from harness.model.refs import ObjectRef


def arena(name: str, application: str = "") -> Arena:
    (case,) = [c for c in (*FAULTS, *CONTROLS) if c.name == name]
    return Arena(
        case=case,
        namespace="case-x",
        kubeconfig=Path("k"),
        folder=Path("f"),
        seconds=120,
        application=application,
    )


def test_a_run_knows_what_is_declared_also_what_comes_late() -> None:
    declared = header(arena("late-secret")).declared
    assert {ObjectRef.of(d.object) for d in declared} == {
        ObjectRef("Deployment", "case-x", "web"),
        ObjectRef("Secret", "case-x", "late-login"),
    }


def test_an_application_is_expected_only_where_argo_cd_delivers() -> None:
    assert header(arena("secret-absent")).expected_applications == ()
    assert header(arena("secret-absent", "bench-x")).expected_applications == ("bench-x",)


def test_what_the_observer_said_counts_from_the_delivery() -> None:
    finding = Finding(
        cause="S07",
        phase=Phase.SECRET,
        object=ObjectRef("Secret", "case-x", "payment-login"),
        seen="it is not there",
        expected="a Secret",
        fix="create it",
        first_seen=1001.0,
        decided_at=1001.5,
    )
    said = Said(
        word=Word.FAILED,
        at=1002.0,
        diagnosis=Diagnosis(outcome=Outcome.FAILED, findings=(finding,)),
    )
    found = attempt(arena("secret-absent"), 1000.0, said)
    assert (found.named, found.seconds, found.first_seen, found.decided) == (True, 2.0, 1.0, 1.5)
    other = attempt(arena("image-absent"), 1000.0, said)
    assert not other.named
    assert other.output == "S07: it is not there"


def test_nothing_said_is_nothing_named() -> None:
    found = attempt(arena("secret-absent"), 1000.0, Said(word=Word.NOTHING, at=1120.0))
    assert (found.word, found.named, found.decided) == (Word.NOTHING, False, None)

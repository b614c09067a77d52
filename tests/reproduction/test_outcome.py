from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness.model.errors import HarnessError, ImageError, NotReadyError, RootCauseError
from harness.model.finding import Finding, Phase
from harness.model.refs import ObjectRef
from harness.model.run import ImageDelivery, RunRecord, StageRecord, StageState
from harness.reproduction.differences import (
    context_differences,
    host_differences,
    image_differences,
    tree_differences,
    version_differences,
)
from harness.reproduction.manifest import Host, Image, Tool, Versions
from harness.reproduction.outcome import Ending, compare, ending_of


def error(kind: type[HarnessError], subject: str) -> HarnessError:
    return kind(attempted="Trying", subject=subject, seen="no")


def finding(cause: str, name: str, line: int = 1) -> Finding:
    return Finding(
        cause=cause,
        phase=Phase.SECRET,
        object=ObjectRef("Secret", "shop-dev", name),
        seen="",
        expected="",
        fix="",
        line=line,
    )


def ending(
    run_id: str, stage: str, failed: HarnessError | None, *findings: Finding, **more: Any
) -> Ending:
    run = RunRecord(
        run_id=run_id, environment="dev", repository=f"/{run_id}", command="", started_at=""
    )
    state = StageState.FAILED if failed else StageState.PASSED
    run.stages = [StageRecord(name=stage, title=stage, state=state, error=failed)]
    code = failed.exit_code if failed else 0
    values = {"verdict": "failed" if failed else "passed", "exit_code": code, **more}
    return ending_of(run, findings, **values)


def root(run_id: str, *findings: Finding) -> Ending:
    return ending(run_id, "ready", error(RootCauseError, "x"), *findings)


def test_the_same_causes_are_the_same_verdict_whatever_the_order_line_and_time() -> None:
    then = root("a1", finding("S01", "pull"), finding("S02", "db"))
    now = root("b2", finding("S02", "db", line=9), finding("S01", "pull"))

    found = compare(then, now)

    assert found.same
    assert str(found.now) == "S01 on Secret shop-dev/pull, S02 on Secret shop-dev/db"


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (root("b2", finding("S01", "db")), "S01 on Secret shop-dev/pull was found then"),
        (root("b2", finding("S02", "pull")), "S02 on Secret shop-dev/pull is found now"),
        (root("b2", finding("S01", "pull"), finding("I01", "x")), "I01 on Secret shop-dev/x is"),
        (ending("b2", "drift", None), "the verdict was failed, now it is passed"),
        (ending("b2", "ready", error(NotReadyError, "x")), "the exit code was 12, now it is 10"),
    ],
)
def test_another_cause_is_another_verdict(now: Ending, said: str) -> None:
    found = compare(root("a1", finding("S01", "pull")), now)

    assert not found.same
    assert any(text.startswith(said) for text in found.differences), found.differences


def test_without_a_cause_stage_and_kind_of_error_decide() -> None:
    then = ending("a1", "images", error(ImageError, "/a1/app"))

    assert compare(then, ending("b2", "images", error(ImageError, "/b2/app"))).same
    assert str(then) == "failed at stage images: ImageError on the tree/app"
    other = ending("b2", "supply", error(ImageError, "/b2/app"))
    assert compare(then, other).differences == ("stage images failed then, stage supply now",)


def test_two_runs_that_passed_are_the_same() -> None:
    assert compare(ending("a", "drift", None), ending("b", "drift", None)).same


THEN = Versions(
    harness="0.1.0",
    bundle="4f0c9d2a7be15d3f",
    bundle_origin="build",
    kubernetes="v1.36.3",
    argocd="v3.5.7",
    tools={"kind": Tool(version="v0.30.0", sha256="a" * 64)},
    images={"node": Image(image_id="sha256:" + "a" * 64, built_from="kindest/node:v1.36.3")},
)


def test_the_same_versions_say_nothing() -> None:
    assert version_differences(THEN, THEN) == ()
    assert version_differences(Versions(harness="0.1.0"), THEN) == (), "what is unknown"


def test_each_version_that_differs_is_one_line() -> None:
    now = THEN.model_copy(
        update={
            "harness": "0.2.0",
            "bundle": "0000000000000000",
            "argocd": "v3.6.0",
            "tools": {"kind": Tool(version="v0.30.0", sha256="b" * 64)},
            "images": {"node": Image(image_id="sha256:" + "b" * 64, built_from="other")},
        }
    )

    assert version_differences(THEN, now) == (
        "harness: then 0.1.0, now 0.2.0",
        "bundle: then build 4f0c9d2a7be1, now build 000000000000",
        "Argo CD: then v3.5.7, now v3.6.0",
        "kind: the same version v0.30.0, another build",
        "node image: then aaaaaaaaaaaa (kindest/node:v1.36.3), now bbbbbbbbbbbb",
    )


def test_a_smaller_machine_is_said_and_a_bigger_one_is_not() -> None:
    then = Host(system="Linux", cgroups=1, processors=8, memory_bytes=32 * 2**30)
    small = Host(system="Linux", cgroups=2, processors=2, memory_bytes=8 * 2**30)

    assert host_differences(then, small) == (
        "cgroups: then v1, now v2",
        "processors: then 8, now 2",
        "memory: then 32 GiB, now 8 GiB",
    )
    assert host_differences(small, then)[1:] == ()


def image(declared: str, digest: str, origin: str = "pulled") -> ImageDelivery:
    return ImageDelivery(declared=declared, origin=origin, source="", digest=digest)


def test_images_are_compared_by_digest_unless_they_are_built() -> None:
    then = [image("a:1", "sha256:1"), image("b:1", "sha256:1", "built here"), image("c:1", "")]
    now = [replace(i, digest="sha256:2") for i in then]

    assert image_differences(then, now) == ("a:1: then 1, now 2",)
    assert image_differences(then, [image("d:1", "")])[-1] == "d:1 is declared now and was not then"
    assert image_differences(then, []) == (), "the run ended before its images were planned"
    assert context_differences({"b": "1", "x": "1"}, {"b": "2"}) == (
        "b is built from other files than then",
    )


def test_files_that_differ_are_named_and_many_are_counted() -> None:
    assert tree_differences({"a": "1", "b": "1"}, {"a": "2", "c": "1"}) == (
        "a differs",
        "b is not there now",
        "c is new",
    )
    assert tree_differences({}, {str(n): "" for n in range(12)})[-1] == "and 2 files more"

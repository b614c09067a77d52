"""One item per declared workload."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from tests.plugin.conftest import Suite


def test_items_are_collected_without_a_cluster(suite: Suite) -> None:
    text = suite.run("--gitops-workloads", "--collect-only", "-q").stdout.str()

    assert "gitops::dev::Deployment shop-dev/api" in text
    assert "gitops::dev::Deployment shop-dev/web" in text
    assert suite.happened == []


def test_nothing_is_added_where_nobody_asks(suite: Suite) -> None:
    suite.tests("def test_own(): pass")

    suite.run().assert_outcomes(passed=1)


def test_they_pass_where_everything_is_ready_and_the_cluster_is_removed(suite: Suite) -> None:
    suite.run("--gitops-workloads").assert_outcomes(passed=2)

    assert suite.happened == ["deploy-alive-True", "remove"]
    assert suite.left == []


def test_they_are_chosen_by_name(suite: Suite) -> None:
    suite.run("--gitops-workloads", "-k", "web").assert_outcomes(passed=1, deselected=1)


def test_a_victim_fails_with_the_root_cause_and_the_evidence(suite: Suite) -> None:
    suite.say(broken=True)
    logs = suite.pytester.mkdir("evidence") / "shop-dev" / "logs"
    logs.mkdir(parents=True)
    (logs / "api-7d9-x.api.log").write_text("KeyError: TOKEN\n", encoding="utf-8")
    (logs / "web-7d9-x.web.log").write_text("fine\n", encoding="utf-8")

    ended = suite.run("--gitops-workloads", "--junitxml", "junit.xml")

    ended.assert_outcomes(passed=1, failed=1)
    text = ended.stdout.str()
    assert "Deployment shop-dev/api is not ready because of Secret shop-dev/tokens:" in text
    assert "tokens.yaml:7" in text
    assert "KeyError: TOKEN" in text
    assert "fine" not in text
    assert "Traceback" not in text
    case = ET.parse(suite.pytester.path / "junit.xml").find(".//testcase[failure]")  # noqa: S314 -- our own file
    assert case is not None
    told = {p.get("name"): p.get("value") for p in case.iter("property")}
    assert told["gitops-file"] == "tokens.yaml:7"
    assert str(told["gitops-cause"]).startswith("S01")
    assert str(told["gitops-evidence"]).endswith("evidence")
    assert (case.get("classname"), case.get("name")) == ("gitops.dev", "Deployment shop-dev/api")


def test_a_workload_that_was_not_judged_is_skipped(suite: Suite) -> None:
    suite.say(unjudged=True)

    suite.run("--gitops-workloads").assert_outcomes(passed=1, skipped=1)


def test_a_tree_that_does_not_render_is_an_error_of_collection(suite: Suite) -> None:
    suite.say(unrenderable=True)

    ended = suite.run("--gitops-workloads")

    assert ended.ret == pytest.ExitCode.INTERRUPTED
    assert "Rendering shop failed: a typo." in ended.stdout.str()
    assert suite.happened == []


def test_what_cannot_begin_fails_each_item_with_the_paragraph(suite: Suite) -> None:
    suite.say(no_docker=True)

    ended = suite.run("--gitops-workloads")

    ended.assert_outcomes(failed=2)
    assert "Asking Docker failed: no answer." in ended.stdout.str()
    assert suite.happened == ["deploy-alive-True"]

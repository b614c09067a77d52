"""The fixtures that look at a live cluster."""

from __future__ import annotations

import sys

import pytest

from tests.plugin.conftest import Suite

SLOW = ("harness.compose", "kubernetes", "docker", "pydantic", "rich", "jinja2", "typer", "yaml")


def test_a_deployment_that_failed_fails_its_tests_with_the_verdict(suite: Suite) -> None:
    suite.say(broken=True)
    suite.tests("def test_it(gitops_deployed): pass")

    ended = suite.run()

    ended.assert_outcomes(errors=1)
    text = ended.stdout.str()
    assert "FAILED: Root cause after" in text
    assert "S01 on Secret shop-dev/tokens" in text


def test_the_cluster_is_there_although_the_deployment_failed(suite: Suite) -> None:
    suite.say(broken=True)
    suite.tests("def test_it(gitops_cluster): assert not gitops_cluster.run.passed")

    suite.run().assert_outcomes(passed=1)


def test_a_failing_test_gets_the_state_of_the_live_cluster(suite: Suite) -> None:
    suite.tests("def test_it(gitops_cluster): assert 1 == 2")

    ended = suite.run("--gitops-output", "out", "--junitxml", "junit.xml")

    ended.assert_outcomes(failed=1)
    assert (suite.pytester.path / "out" / "evidence-of-tests" / "test-it" / "Pod.json").is_file()
    assert "gitops evidence" in ended.stdout.str()
    assert 'name="gitops-evidence"' in (suite.pytester.path / "junit.xml").read_text("utf-8")


def test_a_failing_test_without_a_cluster_gets_nothing(suite: Suite) -> None:
    suite.tests("def test_own(): assert 1 == 2\ndef test_it(gitops_cluster): pass")

    text = suite.run().stdout.str()

    assert "gitops run" not in text


def test_ready_is_asserted_of_one_workload_or_of_all(suite: Suite) -> None:
    suite.say(broken=True)
    suite.tests("""
import pytest

def test_web(assert_ready): assert_ready("web")
def test_kind(assert_ready): assert_ready("Deployment/web")
def test_all(assert_ready):
    with pytest.raises(AssertionError, match="(?s)Deployment shop-dev/api is stuck.*S01"):
        assert_ready()
def test_unknown(assert_ready):
    with pytest.raises(pytest.UsageError, match="'wbe' is not declared; .* Deployment/web"):
        assert_ready("wbe")
""")

    suite.run().assert_outcomes(passed=4)


@pytest.mark.parametrize(
    ("word", "listens", "expected", "message"),
    [
        ("open", True, True, ""),
        ("timeout", True, True, "timeout; expected a connection"),
        ("open", True, False, "open; expected none"),
        ("timeout", True, False, ""),
        ("timeout", False, False, "nobody listens there, so nothing was proven"),
    ],
)
def test_reaching_is_asserted_and_a_block_only_of_who_listens(
    suite: Suite, word: str, listens: bool, expected: bool, message: str
) -> None:
    suite.say(reach=[word, listens])
    suite.tests(
        f"def test_it(assert_reaches): assert_reaches('web', 'api:8080', expected={expected})"
    )

    ended = suite.run()

    ended.assert_outcomes(passed=not message, failed=bool(message))
    assert message in ended.stdout.str()


@pytest.mark.parametrize("drifted", [True, False])
def test_drift_is_told_with_the_field(suite: Suite, drifted: bool) -> None:
    suite.say(drifted=drifted)
    suite.tests("def test_it(assert_in_sync): assert_in_sync()")

    ended = suite.run()

    ended.assert_outcomes(passed=not drifted, failed=drifted)
    assert ("spec.replicas" in ended.stdout.str()) == drifted


def test_loading_the_plugin_loads_nothing_slow(pytester: pytest.Pytester) -> None:
    program = (
        "import sys, pytest; before = set(sys.modules); import harness.pytest_plugin; "
        f"print([m for m in {SLOW} if m in set(sys.modules) - before])"
    )

    ended = pytester.run(sys.executable, "-c", program)

    assert ended.outlines == ["[]"]

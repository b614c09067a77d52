"""One deployment per test run, also where several processes run the tests."""

from __future__ import annotations

from harness.cluster.runs import RunFolder
from tests.plugin.conftest import Suite

MANY = """
import pytest

@pytest.mark.parametrize("number", range(8))
def test_it(gitops_deployed, number):
    assert gitops_deployed.cluster.kubeconfig.is_file()
"""


def test_two_processes_share_one_cluster_and_the_last_removes_it(suite: Suite) -> None:
    suite.say(seconds=0.3)
    suite.tests(MANY)

    suite.run_apart().assert_outcomes(passed=8)

    assert suite.happened == ["deploy-alive-True", "remove"]
    assert suite.left == []


def test_the_run_alone_is_made_once_for_all_processes(suite: Suite) -> None:
    suite.tests(
        "import pytest\n@pytest.mark.parametrize('n', range(4))\n"
        "def test_it(gitops_run, n): assert gitops_run.passed"
    )

    suite.run_apart().assert_outcomes(passed=4)

    assert suite.happened.count("deploy-alive-False") == 1


def test_a_process_that_dies_while_deploying_leaves_the_work_to_the_next(suite: Suite) -> None:
    suite.say(dies=True)
    suite.tests(MANY)

    ended = suite.run_apart()

    assert ended.parseoutcomes()["passed"] >= 7  # what the dead process was at counts as failed
    assert suite.happened == ["deploy-alive-True", "deploy-alive-True", "remove"]
    assert suite.left == []


def test_every_process_is_told_why_deploying_could_not_begin(suite: Suite) -> None:
    suite.say(no_docker=True)
    suite.tests(MANY)

    ended = suite.run_apart()

    ended.assert_outcomes(errors=8)
    assert suite.happened == ["deploy-alive-True"]


def test_a_cluster_to_be_kept_is_kept(suite: Suite) -> None:
    suite.tests(MANY)

    suite.run("--gitops-keep").assert_outcomes(passed=8)

    assert suite.happened == ["deploy-alive-True"]
    assert RunFolder(suite.pytester.path / "sessions" / suite.left[0]).state.kept


def test_while_tests_run_the_cluster_belongs_to_them_and_is_not_kept(suite: Suite) -> None:
    suite.tests("""
from harness.cluster.runs import RunFolder

def test_it(gitops_cluster):
    folder = RunFolder(gitops_cluster.kubeconfig.parent)
    assert not folder.state.kept
    assert not folder.acquire()
""")

    suite.run().assert_outcomes(passed=1)


def test_a_run_and_a_live_cluster_in_one_suite_are_one_deployment(suite: Suite) -> None:
    suite.tests("""
def test_run(gitops_run): assert gitops_run.passed
def test_cluster(gitops_cluster, gitops_run): assert gitops_cluster.run is gitops_run
""")

    suite.run().assert_outcomes(passed=2)

    assert suite.happened == ["deploy-alive-True", "remove"]


def test_deselected_tests_need_no_cluster(suite: Suite) -> None:
    suite.tests("def test_live(gitops_cluster): pass\ndef test_run(gitops_run): pass")

    suite.run("-k", "test_run").assert_outcomes(passed=1, deselected=1)

    assert suite.happened == ["deploy-alive-False"]

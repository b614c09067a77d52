from __future__ import annotations

import pytest


def test_the_options_stand_beside_those_of_pytest_kind(pytester: pytest.Pytester) -> None:
    text = pytester.runpytest_subprocess("--help").stdout.str()

    for option in ("--gitops-repo", "--gitops-env", "--gitops-output", "--gitops-keep"):
        assert option in text
    assert "--cluster-name" in text


def test_the_fixture_is_there_for_everybody(pytester: pytest.Pytester) -> None:
    text = pytester.runpytest_subprocess("--fixtures").stdout.str()

    assert "gitops_run [session scope]" in text
    assert "kind_cluster [session scope]" in text


def test_a_repository_that_is_none_fails_the_test_with_the_paragraph(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile("def test_it(gitops_run): assert gitops_run.passed")

    ended = pytester.runpytest_subprocess("--gitops-repo", "nowhere")

    ended.assert_outcomes(errors=1)
    assert "there is no such folder" in ended.stdout.str()

"""The workflows cannot rot unseen: what they run is what people run, and it exists.

Parsed, not executed. `make workflows` asks actionlint, which needs Go and its module proxy.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from harness.__main__ import application
from tests.documentation.pages import ROOT
from tests.documentation.test_commands import make_targets, parse, plugin_options

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
GITLAB = ROOT / "docs" / "ci" / "gitlab-ci.yml"
ACTION = ROOT / "action.yml"
PLUGIN = (ROOT / "harness/pytest_plugin/__init__.py").read_text(encoding="utf-8")


def read(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506


def jobs() -> Iterator[tuple[str, Any]]:
    for path in WORKFLOWS:
        for name, job in read(path)["jobs"].items():
            yield f"{path.stem}.{name}", job


JOBS = dict(jobs())
RUN_LINES = [
    line
    for job in JOBS.values()
    for step in job["steps"]
    for line in step.get("run", "").splitlines()
]


def without_expressions(line: str) -> str:
    """Returns a line with what GitHub fills in replaced by a word."""
    return re.sub(r"\$\{\{.*?\}\}", "dev", line)


def test_there_are_workflows_for_every_push_and_every_night() -> None:
    assert [path.stem for path in WORKFLOWS] == ["ci", "nightly"]
    assert "schedule" in read(WORKFLOWS[1])["on"]


@pytest.mark.parametrize("line", RUN_LINES)
def test_every_step_is_a_target_that_people_use_too(line: str) -> None:
    program, *words = shlex.split(without_expressions(line))

    assert program == "make"
    assert {word for word in words if "=" not in word} <= make_targets()
    options = plugin_options(" ".join(words).replace("=", " ").split())
    assert options <= plugin_options(PLUGIN.split('"'))


@pytest.mark.parametrize("name", JOBS)
def test_a_job_ends_by_itself_and_keeps_its_report(name: str) -> None:
    job = JOBS[name]

    assert int(job["timeout-minutes"]) <= 120
    used = {step["uses"].partition("@")[0]: step for step in job["steps"] if "uses" in step}
    if "./" in used:  # the action keeps its report itself
        used |= {
            s["uses"].partition("@")[0]: s for s in read(ACTION)["runs"]["steps"] if "uses" in s
        }
    assert used["actions/upload-artifact"]["if"].startswith("always()")


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda p: p.stem)
def test_a_workflow_reads_only_and_does_not_run_twice(path: Path) -> None:
    workflow = read(path)

    assert workflow["permissions"] == {"contents": "read"}
    assert workflow["concurrency"]["group"]


def test_the_action_is_given_only_inputs_that_it_has() -> None:
    given = [s["with"] for job in JOBS.values() for s in job["steps"] if s.get("uses") == "./"]

    assert given
    assert all(set(inputs) <= set(read(ACTION)["inputs"]) for inputs in given)


def test_the_nightly_job_covers_every_overlay_of_the_example() -> None:
    overlays = ROOT / "examples/musiccorp/gitops-deploys/overlays"

    covered = JOBS["nightly.overlay"]["strategy"]["matrix"]["environment"]
    assert sorted(covered) == sorted(path.name for path in overlays.iterdir())


def test_caches_follow_the_pins() -> None:
    keys = [
        step["with"]["key"]
        for job in JOBS.values()
        for step in job["steps"]
        if step.get("with", {}).get("path") == "~/.cache/gitops-harness"
    ]

    assert len(set(keys)) == 1
    patterns = re.findall(r"'([^']+)'", keys[0])
    assert len(patterns) == 2
    assert all(list(ROOT.glob(pattern)) for pattern in patterns)


def harness_lines(text: str) -> list[list[str]]:
    """Returns the arguments of every `harness` in a script, shell variables as words."""
    found = re.findall(r"\.harness/bin/harness (.*)|set -- (.*)", text)
    return [shlex.split((a or b).replace("$", "")) for a, b in found]


@pytest.mark.parametrize("path", [ACTION, GITLAB], ids=lambda p: p.name)
def test_what_others_copy_runs_commands_that_exist(path: Path) -> None:
    lines = harness_lines(path.read_text(encoding="utf-8"))

    assert {line[0] for line in lines} == {"audit", "e2e"}
    for line in lines:
        parse(typer.main.get_command(application(line)), line)


def test_every_input_of_the_action_reaches_the_shell_as_a_variable_only() -> None:
    """An expression inside a script would let an input run as code."""
    steps = read(ACTION)["runs"]["steps"]
    scripts = [step["run"] for step in steps if "run" in step]

    assert scripts
    assert all("${{" not in script for script in scripts)
    given = " ".join(str(step) for step in steps)
    assert all(f"inputs.{name}" in given for name in read(ACTION)["inputs"])


def test_the_gitlab_pipeline_keeps_reports_and_caches() -> None:
    pipeline = read(GITLAB)

    for name in ("audit", "e2e"):
        assert pipeline[name]["artifacts"]["when"] == "always"
        assert pipeline[name]["timeout"]
    assert {"history-$ENVIRONMENT", "gitops-harness-$CI_RUNNER_EXECUTABLE_ARCH"} == {
        cache["key"] for cache in pipeline["e2e"]["cache"]
    }

"""The promise of the tutorial: its commands do what the page says, in the page's order.

Every console command of `docs/tutorial/first-failure.md` runs, on a copy elsewhere than the page's
`/tmp/bookshop`; only getting the checkout is left out, because this is it.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from harness.model.errors import ExitCode
from scenarios.conftest import ROOT, CommandLine
from tests.documentation.pages import Shown, shown

pytestmark = pytest.mark.nightly

PAGE = ROOT / "docs" / "tutorial" / "first-failure.md"
COPY = "/tmp/bookshop"  # noqa: S108 -- what the page says
LEFT_OUT = ("git", "cd", "make", ".")


@pytest.fixture
def commands(tmp_path: Path) -> list[Shown]:
    """The commands of the page, on a copy of ours."""
    place = str(tmp_path / "bookshop")
    found = [
        Shown(page=command.page, line=command.line.replace(COPY, place)) for command in shown(PAGE)
    ]
    return [command for command in found if command.words[0] not in LEFT_OUT]


def test_the_tutorial_does_what_it_says(harness: CommandLine, commands: list[Shown]) -> None:
    codes, texts = [], []
    for command in commands:
        if command.arguments is None:
            subprocess.run(command.words, cwd=ROOT, check=True, timeout=60)
            continue
        outcome = harness.run(*command.arguments, seconds=900)
        if command.arguments[0] == "up":
            codes.append(outcome.code)
            texts.append(outcome.text)
        else:
            assert outcome.code == ExitCode.OK, outcome.text

    assert codes == [ExitCode.OK, ExitCode.ROOT_CAUSE, ExitCode.OK], texts[-1][-3000:]
    assert "PASSED: 5 of 5 Applications synced, 4 of 4 workloads ready" in texts[0]
    verdict = texts[1].partition("FAILED:")[2]
    assert "ConfigMap bookshop/shelf-programme" in verdict
    assert "shelf/deployment.yaml:" in verdict
    assert "Root cause" in verdict

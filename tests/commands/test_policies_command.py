"""`harness policies`: options in, the matrix out, with the right exit code."""

from __future__ import annotations

import io
import json
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import typer

from harness.__main__ import COMMANDS, run
from harness.commands.policies import register
from harness.commands.policies_run import Order, World, outside_image, question, run_policies
from harness.model.errors import ExitCode, UsageError
from harness.model.policies import Control, Enforcement, PolicyMatrix
from tests.connectivity.objects import without
from tests.policies.shop import Cluster, live_policies, matrix_of

if TYPE_CHECKING:
    from harness.commands.policies_run import Say

HEALTHY = matrix_of(Cluster(live_policies()))
BROKEN = matrix_of(Cluster(without(live_policies(), "NetworkPolicy", "web-to-api-ingress")))
UNENFORCED = matrix_of(
    Cluster(live_policies(), enforces=False),
    control=Control(state=Enforcement.NOT_ENFORCED, detail="it still answered"),
)


class Asked:
    """Answers with a matrix and remembers what was asked."""

    def __init__(self, answer: PolicyMatrix) -> None:
        self.answer = answer
        self.orders: list[Order] = []

    def __call__(self, order: Order, say: Say) -> PolicyMatrix:
        self.orders.append(order)
        say("probing")
        return self.answer


def called(asked: Asked, *arguments: str) -> int:
    app = typer.Typer()
    app.callback()(lambda: None)
    register(app, lambda: asked)
    found = app(["policies", *arguments], standalone_mode=False)
    return int(found or 0)


@pytest.mark.parametrize(
    ("matrix", "code"),
    [
        (HEALTHY, ExitCode.OK),
        (BROKEN, ExitCode.POLICIES),
        (UNENFORCED, ExitCode.POLICIES_UNPROVEN),
        (PolicyMatrix(control=Control()), ExitCode.POLICIES_UNPROVEN),
    ],
    ids=["as-declared", "different", "not-enforced", "not-judged"],
)
def test_every_verdict_has_its_code(matrix: PolicyMatrix, code: ExitCode) -> None:
    assert called(Asked(matrix)) == code


def test_the_json_is_printed_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert called(Asked(BROKEN), "--json") == ExitCode.POLICIES

    printed = capsys.readouterr()
    assert json.loads(printed.out)["format"] == "gitops-harness/policies"
    assert printed.err == ""


def test_the_options_reach_the_question(tmp_path: Path) -> None:
    asked = Asked(HEALTHY)
    called(
        asked, "--repo", str(tmp_path), "--env", "prod", "--kubeconfig", str(tmp_path / "config"),
        "--context", "far", "--every-pod", "--most", "9", "--probe-image", "bash:5",
    )  # fmt: skip

    [order] = asked.orders
    assert (order.every_pod, order.most, order.probe_image) == (True, 9, "bash:5")
    asked_for = order.question
    assert (asked_for.repository, asked_for.environment) == (tmp_path, "prod")
    assert (asked_for.kubeconfig, asked_for.context) == (tmp_path / "config", "far")


def test_a_kubeconfig_without_a_named_context_is_refused(tmp_path: Path) -> None:
    asked = Asked(HEALTHY)

    with pytest.raises(UsageError, match="no context is named"):
        called(asked, "--kubeconfig", str(tmp_path / "config"))

    assert asked.orders == []


def test_the_kept_cluster_is_asked_by_default() -> None:
    assert question(Path(), "dev", None, "").kubeconfig is None


def test_junit_has_a_case_for_each_pair_and_the_control(tmp_path: Path) -> None:
    target = tmp_path / "policies.xml"

    called(Asked(BROKEN), "--junit", str(target))

    cases = ET.parse(target).getroot().findall(".//testcase")  # noqa: S314 -- our own output
    assert len(cases) == 1 + len(BROKEN.cells)
    failed = [case.get("name") for case in cases if case.find("failure") is not None]
    assert failed == [cell.title for cell in BROKEN.differences]
    text = cases[1 + BROKEN.cells.index(BROKEN.differences[0])].find("failure")
    assert text is not None
    assert "network/web-to-api-ingress.yaml:15" in str(text.text)


def test_junit_is_not_green_where_nothing_is_proven(tmp_path: Path) -> None:
    for name, matrix, tag in (
        ("unenforced", UNENFORCED, "failure"),
        ("untested", PolicyMatrix(control=Control(detail="no right")), "error"),
    ):
        target = tmp_path / name
        called(Asked(matrix), "--junit", str(target))
        found = ET.parse(target).getroot().find(f".//testcase/{tag}")  # noqa: S314 -- our own
        assert found is not None, name


def test_a_junit_file_that_cannot_be_written_is_said_before_anything_is_probed(
    tmp_path: Path,
) -> None:
    asked = Asked(HEALTHY)
    (tmp_path / "file").write_text("", encoding="utf-8")

    with pytest.raises(UsageError):
        called(asked, "--junit", str(tmp_path / "file" / "policies.xml"))

    assert asked.orders == []


class Terminal(io.StringIO):
    """A terminal."""

    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_progress_and_colours_and_nobody_else_does() -> None:
    def printed(out: io.StringIO, err: io.StringIO, **environ: str) -> tuple[str, str]:
        world = World(probe=Asked(BROKEN), out=out, err=err, environ=environ)
        run_policies(Order(question=question(Path(), "dev", None, "")), world)
        return out.getvalue(), err.getvalue()

    text, progress = printed(Terminal(), Terminal())
    assert ("31m" in text, progress) == (True, "probing\n")
    assert "31m" not in printed(Terminal(), Terminal(), NO_COLOR="1")[0]
    plain, silence = printed(io.StringIO(), io.StringIO())
    assert ("\x1b[" in plain, silence) == (False, "")


def test_the_command_is_known(capsys: pytest.CaptureFixture[str]) -> None:
    assert COMMANDS["policies"] == "policies"
    assert run(["policies", "--help"]) == ExitCode.OK
    assert "--every-pod" in capsys.readouterr().out


def test_without_a_bundle_there_is_no_outside(tmp_path: Path) -> None:
    there: Callable[[str], bool] = lambda _reference: True  # noqa: E731 -- a stand-in

    assert outside_image(tmp_path, there) == ""

"""`harness audit`: options in, what was found out, with the exit code of the threshold."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import tomllib
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
import typer

from harness.__main__ import run
from harness.audit.cluster_profile import PROFILES
from harness.audit.finding import AuditFinding, AuditResult
from harness.audit.threshold import FailOn
from harness.commands import audit as command
from harness.commands.audit_run import (
    Order,
    Progress,
    World,
    inspect_repository,
    run_audit,
    say,
)
from harness.model.errors import ExitCode, HarnessError, RepositoryError, UsageError
from harness.report.audit_places import folder_in_checkout
from harness.report.audit_progress import NoProgress, ProgressBar
from tests.audit.results import MISSING_KEY, NOTE, PULL_SECRET, audit

BASELINE = ".harness-audit.toml"


class HandClock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return datetime(2026, 11, 22, 10, 0, tzinfo=UTC)

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@dataclass
class Desk:
    """Runs audits of one folder whose result is known."""

    folder: Path
    result: AuditResult = field(default_factory=audit)
    out: io.StringIO = field(default_factory=io.StringIO)
    err: io.StringIO = field(default_factory=io.StringIO)
    environ: dict[str, str] = field(default_factory=dict)
    clock: HandClock = field(default_factory=HandClock)
    asked: list[Order] = field(default_factory=list)
    progress: list[Progress] = field(default_factory=list)
    error: HarnessError | None = None
    seconds: float = 0.0

    def inspect(self, order: Order, progress: Progress) -> AuditResult:
        self.asked.append(order)
        self.progress.append(progress)
        self.clock.sleep(self.seconds)
        progress(1, 3, "overlays/dev")
        if self.error is not None:
            raise self.error
        return self.result

    def audit(self, **options: object) -> ExitCode:
        self.out, self.err = type(self.out)(), type(self.err)()
        world = World(
            inspect=self.inspect,
            out=self.out,
            err=self.err,
            environ=self.environ,
            clock=self.clock,
        )
        return run_audit(replace(Order(repository=self.folder), **options), world)  # type: ignore[arg-type]

    def refused(self, **options: object) -> UsageError:
        before = len(self.asked)
        with pytest.raises(UsageError) as caught:
            self.audit(**options)
        assert len(self.asked) == before, "nothing was audited in vain"
        assert self.out.getvalue() == ""
        assert "\n" not in caught.value.paragraph()
        return caught.value


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(folder=tmp_path)


def only(*findings: AuditFinding) -> AuditResult:
    return audit(*findings, not_judged=())


def test_faults_are_printed_and_give_their_exit_code(desk: Desk) -> None:
    assert desk.audit() is ExitCode.AUDIT
    assert "configmap-missing  ConfigMap shop/order-config" in desk.out.getvalue()
    assert desk.err.getvalue() == ""


@pytest.mark.parametrize(
    ("result", "fail_on", "code"),
    [
        (only(PULL_SECRET), "cluster-mismatch", ExitCode.OK),
        (only(PULL_SECRET), "external-precondition", ExitCode.AUDIT),
        (only(NOTE), "note", ExitCode.AUDIT),
        (only(MISSING_KEY), "never", ExitCode.OK),
        (audit(findings=()), "note", ExitCode.OK),
    ],
)
def test_the_exit_code_follows_the_threshold(
    desk: Desk, result: AuditResult, fail_on: str, code: ExitCode
) -> None:
    desk.result = result

    assert desk.audit(fail_on=FailOn(fail_on)) is code


def test_json_is_alone_on_standard_output(desk: Desk) -> None:
    desk.environ = {"GITHUB_ACTIONS": "true"}

    assert desk.audit(as_json=True) is ExitCode.AUDIT
    assert json.loads(desk.out.getvalue())["version"] == 1
    assert desk.err.getvalue().startswith("::error ")


def test_the_inspection_is_asked_what_the_options_say(desk: Desk) -> None:
    desk.audit(environments=("dev", "prod"), target="kind")

    assert desk.asked[0].repository == desk.folder
    assert desk.asked[0].environments == ("dev", "prod")
    assert desk.asked[0].target == "kind"


def test_the_files_that_were_asked_for_are_written_with_their_folders(desk: Desk) -> None:
    places = {"sarif": desk.folder / "out/a.sarif", "junit": desk.folder / "out/b/c.xml"}
    desk.audit(**places)

    log = json.loads(places["sarif"].read_text(encoding="utf-8"))
    suites = ET.fromstring(places["junit"].read_text(encoding="utf-8"))  # noqa: S314 -- our own
    assert len(log["runs"][0]["results"]) == 4
    assert suites[0].attrib["timestamp"] == "2026-11-22T10:00:00"
    assert sorted(p.name for p in (desk.folder / "out").iterdir()) == ["a.sarif", "b"]


def test_an_existing_file_is_replaced(desk: Desk) -> None:
    file = desk.folder / "a.sarif"
    file.write_text("x" * 100_000, encoding="utf-8")
    desk.audit(sarif=file)

    assert json.loads(file.read_text(encoding="utf-8"))["version"] == "2.1.0"


@pytest.mark.parametrize("option", ["sarif", "junit"])
def test_a_file_that_cannot_be_written_is_told_before_the_audit(desk: Desk, option: str) -> None:
    (desk.folder / "file").write_text("", encoding="utf-8")

    assert "it is a folder" in desk.refused(**{option: desk.folder}).seen
    error = desk.refused(**{option: desk.folder / "file" / "x"})
    assert error.seen == f"{desk.folder / 'file'} is a file"
    assert f"--{option} FILE" in error.next_step


def test_two_options_may_not_name_one_file(desk: Desk) -> None:
    error = desk.refused(sarif=desk.folder / "x", junit=desk.folder / "a" / ".." / "x")

    assert "--sarif names the same file" in error.seen


def test_what_is_no_folder_is_told(desk: Desk) -> None:
    (desk.folder / "file").write_text("", encoding="utf-8")

    assert desk.refused(repository=desk.folder / "nowhere").seen == "there is no such folder"
    assert desk.refused(repository=desk.folder / "file").seen == "it is a file"


def test_the_error_of_the_inspection_passes_through(desk: Desk) -> None:
    desk.error = RepositoryError(attempted="Auditing", subject="x", seen="nothing to render")

    with pytest.raises(RepositoryError):
        desk.audit()


def test_annotations_come_where_github_runs_it_or_on_demand(desk: Desk) -> None:
    desk.audit()
    assert "::error" not in desk.out.getvalue()

    desk.audit(annotations=True)
    assert desk.out.getvalue().count("::error file=") == 2

    desk.environ = {"GITHUB_ACTIONS": "true"}
    desk.audit()
    assert desk.out.getvalue().count("\n::error file=") == 2

    desk.audit(annotations=False)
    assert "::error" not in desk.out.getvalue()


def test_annotations_and_sarif_name_files_from_the_root_of_the_checkout(desk: Desk) -> None:
    checkout, part = desk.folder, desk.folder / "deploy" / "shop"
    part.mkdir(parents=True)
    (checkout / ".git").mkdir()
    desk.result = only(MISSING_KEY, replace(NOTE, file="", overlays=(".",)))
    desk.audit(repository=part, sarif=checkout / "s", junit=checkout / "j", annotations=True)

    log = json.loads((checkout / "s").read_text(encoding="utf-8"))
    places = [r["locations"][0]["physicalLocation"] for r in log["runs"][0]["results"]]
    assert [p["artifactLocation"]["uri"] for p in places] == [
        "deploy/shop/overlays/dev/order.yaml", "deploy/shop",
    ]  # fmt: skip
    assert "::error file=deploy/shop/overlays/dev/order.yaml,line=12" in desk.out.getvalue()
    assert "\n    overlays/dev/order.yaml:12\n" in desk.out.getvalue()
    assert '"overlays/dev"' in (checkout / "j").read_text(encoding="utf-8")


def test_the_workspace_of_github_is_the_checkout_where_it_holds_the_folder(tmp_path: Path) -> None:
    part = tmp_path / "a" / "b"
    part.mkdir(parents=True)
    (tmp_path / "a" / ".git").mkdir()

    assert folder_in_checkout(part, {"GITHUB_WORKSPACE": str(tmp_path)}) == "a/b"
    assert folder_in_checkout(part, {"GITHUB_WORKSPACE": str(tmp_path / "c")}) == "b"
    assert folder_in_checkout(part, {}) == "b"
    assert folder_in_checkout(tmp_path / "a", {}) == "."


def test_github_takes_no_text_of_the_repository_for_a_command(desk: Desk) -> None:
    desk.environ = {"GITHUB_ACTIONS": "true"}
    desk.result = only(replace(NOTE, message=f"{'word ' * 20} ::warning::planted"))
    desk.audit(annotations=False)

    lines = desk.out.getvalue().splitlines()
    token = lines[0].removeprefix("::stop-commands::")
    assert lines[0] != token
    assert re.fullmatch(r"[0-9a-f]{32}", token)
    assert lines[-1] == f"::{token}::"
    desk.audit()
    assert token not in desk.out.getvalue(), "nobody can guess it"


def test_the_baseline_of_the_repository_is_used_where_there_is_one(desk: Desk) -> None:
    desk.result = only(MISSING_KEY)
    (desk.folder / BASELINE).write_text(
        '[[accept]]\nrule = "baseline-unused"\nobject = "*"\nreason = "x"\n', encoding="utf-8"
    )
    assert desk.audit() is ExitCode.AUDIT
    assert "baseline-unused  Baseline .harness-audit.toml" in desk.out.getvalue()
    assert f"    {BASELINE}:1\n" in desk.out.getvalue()

    desk.audit(environments=("dev",))
    assert "baseline-unused" not in desk.out.getvalue(), "only a whole audit can tell"


def test_a_baseline_that_was_named_must_exist(desk: Desk) -> None:
    error = desk.refused(baseline=desk.folder / "nowhere.toml")

    assert error.subject == str(desk.folder / "nowhere.toml")


@pytest.mark.parametrize(
    "content", [b"[[accept]]\nrule = 1\n", b"\xff\xfe\x00", b"accept = {}", b"[[accept]]\n"]
)
def test_a_wrong_baseline_is_told_before_the_audit(desk: Desk, content: bytes) -> None:
    (desk.folder / BASELINE).write_bytes(content)

    assert BASELINE in desk.refused().subject


def test_a_baseline_with_a_byte_order_mark_and_windows_lines_is_read(desk: Desk) -> None:
    (desk.folder / BASELINE).write_bytes(b"\xef\xbb\xbf# nothing\r\n")

    assert desk.audit() is ExitCode.AUDIT


def test_a_reason_cannot_bring_control_characters_to_a_terminal(desk: Desk) -> None:
    (desk.folder / BASELINE).write_text(
        '[[accept]]\nrule = "baseline-unused"\nobject = "*"\nreason = "\\u001b[31mred"\n',
        encoding="utf-8",
    )
    desk.result = only(replace(NOTE, rule="baseline-unused"))
    desk.audit(verbose=True)

    assert "baseline-unused  Service shop/old: red\n" in desk.out.getvalue()


@pytest.fixture
def known_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes the rules of the results known, whatever the catalogue holds."""
    names = dict.fromkeys([found.rule for found in audit().findings])
    monkeypatch.setattr("harness.report.audit_baseline.rules", lambda: names)


@pytest.mark.usefixtures("known_rules")
def test_a_written_baseline_accepts_what_was_found(desk: Desk) -> None:
    assert desk.audit(write_baseline=True) is ExitCode.OK
    assert "added 4 findings to .harness-audit.toml" in desk.err.getvalue()
    assert "0 accepted" not in desk.out.getvalue()
    assert "4 accepted" in desk.out.getvalue()
    assert "baseline-reason-missing" in desk.out.getvalue()

    assert desk.audit() is ExitCode.OK
    desk.result = only(*audit().findings, replace(MISSING_KEY, object=NOTE.object))
    assert desk.audit() is ExitCode.AUDIT, "a new finding counts"


@pytest.mark.usefixtures("known_rules")
def test_writing_a_baseline_again_adds_only_what_is_new(desk: Desk) -> None:
    file = desk.folder / "sub" / "mine.toml"
    desk.result = only(NOTE)
    desk.audit(write_baseline=True, baseline=file)
    first = file.read_text(encoding="utf-8")

    desk.audit(write_baseline=True, baseline=file)
    assert file.read_text(encoding="utf-8") == first
    assert "nothing to add" in desk.err.getvalue()

    desk.result = only(NOTE, MISSING_KEY)
    desk.audit(write_baseline=True, baseline=file)
    second = file.read_text(encoding="utf-8")
    assert second.startswith(first)
    assert len(tomllib.loads(second)["accept"]) == 2


@pytest.mark.usefixtures("known_rules")
def test_a_baseline_that_cannot_be_extended_is_told_before_the_audit(desk: Desk) -> None:
    (desk.folder / BASELINE).write_text("accept = []\n", encoding="utf-8")

    assert "[[accept]]" in desk.refused(write_baseline=True).expected
    assert (desk.folder / BASELINE).read_text(encoding="utf-8") == "accept = []\n"


def test_a_file_that_fails_at_the_end_loses_no_finding(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("harness.report.audit_files.tempfile.mkstemp", full)
    with pytest.raises(UsageError) as caught:
        desk.audit(sarif=desk.folder / "a.sarif")

    assert caught.value.seen == "No space left on device"
    assert "configmap-missing" in desk.out.getvalue()


def test_a_terminal_has_colours_and_no_color_takes_them(desk: Desk) -> None:
    desk.out = Terminal()
    desk.environ = {"TERM": "xterm"}
    desk.audit()
    coloured = desk.out.getvalue()
    desk.environ["NO_COLOR"] = "1"
    desk.audit()

    assert "\x1b[1;31m1 defect" in coloured
    assert "\x1b[1;31m" not in desk.out.getvalue()
    assert "1 defect" in desk.out.getvalue()


def test_a_pipe_has_no_colours(desk: Desk) -> None:
    desk.audit()

    assert "\x1b" not in desk.out.getvalue()


def test_a_long_audit_shows_a_bar_on_a_terminal_and_takes_it_away(desk: Desk) -> None:
    desk.err, desk.seconds = Terminal(), 2.0
    desk.audit()

    assert isinstance(desk.progress[0], ProgressBar)
    assert "1/3" in desk.err.getvalue()
    desk.progress[0](2, 3, "after the end")
    assert "after" not in desk.err.getvalue()


def test_a_short_audit_shows_no_bar_and_none_after_its_end(desk: Desk) -> None:
    desk.err = Terminal()
    desk.audit()
    desk.clock.sleep(60)
    desk.progress[0](2, 3, "after the end")

    assert desk.err.getvalue() == ""


@pytest.mark.parametrize(
    ("options", "environ"),
    [
        ({"quiet": True}, {}),
        ({"as_json": True}, {}),
        ({}, {"CI": "true"}),
        ({}, {"TERM": "dumb"}),
    ],
)
def test_no_bar_where_it_would_disturb(
    desk: Desk, options: dict[str, object], environ: dict[str, str]
) -> None:
    desk.err, desk.environ = Terminal(), environ
    desk.audit(**options)

    assert isinstance(desk.progress[0], NoProgress)


def test_no_bar_where_standard_error_is_no_terminal(desk: Desk) -> None:
    desk.audit()

    assert isinstance(desk.progress[0], NoProgress)


def test_a_stream_that_lacks_a_letter_gets_its_escape() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    say(stream, "Größe\n")

    assert raw.getvalue() == b"Gr\\xf6\\xdfe\n"


def test_a_reader_that_stops_reading_is_no_defect(desk: Desk) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w", encoding="utf-8") as stream:
        world = World(inspect=desk.inspect, out=stream, err=desk.err, environ={})

        assert run_audit(Order(repository=desk.folder), world) is ExitCode.AUDIT


Command = Callable[..., tuple[int, str]]


@pytest.fixture
def harness_audit(capsys: pytest.CaptureFixture[str], desk: Desk) -> Command:
    """Runs a command line whose inspection is the desk's."""

    def invoke(*arguments: str) -> tuple[int, str]:
        app = typer.Typer(rich_markup_mode=None)
        app.callback()(lambda: None)
        command.register(app, lambda: desk.inspect)
        code = app(["audit", *arguments], standalone_mode=False)
        return int(code or 0), capsys.readouterr().out

    return invoke


def test_the_inspection_of_the_harness_gets_the_question_and_the_progress(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[object, object]] = []

    def inspect(question: object, *, progress: object) -> AuditResult:
        asked.append((question, progress))
        return only(NOTE)

    fake = SimpleNamespace(AuditQuestion=SimpleNamespace, inspect=inspect)
    monkeypatch.setitem(sys.modules, "harness.inspection", fake)
    progress = NoProgress()
    order = Order(repository=desk.folder, environments=("dev",), target="kind")

    assert inspect_repository(order, progress) == only(NOTE)
    question = SimpleNamespace(repository=desk.folder, environments=("dev",), target="kind")
    assert asked == [(question, progress)]


def test_every_option_reaches_the_run(harness_audit: Command, desk: Desk) -> None:
    code, said = harness_audit(
        str(desk.folder), "--env", "dev", "--env", "prod", "--target", "kind", "--fail-on",
        "never", "--json", "--sarif", str(desk.folder / "s"), "--junit", str(desk.folder / "j"),
        "--no-annotations", "--quiet", "--verbose",
    )  # fmt: skip

    assert code == ExitCode.OK
    assert json.loads(said)["rendered"] == 3
    assert desk.asked == [
        Order(
            repository=desk.folder,
            environments=("dev", "prod"),
            target="kind",
            fail_on=FailOn.NEVER,
            as_json=True,
            sarif=desk.folder / "s",
            junit=desk.folder / "j",
            annotations=False,
            quiet=True,
            verbose=True,
        )
    ]


def test_the_folder_is_an_argument_or_an_option_or_the_present_one(
    harness_audit: Command, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(desk.folder)
    for arguments in ((), (str(desk.folder),), ("--repo", str(desk.folder)), (".", "--repo", ".")):
        assert harness_audit(*arguments)[0] == ExitCode.AUDIT

    assert {order.repository for order in desk.asked} == {desk.folder.resolve()}


def test_two_folders_are_refused(harness_audit: Command, desk: Desk) -> None:
    with pytest.raises(UsageError):
        harness_audit(str(desk.folder), "--repo", str(desk.folder.parent))


@pytest.mark.parametrize(
    "arguments",
    [
        ["--target", "minikube"],
        ["--fail-on", "warning"],
        ["--sarif"],
        ["--bogus"],
        ["/nowhere/at/all"],
        ["a", "b"],
        ["--explain", "nonsense"],
        ["--explain", ""],
        ["--explain", "S99"],
        ["--baseline", "/nowhere/at/all.toml"],
    ],
)
def test_a_wrong_command_line_gets_one_paragraph(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["audit", *arguments]) == ExitCode.USAGE

    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("error: ")
    assert said.err.count("\n") == 1


def test_rules_and_causes_are_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["audit", "--explain", "Baseline-Unused"]) == ExitCode.OK
    assert capsys.readouterr().out.startswith("baseline-unused  ")

    assert run(["audit", "--explain", "s01"]) == ExitCode.OK
    assert capsys.readouterr().out.startswith("S01  ")


def test_an_unknown_rule_gets_the_nearest_names(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["audit", "--explain", "baseline-unusd"]) == ExitCode.USAGE
    assert "Expected: baseline-unused." in capsys.readouterr().err


def test_all_rules_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["audit", "--list-rules"]) == ExitCode.OK
    assert re.search(r"^baseline-unused +note +", capsys.readouterr().out, re.MULTILINE)


def test_help_lists_the_command_and_its_options(capsys: pytest.CaptureFixture[str]) -> None:
    run([])
    assert "  audit " in capsys.readouterr().out

    run(["audit", "--help"])
    said = capsys.readouterr().out
    for option in ("--repo", "--env", "--target", "--json", "--sarif", "--junit", "--annotations",
                   "--baseline", "--write-baseline", "--fail-on", "--explain", "--list-rules",
                   "--quiet", "--verbose"):  # fmt: skip
        assert option in said


def test_the_targets_are_the_known_profiles() -> None:
    assert {target.value for target in command.Target} == set(PROFILES)


def test_help_is_quick_because_nothing_heavy_is_imported() -> None:
    heavy = ("kubernetes", "docker", "jinja2", "rich", "requests", "cryptography", "yaml")
    program = (
        "import sys; from harness.__main__ import run; run(['audit', '--list-rules']); "
        f"print([name for name in {heavy!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stderr == "[]\n"

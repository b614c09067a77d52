from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from harness.io.clock import SystemClock
from harness.loop.json_lines import JsonLines
from harness.loop.live import LiveLoop
from harness.loop.plain import PlainLoop
from harness.loop.screen import LoopScreen, Shown, choose_loop_screen, source_line
from harness.loop.verdicts import AuditChange, LoopVerdict, Trigger, Trouble, Word
from harness.model.audit import AuditFinding, Severity
from harness.model.refs import ObjectRef
from harness.model.run import ApplicationStatus, Health, ObjectStatus, StageRecord, StageState
from harness.model.secret import Secret
from tests.loop.worlds import failed, finding

ORDER = ObjectRef("Deployment", "shop", "order")
DATABASE = ObjectRef("StatefulSet", "shop", "order-db")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "order.yaml").write_text("a: 1\nb: 2\n                  key: passwort\n")
    return tmp_path


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


def shown() -> Shown:
    app = ApplicationStatus(
        name="services", path="p", revision="r", sync="Synced", health="Degraded",
        operation="Succeeded", resources=3, passed=True,
    )  # fmt: skip
    return Shown(
        line="1 of 2 ready",
        revision="abcdef0123",
        applications=(app,),
        objects=(
            ObjectStatus(ref=DATABASE, health=Health.READY),
            ObjectStatus(ref=ORDER, health=Health.STUCK, message="CreateContainerConfigError"),
        ),
        diagnosis=failed(finding(file="order.yaml", line=3)),
    )


def verdict(word: Word = Word.FAILED, seconds: float = 4.2) -> LoopVerdict:
    broken = Trouble(
        kind="RepositoryError", paragraph="Reading failed.", exit_code=3, file="order.yaml", line=2
    )
    new = AuditFinding(
        rule="key-missing", severity=Severity.DEFECT, object=ORDER, message="no key", fix="f"
    )
    return LoopVerdict(
        round=2,
        word=word,
        trigger=Trigger.SAVE,
        at=0.0,
        seconds=seconds,
        line="everything is ready",
        diagnosis=failed(finding(file="order.yaml", line=3)) if word is Word.FAILED else None,
        trouble=broken if word is Word.BROKEN else None,
        audit=AuditChange(new=(new,)),
    )


def live(root: Path, height: int = 50) -> LiveLoop:
    console = Console(file=io.StringIO(), width=120, height=height, force_terminal=True)
    return LiveLoop(console, root=root, secrets=[Secret("hunter2-hunter2")], clock=SystemClock())


def drawn(screen: LiveLoop) -> str:
    out = io.StringIO()
    Console(file=out, width=120, height=50, color_system=None).print(screen.drawing())
    return out.getvalue()


def test_the_live_screen_shows_the_finding_with_the_line_of_the_file(root: Path) -> None:
    screen = live(root)
    screen.saved(2, ["order.yaml"])
    screen.standing(shown())
    text = drawn(screen)
    assert "order.yaml:3" in text
    assert "key: passwort" in text
    assert "S02" in text
    assert "round 2" in text
    assert "services" in text


def test_the_live_screen_marks_what_is_not_ready_first(root: Path) -> None:
    screen = live(root)
    assert screen.select(0) is None
    screen.standing(shown())
    marked = screen.select(0)
    assert marked is not None
    assert marked.ref == ORDER
    below = screen.select(1)
    assert below is not None
    assert below.ref == DATABASE
    assert screen.select(5) == below


def test_the_live_screen_shows_the_verdicts_the_newest_first(root: Path) -> None:
    screen = live(root)
    screen.verdict(verdict(Word.FAILED, 4.2))
    screen.verdict(verdict(Word.HEALTHY, 3.1))
    lines = [line for line in drawn(screen).splitlines() if "4.2 s" in line or "3.1 s" in line]
    assert "healthy" in lines[0]
    assert "failed" in lines[1]


def test_the_live_screen_says_where_a_broken_tree_is_broken(root: Path) -> None:
    screen = live(root)
    screen.standing(shown())
    screen.verdict(verdict(Word.BROKEN))
    text = drawn(screen)
    assert "order.yaml:2" in text
    assert "b: 2" in text


def test_a_log_is_shown_and_hidden_by_the_same_key_and_masked(root: Path) -> None:
    screen = live(root)
    screen.log("log of order", "password is hunter2-hunter2\nboom")
    assert "boom" in drawn(screen)
    assert "hunter2" not in drawn(screen)
    screen.log("log of order", "password is hunter2-hunter2\nboom")
    assert "boom" not in drawn(screen)


def test_foreign_text_is_no_markup(root: Path) -> None:
    screen = live(root)
    screen.note("[red]x[/red] \x1b[31mred")
    assert "[red]x[/red]" in drawn(screen)
    assert "\x1b[31m" not in drawn(screen)


def test_a_small_terminal_is_drawn_too(root: Path) -> None:
    screen = live(root, height=8)
    screen.standing(shown())
    assert "order" in drawn(screen)


def test_plain_lines_tell_verdict_place_and_audit(root: Path, stream: io.StringIO) -> None:
    screen = PlainLoop(stream, root=root, secrets=[], clock=SystemClock())
    screen.begin("loop on x")
    screen.saved(2, ["order.yaml"])
    screen.verdict(verdict())
    text = stream.getvalue()
    assert "2. failed after 4.2 s" in text
    assert "order.yaml:3 | key: passwort" in text
    assert "audit, new: key-missing" in text


def test_plain_lines_tell_each_stage_once(root: Path, stream: io.StringIO) -> None:
    screen = PlainLoop(stream, root=root, secrets=[], clock=SystemClock())
    record = StageRecord(name="render", title="Render", state=StageState.RUNNING)
    screen.stage(record)
    record.state, record.seconds = StageState.PASSED, 0.4
    screen.stage(record)
    screen.stage(record)
    assert stream.getvalue().count("render: passed") == 1


def test_json_lines_hold_verdicts_and_nothing_else(stream: io.StringIO) -> None:
    screen = JsonLines(stream)
    screen.begin("loop")
    screen.note("x")
    screen.standing(shown())
    screen.verdict(verdict())
    screen.finish()
    (line,) = stream.getvalue().splitlines()
    assert json.loads(line)["format"] == "gitops-harness/loop"


@pytest.mark.parametrize(
    ("as_json", "kind"), [(True, JsonLines), (False, PlainLoop)], ids=["json", "plain"]
)
def test_a_pipe_gets_no_live_screen(
    root: Path, stream: io.StringIO, *, as_json: bool, kind: type[LoopScreen]
) -> None:
    made = choose_loop_screen(
        stream, {}, as_json=as_json, root=root, secrets=[], clock=SystemClock()
    )
    assert isinstance(made, kind)


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("  password: hunter2", "password: "),
        ("- key: password", "- key: password"),
        ("image: ghcr.io/x:1", "image: ghcr.io/x:1"),
    ],
)
def test_a_source_line_hides_a_credential(tmp_path: Path, text: str, seen: str) -> None:
    (tmp_path / "a.yaml").write_text(f"{text}\n")
    shown_line = source_line(tmp_path, "a.yaml", 1)
    assert shown_line.startswith(seen)
    assert "hunter2" not in shown_line


def test_a_line_that_is_not_there_is_empty(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("a: 1\n")
    assert source_line(tmp_path, "a.yaml", 9) == ""
    assert source_line(tmp_path, "gone.yaml", 1) == ""
    assert source_line(tmp_path, "", 0) == ""

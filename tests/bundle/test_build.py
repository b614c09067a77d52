"""The child's events become progress, and its end becomes a bundle or one paragraph.

The child is a real Python programme in a folder of the test, called exactly as the real one is.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NoReturn

import pytest

from harness.bundle.build import build_bundle
from harness.bundle.effects import Effects, Site
from harness.bundle.progress import PartProgress, PartState
from harness.io.clock import SystemClock
from harness.io.stream import ProcessStreamer
from harness.model.errors import BundleError

HEAD = """
import json, os, pathlib, signal, sys, time
def say(**event):
    print(json.dumps(event), flush=True)
pathlib.Path("called.jsonl").open("a").write(json.dumps(sys.argv[1:]) + "\\n")
plan = {"parts": [{"name": "go", "cached": False}, {"name": "base", "cached": True}]}
if sys.argv[1] == "plan":
    print(json.dumps(plan, indent=2))
    sys.exit()
cache = pathlib.Path(sys.argv[sys.argv.index("--cache") + 1])
"""


GOOD = """
say(event="start", part="go", key="abc", log=str(cache / "logs" / "go.log"))
say(event="progress", part="go", detail="compiling", done=3, total=4)
say(event="something new", part="go", extra=1)
say(event="done", part="go", seconds=1.5, cached=False)
say(event="start", part="base", key="def", log="logs/base.log")
say(event="done", part="base", seconds=0.0, cached=True)
say(event="bundle", path=str(cache / "bundles/k1/bundle.json"), seconds=2)
"""
START = """
say(event="start", part="go", key="abc", log=str(cache / "logs" / "go.log"))
"""


class NoDownloads:
    """Refuses every download."""

    def download(
        self,
        url: str,
        target: Path,
        *,
        on_bytes: Callable[[int, int | None], None],
        deadline_seconds: float,
    ) -> None:
        raise AssertionError((url, target, on_bytes, deadline_seconds))


def no_docker() -> NoReturn:
    raise AssertionError


@dataclass
class Outcome:
    """What a build told and gave."""

    told: list[PartProgress] = field(default_factory=list)
    cancelled: threading.Event = field(default_factory=threading.Event)

    def effects(self, on_report: Callable[[PartProgress], None] = lambda _: None) -> Effects:
        def report(progress: PartProgress) -> None:
            self.told.append(progress)
            on_report(progress)

        return Effects(
            stream=ProcessStreamer(),
            docker=no_docker,
            download=NoDownloads(),
            clock=SystemClock(),
            report=report,
            cancelled=self.cancelled,
        )

    def states(self, part: str) -> list[str]:
        return [p.state.value for p in self.told if p.part == part]


@pytest.fixture
def outcome() -> Outcome:
    return Outcome()


def program(site: Site, body: str) -> None:
    (site.program_root / "airgap" / "__main__.py").write_text(HEAD + body)


def calls(site: Site) -> list[list[str]]:
    lines = (site.program_root / "called.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def failure(site: Site, outcome: Outcome, body: str, **options: Any) -> BundleError:
    program(site, body)
    with pytest.raises(BundleError) as caught:
        build_bundle(site, outcome.effects(), **options)
    return caught.value


def test_a_build_gives_its_bundle_and_tells_every_step(
    site: Site, bundle_json: Path, outcome: Outcome
) -> None:
    program(site, GOOD)
    bundle = build_bundle(site, outcome.effects())
    assert bundle is not None
    assert bundle.path == bundle_json
    assert outcome.states("go") == ["waiting", "running", "running", "done"]
    assert outcome.states("base") == ["done", "running", "done"]


def test_progress_says_how_far_for_how_long_and_where_the_log_is(
    site: Site, bundle_json: Path, outcome: Outcome
) -> None:
    program(site, GOOD)
    build_bundle(site, outcome.effects())
    _, start, middle, end = [p for p in outcome.told if p.part == "go"]
    log = site.cache / "logs" / "go.log"
    assert bundle_json.exists()
    assert (start.log, middle.log, end.log) == (log, log, log)
    assert (middle.detail, middle.fraction) == ("compiling", 0.75)
    assert (end.seconds, end.cached) == (1.5, False)


def test_a_relative_log_lies_in_the_cache(site: Site, bundle_json: Path, outcome: Outcome) -> None:
    program(site, GOOD)
    build_bundle(site, outcome.effects())
    assert bundle_json.exists()
    assert outcome.told[-1].log == site.cache / "logs/base.log"


def test_the_child_is_called_as_its_contract_says(
    site: Site, bundle_json: Path, outcome: Outcome, tmp_path: Path
) -> None:
    authorities = (tmp_path / "one.pem", tmp_path / "two.pem")
    site = replace(site, ca_files=authorities)
    program(site, GOOD)
    build_bundle(site, outcome.effects(), parts=("go",))
    cache = ["--cache", str(bundle_json.parents[2])]
    chosen = ["--part", "go", "--ca", str(authorities[0]), "--ca", str(authorities[1])]
    assert calls(site) == [["plan", *cache, *chosen], ["build", *cache, *chosen, "--events"]]


def test_single_parts_make_no_bundle(site: Site, outcome: Outcome) -> None:
    program(site, 'say(event="done", part="go", seconds=1, cached=False)')
    assert build_bundle(site, outcome.effects(), parts=("go",)) is None


def test_a_failed_part_is_named_with_its_message_and_log(site: Site, outcome: Outcome) -> None:
    body = (
        START
        + """
say(event="start", part="kafka", key="x", log="logs/kafka.log")
say(event="failed", part="go", seconds=7.0, message="the compiler ran out of memory")
sys.exit(1)
"""
    )
    error = failure(site, outcome, body)
    assert error.subject == "the part go of the bundle"
    assert error.seen == "the compiler ran out of memory"
    assert error.log == str(site.cache / "logs" / "go.log")
    assert outcome.states("go")[-1] == "failed"
    assert outcome.states("kafka")[-1] == "failed"


def test_a_child_ended_by_a_signal_is_told_and_its_parts_are_failed(
    site: Site, outcome: Outcome
) -> None:
    body = START + "os.kill(os.getpid(), signal.SIGTERM); time.sleep(60)"
    error = failure(site, outcome, body)
    assert "it was ended by SIGTERM" in error.seen
    assert error.log == str(site.cache / "logs")
    last = outcome.told[-1]
    assert (last.part, last.state, last.detail) == (
        "go",
        PartState.FAILED,
        "it was ended by SIGTERM",
    )


def test_a_child_that_finds_no_start_says_why(site: Site, outcome: Outcome) -> None:
    error = failure(
        site, outcome, "sys.stderr.write('airgap: mmdebstrap is missing\\n'); sys.exit(2)"
    )
    assert "exit code 2: airgap: mmdebstrap is missing" in error.seen


def test_a_child_that_speaks_no_json_is_quoted(site: Site, outcome: Outcome) -> None:
    error = failure(site, outcome, "print('Segmentation of something'); sys.exit(3)")
    assert "exit code 3: Segmentation of something" in error.seen


def test_a_child_that_names_no_bundle_is_an_error(site: Site, outcome: Outcome) -> None:
    error = failure(site, outcome, "")
    assert "it ended without naming a bundle" in error.seen


def test_a_bundle_that_is_not_one_is_refused(site: Site, outcome: Outcome) -> None:
    (site.cache / "wrong.json").write_text("{}")
    error = failure(site, outcome, 'say(event="bundle", path="wrong.json", seconds=1)')
    assert "schema is None" in error.seen


def test_a_missing_programme_is_one_paragraph(site: Site, outcome: Outcome) -> None:
    with pytest.raises(BundleError, match="airgap"):
        build_bundle(site, outcome.effects())


def test_the_deadline_ends_a_silent_child(site: Site, outcome: Outcome) -> None:
    error = failure(site, outcome, START + "time.sleep(60)", deadline_seconds=1.5)
    assert "not done before its deadline" in error.seen


def test_cancelling_ends_the_child_politely(site: Site, outcome: Outcome) -> None:
    program(
        site,
        START
        + """
def stop(*_):
    (cache / "stopped").touch()
    sys.exit(130)
signal.signal(signal.SIGTERM, stop)
say(event="progress", part="go", detail="ready to be stopped")
time.sleep(60)
""",
    )

    def cancel(progress: PartProgress) -> None:
        if progress.detail == "ready to be stopped":
            outcome.cancelled.set()

    began = time.monotonic()
    with pytest.raises(BundleError, match="the run was cancelled"):
        build_bundle(site, outcome.effects(cancel))
    assert (site.cache / "stopped").exists()
    assert time.monotonic() - began < 10

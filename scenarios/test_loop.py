"""The promise of `harness loop`: follow what it says, save by save, and end green.

The tree is MusicCorp with five real mistakes at once. The scenario mends only what a verdict names
first, as a person would, with files written as editors write them, and never looks anywhere else.
"""

from __future__ import annotations

import json
import queue
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from harness.model.errors import ExitCode
from scenarios.conftest import CommandLine
from scenarios.faults.fault import Edit, appended, replaced, written
from scenarios.faults.musiccorp import (
    DATABASES,
    DECLARED,
    DEPLOYS,
    GP3,
    NETWORK,
    PROJECT,
    SERVICES,
    service,
)

pytestmark = pytest.mark.nightly

START_SECONDS = 900.0
VERDICT_SECONDS = 300.0
NOBODYS_TAG = "v9.9.9"
WITHHELD = (f"*:{NOBODYS_TAG}", "ghcr-pull", "gp3")
SERVICE_NAMES = ("catalog", "customer", "notification", "order", "payment")
FINAL = frozenset({"healthy", "failed", "stalled", "runner", "broken"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """One mistake: how it is made, how a verdict names it, how it is mended."""

    name: str
    make: tuple[Edit, ...]
    mend: tuple[tuple[str, str, str], ...]
    """File, what stands there, what belongs there."""
    causes: frozenset[str]
    about: str
    """Part of the object that a verdict must blame."""


MISTAKES = (
    Mistake(
        name="an image that nobody pushed",
        make=(
            replaced(
                SERVICES,
                "musiccorp-order\n    newTag: 1.5.0-rc.1",
                f"musiccorp-order\n    newTag: {NOBODYS_TAG}",
            ),
        ),
        mend=((SERVICES, f"newTag: {NOBODYS_TAG}", "newTag: 1.5.0-rc.1"),),
        causes=frozenset({"I01"}),
        about="order",
    ),
    Mistake(
        name="no pull secret",
        make=tuple(
            replaced(service(name), "name: ghcr-secret", "name: ghcr-pull")
            for name in SERVICE_NAMES
        ),
        mend=tuple(
            (service(name), "name: ghcr-pull", "name: ghcr-secret") for name in SERVICE_NAMES
        ),
        causes=frozenset({"S01"}),
        about="ghcr-pull",
    ),
    Mistake(
        name="a policy that blocks DNS",
        make=(replaced(f"{NETWORK}/kustomization.yaml", "  - dns.yaml\n", ""),),
        mend=(
            (
                f"{NETWORK}/kustomization.yaml",
                "  - default-deny.yaml\n",
                "  - default-deny.yaml\n  - dns.yaml\n",
            ),
        ),
        causes=frozenset({"N01"}),
        about="default-deny",
    ),
    Mistake(
        name="a storage class of another cloud",
        make=(appended(DATABASES, GP3),),
        mend=((DATABASES, GP3, ""),),
        causes=frozenset({"V01"}),
        about="gp3",
    ),
    Mistake(
        name="a key that the Secret does not have",
        make=(
            written(f"{DEPLOYS}/overlays/dev/databases/order-db.yaml", DECLARED),
            replaced(
                DATABASES,
                "  - ../../../base/databases\n",
                "  - ../../../base/databases\n  - order-db.yaml\n",
            ),
            replaced(
                PROJECT,
                '    - group: ""\n      kind: ConfigMap\n',
                '    - group: ""\n      kind: Secret\n    - group: ""\n      kind: ConfigMap\n',
            ),
        ),
        mend=((f"{DEPLOYS}/overlays/dev/databases/order-db.yaml", "  passwd:", "  password:"),),
        causes=frozenset({"S08", "S02"}),
        about="order-db",
    ),
)


class Verdicts:
    """The lines of a loop, read in a thread, so that a wait for one has a limit."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._lines: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self.seen: list[dict[str, Any]] = []
        self.other: list[str] = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        if self._process.stdout is None:
            message = "the process has no output to read"
            raise ValueError(message)
        for line in self._process.stdout:
            if line.startswith("{"):
                self._lines.put(json.loads(line))
            else:
                self.other.append(line)
        self._lines.put(None)

    def next(self, fits: Callable[[dict[str, Any]], bool], seconds: float) -> dict[str, Any]:
        """Returns the next verdict that fits; fails when the loop ends or the time is over."""
        end = time.monotonic() + seconds
        while True:
            left = end - time.monotonic()
            try:
                line = self._lines.get(timeout=max(0.1, left))
            except queue.Empty:
                pytest.fail(f"no such verdict within {seconds:.0f} s; seen: {self._told()}")
            if line is None:
                pytest.fail(f"the loop ended; seen: {self._told()}; {''.join(self.other)[-2000:]}")
            self.seen.append(line)
            print(f"round {line['round']}: {line['verdict']} after {line['seconds']} s", end="; ")
            print("synced", line["synced_seconds"], "pod", line["pod_start_seconds"], end="; ")
            print([(f["cause"], f["object"]["name"]) for f in line["findings"]], line["steps"])
            if fits(line):
                return line

    def final(self, after: int, seconds: float = VERDICT_SECONDS) -> dict[str, Any]:
        """Returns the next verdict about a round later than `after`."""
        return self.next(lambda v: v["round"] > after and v["verdict"] in FINAL, seconds)

    def _told(self) -> list[tuple[int, str, list[str]]]:
        return [(v["round"], v["verdict"], [f["cause"] for f in v["findings"]]) for v in self.seen]


def save_by_renaming(path: Path, text: str) -> None:
    """Saves as most editors do: a new file that takes the place of the old one."""
    beside = path.with_name(f".{path.name}.new~")
    beside.write_text(text, encoding="utf-8")
    beside.rename(path)


def save_in_place(path: Path, text: str) -> None:
    """Saves as some editors do: truncated first, written in two pieces."""
    with path.open("w", encoding="utf-8") as stream:
        stream.flush()
        time.sleep(0.02)
        stream.write(text[: len(text) // 2])
        stream.flush()
        time.sleep(0.02)
        stream.write(text[len(text) // 2 :])


def mend(tree: Path, mistake: Mistake, number: int) -> None:
    """Mends a mistake, by the one way of saving or the other."""
    texts: dict[Path, str] = {}
    for file, wrong, right in mistake.mend:
        path = tree / file
        text = texts.get(path) or path.read_text(encoding="utf-8")
        assert wrong in text, (file, wrong)
        texts[path] = text.replace(wrong, right)
    save = save_by_renaming if number % 2 else save_in_place
    for path, text in texts.items():
        save(path, text)


def blamed(verdict: dict[str, Any]) -> Mistake:
    """Returns the mistake that the first finding of a verdict names."""
    first = verdict["findings"][0]
    said = (first["cause"], first["object"]["name"])
    for mistake in MISTAKES:
        if first["cause"] in mistake.causes and mistake.about in first["object"]["name"]:
            return mistake
    pytest.fail(f"{said} is none of the mistakes: {first['seen']}")


@pytest.fixture
def loop(harness: CommandLine, musiccorp: Path) -> Iterator[Callable[..., Verdicts]]:
    """Starts a loop on the tree; it is ended as by Ctrl-C."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> Verdicts:
        where = ("--repo", str(musiccorp), "--output", str(harness.output))
        made = harness.start("loop", *where, "--bundle", harness.bundle, "--json", *arguments)
        started.append(made)
        return Verdicts(made)

    yield start
    for process in started:
        if process.poll() is None:
            process.terminate()
        process.wait(180)


def test_following_the_verdicts_mends_five_mistakes_and_ends_green(
    musiccorp: Path, loop: Callable[..., Verdicts]
) -> None:
    for mistake in MISTAKES:
        for edit in mistake.make:
            edit(musiccorp)
    withheld = [word for name in WITHHELD for word in ("--withhold", name)]
    verdicts = loop("--down", *withheld)
    verdict = verdicts.final(0, START_SECONDS)
    mended: list[str] = []

    while verdict["verdict"] != "healthy":
        assert verdict["verdict"] == "failed", verdict
        for finding in verdict["findings"]:
            named = {**verdict, "findings": [finding]}
            assert blamed(named).name not in mended, finding
        mistake = blamed(verdict)
        mended.append(mistake.name)
        mend(musiccorp, mistake, len(mended))
        verdict = verdicts.final(verdict["round"])

    assert sorted(mended) == sorted(mistake.name for mistake in MISTAKES)
    assert verdict["exit_code"] == ExitCode.OK


def test_a_day_at_the_desk(musiccorp: Path, loop: Callable[..., Verdicts]) -> None:
    verdicts = loop("--down")
    verdict = verdicts.final(0, START_SECONDS)
    assert verdict["verdict"] == "healthy", verdict

    order = musiccorp / service("order")
    whole = order.read_text(encoding="utf-8")
    order.write_text(whole[: len(whole) // 2] + "\n  : : [", encoding="utf-8")
    broken = verdicts.final(verdict["round"])
    assert broken["verdict"] == "broken"
    assert broken["revision"] == verdict["revision"]
    assert broken["error"]["file"].endswith("order/deployment.yaml")
    assert broken["error"]["line"] > 0
    save_by_renaming(order, whole)

    source = musiccorp / "services" / "catalog" / "catalog" / "routes.py"
    save_in_place(source, source.read_text(encoding="utf-8") + "\n# one line more\n")
    built = verdicts.next(lambda v: bool(v["built"]) and v["verdict"] == "healthy", VERDICT_SECONDS)
    assert [name for name in built["built"] if "catalog" not in name] == []
    assert built["replaced"] >= 1

    overlay = musiccorp / SERVICES
    text = overlay.read_text(encoding="utf-8")
    for number in range(4):
        save_by_renaming(overlay, text.replace("DRAIN_SECONDS=2", f"DRAIN_SECONDS={number + 3}", 1))
        time.sleep(1.5)
    last = verdicts.next(
        lambda v: v["verdict"] == "healthy" and v["round"] > built["round"], VERDICT_SECONDS
    )
    words = [v["verdict"] for v in verdicts.seen if v["round"] > built["round"]]
    assert last["files"], last
    assert "failed" not in words


def test_the_loop_takes_up_the_kept_cluster(
    harness: CommandLine, musiccorp: Path, loop: Callable[..., Verdicts]
) -> None:
    made = harness.run(
        "up", "--repo", str(musiccorp), "--output", str(harness.output), "--bundle", harness.bundle
    )
    assert made.code == ExitCode.OK, made.ending
    verdicts = loop("--once-green")
    verdict = verdicts.final(0, START_SECONDS)
    assert verdict["verdict"] == "healthy"

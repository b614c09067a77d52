"""Every state of every kind: one file each, with the judgement it must get in its first lines.

A file `samples/<Kind>/<state>.yaml` begins with `# health:` and `# message:`, and with `# now:`
where its sentence depends on the time. A new file is a new test.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.health.judge import PASSIVE, RULES, judge
from harness.model.moments import epoch
from harness.model.refs import ObjectRef
from harness.model.run import Health

FOLDER = Path(__file__).parent / "samples"
SOON_AFTER = epoch("2026-11-22T12:00:00Z")
NEVER_UNREADY = {"CronJob"}
"""Kinds that are ready as soon as they are accepted."""
STUCK = {"CustomResourceDefinition", "Job", "PersistentVolume", "PersistentVolumeClaim", "Pod"}
"""Kinds with a state that never ends by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One object and the judgement it must get."""

    kind: str
    state: str
    obj: dict[str, Any]
    health: Health
    message: str
    now: float


def read(path: Path) -> Sample:
    text = path.read_text(encoding="utf-8")
    head = dict(
        line.removeprefix("# ").split(": ", 1)
        for line in text.splitlines()
        if line.startswith("# ")
    )
    return Sample(
        kind=path.parent.name,
        state=path.stem,
        obj=yaml.safe_load(text),
        health=Health(head["health"]),
        message=head["message"],
        now=epoch(head.get("now")) or SOON_AFTER,
    )


SAMPLES = [read(path) for path in sorted(FOLDER.glob("*/*.yaml"))]
EVERY = pytest.mark.parametrize("sample", SAMPLES, ids=[f"{s.kind}-{s.state}" for s in SAMPLES])


@EVERY
def test_every_state_is_judged_as_its_file_says(sample: Sample) -> None:
    found = judge(sample.obj, ObjectRef.of(sample.obj), now=sample.now)

    assert (found.health, found.message) == (sample.health, sample.message)
    assert sample.obj["kind"] == sample.kind
    assert sample.state.startswith(sample.health.replace(" ", "-"))


@EVERY
def test_the_time_alone_makes_nothing_ready_or_unready(sample: Sample) -> None:
    ref = ObjectRef.of(sample.obj)

    for now in (0.0, sample.now - 86_400, sample.now + 86_400):
        assert judge(sample.obj, ref, now=now).health is sample.health


@EVERY
def test_what_is_being_deleted_is_never_ready(sample: Sample) -> None:
    meta = {**sample.obj["metadata"], "deletionTimestamp": "2026-11-22T11:00:00Z"}

    found = judge({**sample.obj, "metadata": meta}, ObjectRef.of(sample.obj), now=sample.now)

    assert found.health is Health.TERMINATING


@pytest.mark.parametrize("kind", sorted(RULES))
def test_every_kind_with_a_rule_has_its_states(kind: str) -> None:
    states = {s.health for s in SAMPLES if s.kind == kind}

    assert Health.READY in states
    assert kind in NEVER_UNREADY or states & {Health.PROGRESSING, Health.TERMINATING}
    assert (Health.STUCK in states) == (kind in STUCK)


@pytest.mark.parametrize("kind", sorted(PASSIVE))
def test_what_can_only_exist_is_ready_when_it_is_there(kind: str) -> None:
    ref = ObjectRef(kind, "", "x")

    assert judge({"metadata": {"name": "x"}}, ref, now=0).health is Health.READY
    assert judge(None, ref, now=0).health is Health.MISSING


@pytest.mark.parametrize("kind", sorted(RULES))
def test_an_object_without_a_status_breaks_no_rule(kind: str) -> None:
    bare = {"metadata": {"name": "x", "generation": 1}}
    nulls = {**bare, "spec": None, "status": None}

    for obj in (bare, nulls):
        assert judge(obj, ObjectRef(kind, "", "x"), now=0).message

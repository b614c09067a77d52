"""Containers that the kubelet or the container runtime never started: P03, P04, P05, P08.

Texts are those of containerd and runc behind `RunContainerError`, `StartError` and
`CreateContainerError`, and of the kubelet's check of `runAsNonRoot` (`security_context_others.go`).
Exit code 128 without a word can be the node's trouble (krane), so it has to repeat itself; a name
that is still reserved or a deadline is the node's trouble for certain and says nothing here.
Missing Secrets and ConfigMaps have the same waiting reasons and are judged elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from harness.diagnosis.facts import Facts
from harness.diagnosis.pod_facts import ContainerFact
from harness.diagnosis.rules.standing import observations
from harness.diagnosis.rules.start.endings import exits, field_of
from harness.diagnosis.signal import T0, Need, Signal, t1
from harness.model.wording import cut

_WAITING = frozenset({"CreateContainerError", "RunContainerError", "StartError"})
_ENDED = frozenset({"StartError", "ContainerCannotRun"})
_TRANSIENT = re.compile(
    r"failed to reserve container name|context deadline exceeded|context canceled"
    r"|sandbox \S* ?(?:not found|is not running)|connection refused|transport is closing|: EOF$"
    r"|device or resource busy|too many open files|resource temporarily unavailable"
    r"|no space left on device|shim.*(?:exited|disconnected)|ttrpc: closed",
    re.IGNORECASE,
)
_NOT_NUMERIC = re.compile(r"non-numeric user \((?P<name>[^)]+)\)")
_AS_ROOT = re.compile(
    r"container has runAsNonRoot and image will run as root|breaks non-root policy"
    r"|non-numeric user \([^)]+\), cannot verify user is non-root",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """What a runtime's text means."""

    cause: str
    pattern: re.Pattern[str]
    field: str
    expected: str
    fix: str
    need: Need = T0
    rank: int = 15


def _text(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


REFUSALS: tuple[Refusal, ...] = (
    Refusal(
        cause="P08",
        pattern=_text(r"exec:? \"?(?P<name>[^\s\"]+)\"?: exec format error"),
        field="image",
        expected="{name} built for the node's architecture",
        fix="build {image} for the node's architecture too",
        rank=10,
    ),
    Refusal(
        cause="P04",
        pattern=_text(r"exec: \"(?P<name>[^\"]+)\": (?:permission denied|is a directory)"),
        field="command",
        expected="{name} is an executable file in {image}",
        fix="chmod +x {name} in the Dockerfile of {image}, or correct the command",
    ),
    Refusal(
        cause="P03",
        pattern=_text(
            r"exec: \"(?P<name>[^\"]*)\": (?:executable file not found in \$PATH"
            r"|stat \S+: no such file or directory|no such file or directory)"
        ),
        field="command",
        expected="{name} is a program in {image}, by its path or in $PATH",
        fix="correct the command to a program of {image}",
    ),
    Refusal(
        cause="P03",
        pattern=_text(r"no command specified(?P<name>)"),
        field="command",
        expected="a command: {image} has neither an entrypoint nor a command of its own",
        fix="set the command of container {container}",
    ),
    Refusal(
        cause="P03",
        pattern=_text(r"chdir to cwd \(\"(?P<name>[^\"]+)\"\) set in config.json failed"),
        field="workingDir",
        expected="{name} is a folder of {image} that the container's user may enter",
        fix="correct the workingDir of container {container}",
        need=t1(2, 20),
    ),
    Refusal(
        cause="P03",
        pattern=_text(
            r"to rootfs at \"(?P<name>[^\"]+)\".*not a directory"
            r"|are you trying to mount a directory"
        ),
        field="volumeMounts",
        expected="a file mounted over a file (with subPath) and a folder over a folder",
        fix="give the volumeMount of container {container} the right mountPath or subPath",
        need=t1(2, 20),
    ),
)


def runtime_refuses(facts: Facts) -> Iterable[Signal]:
    """Finds containers that the runtime could not start (P03, P04, P08)."""
    for container in _waiting(facts):
        text = _runtime_text(container)
        if text is None or _TRANSIENT.search(text):
            continue
        row = next((r for r in REFUSALS if r.pattern.search(text)), None) or _unknown(text)
        yield _signal(facts, container, row, text)


def _waiting(facts: Facts) -> Iterator[ContainerFact]:
    for pod in facts.troubled_pods:
        if pod.workload.kind != "CronJob" and not facts.is_ok(pod.workload):
            yield from (c for c in pod.containers if not c.running_since)


def _runtime_text(container: ContainerFact) -> str | None:
    """What the runtime said; None when it had no part in this, empty when it said nothing."""
    if container.waiting in _WAITING:
        return container.waiting_message or container.exit_message
    if container.exit_reason in _ENDED or (container.exit_code == 128 and not container.waiting):
        return container.exit_message
    return None


def _unknown(text: str) -> Refusal:
    return Refusal(
        cause="P03",
        pattern=_text(""),
        field="",
        expected="a container that the node's runtime can start",
        fix="change what the runtime names in container {container}",
        need=t1(4, 120) if text else t1(3, 60),
        rank=80,
    )


def _signal(facts: Facts, container: ContainerFact, row: Refusal, text: str) -> Signal:
    since = _since(facts, container)
    found = row.pattern.search(text)
    names = {"image": container.image, "container": container.name}
    names |= {key: str(value or "") for key, value in (found.groupdict() if found else {}).items()}
    said = cut(_core(text)) or f"exit code {container.exit_code} without a word"
    return Signal(
        cause=row.cause,
        at=container.workload,
        root=container.workload,
        field=field_of(container, *([row.field] if row.field else [])),
        seen=f"container {container.name} cannot be started: {said}",
        expected=row.expected.format_map(names),
        fix=row.fix.format_map(names),
        need=row.need,
        count=exits(container) if container.exit else observations(facts, since),
        since=since,
        last=container.exit_at or facts.now,
        by_text=row.rank < 80,
        rank=row.rank,
    )


def _core(text: str) -> str:
    """The decisive end of a runtime's text, which wraps it in the names of its layers."""
    for start in ("error during container init: ", "runc create failed: ", "failed to generate "):
        place = text.find(start)
        if place >= 0:
            return text[place + len(start) :].removesuffix(": unknown")
    return text


def _since(facts: Facts, container: ContainerFact) -> float:
    words = (container.waiting, f"{container.exit_reason}:{container.exit_code}", *_WAITING)
    times = [facts.sighting(container, word).first for word in words]
    return min((t for t in (*times, container.exit_at) if t), default=facts.now)


def may_not_run_as_root(facts: Facts) -> Iterable[Signal]:
    """Finds images whose user the kubelet does not let run (P05)."""
    for container in _waiting(facts):
        text = container.waiting_message
        if container.waiting != "CreateContainerConfigError" or not _AS_ROOT.search(text):
            continue
        named = _NOT_NUMERIC.search(text)
        who = f"user {named['name']}, a name" if named else "root"
        yield Signal(
            cause="P05",
            at=container.workload,
            root=container.workload,
            field=field_of(container, "securityContext.runAsUser"),
            seen=f"container {container.name} cannot be created: {cut(text)}",
            expected="a user id above 0, given as a number, because runAsNonRoot is set; "
            f"{container.image} runs as {who}",
            fix=f"set securityContext.runAsUser of container {container.name} to the number of a "
            "user of the image other than 0",
            need=T0,
            count=observations(facts, _since(facts, container)),
            since=_since(facts, container),
            last=facts.now,
            by_text=True,
            rank=10,
        )

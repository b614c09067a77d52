"""Start causes that a program's own last words name: P03, P04, P06, P08, P15.

Texts are those of shells, the kernel's exec, Python, Node, Go, Java and nginx. Missing variables
(P13, P14) are in `variables`, missing tables (P17) in `missing_tables`, what the container runtime
refuses in `refused_starts`; what only one server says is in its own module.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from harness.diagnosis.facts import Facts
from harness.diagnosis.rules.start.endings import Ending
from harness.diagnosis.rules.start.text_causes import TextCause, matches, signals
from harness.diagnosis.signal import T0, Signal, t1

_PATH = r"(?P<path>/[^\s'\"`:,;()\]\u2018\u2019]+)"
_NO_WRITE = (
    r"(?:permission denied|read-only file system|EACCES|EROFS|operation not permitted"
    r"|AccessDeniedException)"
)
NO_WRITE = matches(
    rf"(?<![\w./-])(?<!exec )(?<!exec: \"){_PATH}[^/\n]{{0,16}}{_NO_WRITE}"
    rf"|{_NO_WRITE}[^/\n]{{0,16}}[\s'\"\u2018]{_PATH.replace('path', 'after')}"
)


_NO_PROGRAM = matches(
    r"^\S*python[\d.]*: can't open file '(?P<python>[^']+)': \[Errno 2\]"
    r"|^\S*python[\d.]*: No module named (?P<module>[\w.]+)$"
    r"|^Error: Cannot find module '(?P<node>/[^']+)'(?=[^\0]{0,1500}requireStack: \[\])"
    r"|^Error: Unable to access jarfile (?P<jar>\S+)"
    r"|^Error: Could not find or load main class (?P<java>\S+)(?:\nCaused by: .*)?"
    r"|^ruby: No such file or directory -- (?P<ruby>\S+) \(LoadError\)"
    r"|^(?:\S*/)?(?:da|a)?sh: (?:0: )?(?:can't|cannot) open '?(?P<shell>[^\s':]+)'?: No such"
    r"|^(?:\S*/)?bash: (?P<bash>/[^\s:]+): No such file or directory$"
)
"""What an interpreter says whose program is not there; not what a program says of its own files."""


def written_path(groups: Mapping[str, str]) -> str:
    """Returns the path that could not be written."""
    return groups["path"] or groups["after"]


def _mounted(ending: Ending, path: str) -> str:
    """Returns the name of the volume that holds a path; empty for the image's own file system."""
    mounts = ending.container.spec.get("volumeMounts") or []
    inside = [
        m
        for m in mounts
        if path == m.get("mountPath") or path.startswith(f"{str(m.get('mountPath')).rstrip('/')}/")
    ]
    return (
        str(max(inside, key=lambda m: len(str(m.get("mountPath")))).get("name")) if inside else ""
    )


def _may_write(_: Facts, ending: Ending, groups: Mapping[str, str]) -> str:
    path = written_path(groups)
    volume = _mounted(ending, path)
    if volume:
        return f"the container's user may write volume {volume}, which holds {path}"
    return f"{path} lies in a volume that the container's user may write"


def _make_writable(_: Facts, ending: Ending, groups: Mapping[str, str]) -> str:
    path = written_path(groups)
    volume = _mounted(ending, path)
    if volume:
        return f"set securityContext.fsGroup of the pod to the user's group, for volume {volume}"
    folder = path.rsplit("/", 1)[0] or path
    return f"mount an emptyDir at {folder}"


def _architecture(facts: Facts, ending: Ending, _: Mapping[str, str]) -> str:
    node = next((o for o in facts.all("Node") if o["metadata"]["name"] == ending.pod.node), {})
    info = (node.get("status") or {}).get("nodeInfo") or {}
    name = str(info.get("architecture") or "")
    return f"a program built for {name or 'the node'}, or a script with a first line like #!/bin/sh"


def _sharing(_: Facts, ending: Ending, __: Mapping[str, str]) -> str:
    others = [c.name for c in ending.pod.containers if c.name != ending.container.name]
    if not others:
        return "only one process of the container listens on the port"
    return f"a port of its own: it shares the pod's ports with {', '.join(others)}"


ROWS: tuple[TextCause, ...] = (
    TextCause(
        cause="P08",
        pattern=matches(r"exec format error|cannot execute binary file"),
        need=T0,
        rank=10,
        field="image",
        expected=_architecture,
        fix="build {image} for the node's architecture too",
    ),
    TextCause(
        cause="P03",
        pattern=matches(r"(?:^|: )exec:? \"?(?P<name>/[^\s\"':]+)\"?: no such file or directory"),
        need=T0,
        rank=15,
        field="command",
        expected="{name} exists in {image}, and so does the interpreter its first line names",
        fix="correct the command, or rebuild {image} with {name} in Unix line ends",
    ),
    TextCause(
        cause="P03",
        pattern=matches(
            r"env: [\u2018'\"]?(?:can't execute ')?(?P<name>\w+)(?:\\r|\r|\$'\\r')"
            r"|(?P<script>\S+)\\r: not found"
        ),
        need=t1(2, 10),
        rank=15,
        field="command",
        expected="the start script has Unix line ends",
        fix="convert the script to LF line ends and rebuild {image}",
    ),
    TextCause(
        cause="P03",
        pattern=matches(
            r"^(?:\S*/)?(?:ba|da|a|z)?sh: (?:line )?(?:\d+: )?(?P<name>[\w./-]+): "
            r"(?:command )?not found"
            r"|^\S+\.sh: (?:line )?\d+: (?P<called>[\w./-]+): (?:command )?not found"
        ),
        need=t1(2, 10),
        rank=15,
        field="command",
        expected="every program that the command calls is in {image}",
        fix="install {name}{called} in {image}, or correct the command",
        newest_only=True,
        codes=frozenset({127}),
    ),
    TextCause(
        cause="P03",
        pattern=_NO_PROGRAM,
        need=t1(2, 10),
        rank=15,
        field="command",
        expected="the program {python}{module}{node}{jar}{java}{ruby}{shell}{bash} is in {image}",
        fix="correct command or args, or rebuild {image} with it",
        newest_only=True,
        codes=frozenset({1, 2, 126, 127}),
    ),
    TextCause(
        cause="P04",
        pattern=matches(r"(?:^|: )exec:? \"?(?P<name>/[^\s\"':]+)\"?: permission denied"),
        need=t1(2, 10),
        rank=15,
        field="command",
        expected="{name} is executable for the container's user",
        fix="chmod +x {name} in the image's Dockerfile",
    ),
    TextCause(
        cause="P04",
        pattern=matches(r"sh: (?:line )?(?:\d+: )?(?P<name>[^\s\"':]+): permission denied"),
        need=t1(2, 10),
        rank=15,
        field="command",
        expected="{name} is executable for the container's user",
        fix="chmod +x {name} in the image's Dockerfile",
        codes=frozenset({126}),
    ),
    TextCause(
        cause="P15",
        pattern=matches(r"address already in use|EADDRINUSE|port \d+ is already in use"),
        need=t1(3, 30),
        rank=35,
        field="ports",
        expected=_sharing,
        fix="give container {container} another port",
        newest_only=True,
    ),
    TextCause(
        cause="P06",
        pattern=NO_WRITE,
        need=t1(2, 20),
        rank=35,
        field="volumeMounts",
        expected=_may_write,
        fix=_make_writable,
        newest_only=True,
    ),
)


def last_words_name_the_cause(facts: Facts) -> Iterable[Signal]:
    """Finds what the last words of a program name."""
    return signals(facts, ROWS)

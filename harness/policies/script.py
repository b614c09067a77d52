"""The bash script that makes all probes of one stand side by side, and how it is read. Pure.

Bash connects by `/dev/tcp/ADDRESS/PORT` and says `Connection refused` and the like itself; who says
nothing within the time is killed and timed out. Over UDP a DNS question is sent by `printf` (the
program: bash's own would cut the datagram at a newline) and the reply read by `dd`. Every line
begins with the number of the stand, which the script is given as `$0`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from harness.model.policies import Reply
from harness.policies.names import printf_text, query, read_reply
from harness.policies.probes import PROBE_SECONDS, Answer, Goal, Probe, Stand, not_probed

_LINE = re.compile(r"^s(\d+) (\d+) (answered|reply ([0-9a-f]*) (\d+))$", re.MULTILINE)
_ERROR = re.compile(r"^s(\d+): .*?/dev/(tcp|udp)/([0-9a-fA-F.:]+)/(\d+): (.+)$", re.MULTILINE)
_ENDED = re.compile(r"^s(\d+) ended$", re.MULTILINE)
_GONE = re.compile(r"^s(\d+) gone$", re.MULTILINE)
_SAID = (
    ("refused", Reply.REFUSED),
    ("timed out", Reply.TIMED_OUT),
    ("route to host", Reply.UNREACHABLE),
    ("unreachable", Reply.UNREACHABLE),
    ("prohibited", Reply.UNREACHABLE),
    ("not permitted", Reply.UNREACHABLE),
)
By = Mapping[int, tuple[Stand, Sequence[Goal]]]
"""The stands of a script by their numbers, and the goals of each by theirs."""


def script(goals: Sequence[Goal], seconds: int = PROBE_SECONDS) -> str:
    """Returns the script of one stand; `$0` must be `s` and its number."""
    lines = ["export LC_ALL=C", "p=()"]
    lines += [f"{_attempt(at, goal, seconds)} & p+=($!)" for at, goal in enumerate(goals)]
    lines += [
        f'{{ sleep {seconds}; kill "${{p[@]}}"; }} >/dev/null 2>&1 </dev/null & k=$!',
        'wait "${p[@]}" 2>/dev/null; kill $k 2>/dev/null',
        'echo "$0 ended"',
    ]
    return "\n".join(lines)


def _attempt(at: int, goal: Goal, seconds: int) -> str:
    where = f"/dev/{goal.protocol.lower()}/{goal.address}/{goal.port}"
    if goal.protocol == "TCP":
        return f'(exec 3<>{where} && echo "$0 {at} answered")'
    send = f"env printf '{printf_text(query(goal.query))}' >&3"
    receive = f"timeout {seconds} dd bs=512 count=1 <&3 2>/dev/null"
    text = "od -An -v -tx1 | tr -d ' \\n'; echo \" ${PIPESTATUS[0]}\""
    return f'(exec 3<>{where} && {send} && r=$({receive} | {text}) && echo "$0 {at} reply $r")'


def read_output(output: str, by: By) -> dict[Probe, Answer]:
    """Returns the answers of all stands of one script."""
    found: dict[Probe, Answer] = {}
    for number, (stand, goals) in by.items():
        probes = [Probe(stand=stand, goal=goal) for goal in goals]
        if number in _numbers(_ENDED, output):
            silent = Answer(reply=Reply.TIMED_OUT, text=f"no answer within {PROBE_SECONDS} s")
            found |= dict.fromkeys(probes, silent)
        elif number in _numbers(_GONE, output):
            found |= not_probed(probes, f"{stand.name} does not run on {stand.node} any more")
        else:
            found |= not_probed(probes, _failure(output, number))
    found |= dict(_errors(output, by))
    found |= dict(_answers(output, by))
    return found


def _numbers(pattern: re.Pattern[str], output: str) -> set[int]:
    return {int(number) for number in pattern.findall(output)}


def _failure(output: str, number: int) -> str:
    """Returns what the stand's script said last, else what was said at all."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    own = [line for line in lines if line.startswith(f"s{number}")]
    return f"the script did not end: {(own or lines or ['it said nothing'])[-1][:200]}"


def _errors(output: str, by: By) -> Iterator[tuple[Probe, Answer]]:
    for number, protocol, address, port, said in _ERROR.findall(output):
        stand, goals = by.get(int(number), (None, ()))
        for goal in goals:
            same = (goal.protocol.lower(), goal.address, goal.port) == (
                protocol,
                address,
                int(port),
            )
            if stand is not None and same:
                yield Probe(stand=stand, goal=goal), Answer(reply=meaning(said), text=said)


def meaning(said: str) -> Reply:
    """Returns what the system's words for a failed connection mean."""
    lower = said.lower()
    return next((reply for word, reply in _SAID if word in lower), Reply.UNREACHABLE)


def _answers(output: str, by: By) -> Iterator[tuple[Probe, Answer]]:
    for number, at, what, text, code in _LINE.findall(output):
        stand, goals = by.get(int(number), (None, ()))
        if stand is None or int(at) >= len(goals):
            continue
        probe = Probe(stand=stand, goal=goals[int(at)])
        if what == "answered":
            yield probe, Answer(reply=Reply.ANSWERED)
        elif text:
            yield probe, read_reply(bytes.fromhex(text))
        elif code == "1":  # dd failed to read: the port is closed
            yield probe, Answer(reply=Reply.REFUSED, text="Connection refused")

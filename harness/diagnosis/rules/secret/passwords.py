"""Clients that their database refuses for the password: S13, and S14 where old data keep another.

The cause is the pair of Secret and data directory, never the service that is refused. What pins it
is the server's own text, which the client's log repeats; the Secrets are compared by digest, the
values are not known here. Source: section 2.3 rule 8; bitnami/charts#2061, kestra#4961,
zalando/postgres-operator#1115.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from harness.diagnosis.facts import Facts
from harness.diagnosis.pod_facts import ContainerFact, PodFact
from harness.diagnosis.rules.network.connection_texts import ConnectionTrouble
from harness.diagnosis.rules.network.endpoints_in_text import endpoint
from harness.diagnosis.rules.network.servers import is_postgres, named_servers
from harness.diagnosis.rules.secret.password_pairs import (
    Pair,
    database_containers,
    kept_data,
    pair_of,
)
from harness.diagnosis.rules.start.endings import endings
from harness.diagnosis.rules.start.log_lines import log_lines
from harness.diagnosis.signal import T0, Need, Signal, t1
from harness.manifests.pods import field_prefix
from harness.model.refs import ObjectRef
from harness.model.wording import cut

LAST_LINES = 25
_REFUSED = re.compile(r"password authentication failed for (?:user|role) \\?\"(?P<user>[^\"\\]+)")
_DIFFERENT, _OLD_DATA = t1(3, 30), t1(2, 20)
_STILL_RUNNING = t1(5, 60)
"""Of a client that stays alive the newest try may have been let in without a word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A container that a database refused, and how often."""

    pod: PodFact
    container: ContainerFact
    user: str
    line: str
    lines: tuple[str, ...]
    count: int
    since: float
    last: float
    need: Need | None = None
    """What it takes in place of the usual; None for the usual."""

    @property
    def workload(self) -> ObjectRef:
        """The workload that is refused."""
        return self.pod.workload


def refused_passwords(facts: Facts) -> Iterator[Signal]:
    """Yields the pair of Secrets, or of Secret and data, behind each refused password."""
    for refusal in (*_of_endings(facts), *_of_running(facts)):
        server = _server(facts, refusal)
        if server is None and is_postgres(refusal.container) and not refusal.container.init:
            continue  # It is the database itself that writes down whom it refused.
        pair = pair_of(facts, refusal.container, server)
        claim = None if pair.differ else kept_data(facts, server, pair)
        if claim is not None and server is not None:
            yield _old_data(facts, refusal, server, claim)
        else:
            yield _different(refusal, server, pair)


def _of_endings(facts: Facts) -> Iterator[Refusal]:
    for ending in endings(facts):
        lines = _refused_lines(ending.log or ending.container.exit_message)
        if lines and ending.code:
            times = (ending.count, ending.since, ending.last)
            need = T0 if ending.is_final else None
            yield _refusal(ending.pod, ending.container, lines, times, need)


def _of_running(facts: Facts) -> Iterator[Refusal]:
    """Clients that stay alive, unready, and say again and again that they are refused."""
    for pod in facts.troubled_pods:
        for container in pod.containers:
            begun = container.running_since
            lines = _refused_lines(facts.log(container)) if begun and not container.ready else ()
            if lines and not container.exit:
                times = (len(lines), begun, facts.now)
                yield _refusal(pod, container, lines, times, _STILL_RUNNING)


def _refusal(
    pod: PodFact,
    container: ContainerFact,
    lines: tuple[str, ...],
    times: tuple[int, float, float],
    need: Need | None,
) -> Refusal:
    found = _REFUSED.search(lines[-1])
    user = found["user"] if found else ""
    count, since, last = times
    return Refusal(
        pod=pod,
        container=container,
        user=user,
        line=cut(lines[-1].strip()),
        lines=lines,
        count=count,
        since=since,
        last=last,
        need=need,
    )


def _refused_lines(log: str) -> tuple[str, ...]:
    return tuple(line for line in log_lines(log)[-LAST_LINES:] if _REFUSED.search(line))


def _server(facts: Facts, refusal: Refusal) -> ObjectRef | None:
    """Returns the database that refuses: the one the text names, else the only one needed."""
    needed = {d.server for d in facts.graph.needs(refusal.workload) if d.server}
    named = {s for line in refusal.lines for s in _named(facts, refusal.workload, line)}
    found = [
        s
        for s in sorted(named or needed)
        if s != refusal.workload and database_containers(facts, s)
    ]
    if len(found) > 1:
        found = [s for s in found if _wrote_it_down(facts, s, refusal.user)]
    return found[0] if len(found) == 1 else None


def _named(facts: Facts, workload: ObjectRef, line: str) -> tuple[ObjectRef, ...]:
    place = endpoint(line)
    if place is None:
        return ()
    trouble = ConnectionTrouble(host=place.host, address=place.address)
    return named_servers(facts, workload, trouble)


def _wrote_it_down(facts: Facts, server: ObjectRef, user: str) -> bool:
    return any(
        found["user"] == user
        for container in database_containers(facts, server)
        for found in _REFUSED.finditer(facts.log(container))
    )


def _signal(
    refusal: Refusal, cause: str, need: Need, root: tuple[ObjectRef, str], words: tuple[str, ...]
) -> Signal:
    (ref, field), (seen, expected, fix) = root, words
    return Signal(
        cause=cause,
        at=refusal.workload,
        root=ref,
        field=field,
        seen=seen,
        expected=expected,
        fix=fix,
        need=refusal.need or need,
        count=refusal.count,
        since=refusal.since,
        last=refusal.last,
        by_text=True,
        rank=20,
        not_testable=(f"whether {refusal.workload} works once it is let in",),
    )


def _old_data(facts: Facts, refusal: Refusal, server: ObjectRef, claim: ObjectRef) -> Signal:
    pod = next((p.ref.name for p in facts.pods_of(server)), server.name)
    words = (
        f"{server} refuses {refusal.workload}: {refusal.line}; the data in {claim} are older than "
        "the password in the Secret, and a database keeps the password it was initialised with",
        f"data initialised with the present password, or ALTER USER {refusal.user} with it",
        f"kubectl -n {claim.namespace} delete --wait=false pvc/{claim.name} pod/{pod} (test "
        "environments only, the data are lost)",
    )
    return _signal(refusal, "S14", _OLD_DATA, (claim, ""), words)


def _different(refusal: Refusal, server: ObjectRef | None, pair: Pair) -> Signal:
    mine, theirs = pair.client[:1], pair.server[:1]
    database = str(server) if server else "the database"
    held = mine[0].words if mine else f"{refusal.workload}"
    known = f"{database} has that of {theirs[0].words}" if theirs else f"{database} has another"
    certain = ", and the two differ" if pair.differ else ""
    seen = (
        f"{database} refuses {refusal.workload}: {refusal.line}; it uses {held}, {known}{certain}"
    )
    right = theirs[0].words if theirs else f"user {refusal.user} in {database}"
    expected = f"the same password in {held} as for {right}"
    if theirs and mine and mine[0].secret != theirs[0].secret:
        fix = f"let variable {mine[0].variable} of {refusal.workload} refer to {theirs[0].words}"
    else:
        fix = f"set the password of user {refusal.user} in {database} to that of {held}"
    return _signal(refusal, "S13", _DIFFERENT, _root(refusal, pair), (seen, expected, fix))


def _root(refusal: Refusal, pair: Pair) -> tuple[ObjectRef, str]:
    held = next(iter((*pair.client, *pair.server)), None)
    if held is not None:
        return held.secret, f"data[{held.key}]"
    place = f"{field_prefix(refusal.workload.kind)}.{refusal.container.field}.env"
    return refusal.workload, place


RULES: tuple[Callable[[Facts], Iterable[Signal]], ...] = (refused_passwords,)

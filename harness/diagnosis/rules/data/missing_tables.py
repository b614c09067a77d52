"""Clients that a database answers with "does not exist": P17, and G07 where its init failed once.

An official PostgreSQL image runs its init scripts only on an empty data directory. When one fails
the server restarts, finds a data directory and runs on without what the script should have made:
it looks healthy and its clients complain (docker-library/postgres, `docker-entrypoint.sh`). While a
migration of the same sync still runs, a missing table is a question of time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from harness.diagnosis.facts import Facts
from harness.diagnosis.pod_facts import ContainerFact
from harness.diagnosis.rules.data.init_scripts import INIT_FAILED, init_field
from harness.diagnosis.rules.network.connection_texts import classify
from harness.diagnosis.rules.network.servers import (
    is_initialising,
    is_postgres,
    named_servers,
    ready_at,
)
from harness.diagnosis.rules.start.endings import (
    Ending,
    endings,
    endings_after,
    field_of,
    job_failure,
)
from harness.diagnosis.rules.start.log_lines import plain
from harness.diagnosis.rules.start.text_causes import line_of, matches, seen
from harness.diagnosis.signal import Signal, t1
from harness.model.refs import ObjectRef

SETTLED_SECONDS = 30.0
_ABSENT = matches(r"(?P<kind>relation|database|role|schema) \"(?P<name>[^\"]+)\" does not exist")
_MIGRATION = re.compile(r"migrat|schema|seed|init|flyway|liquibase|alembic", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """A client's log that misses something in its database."""

    container: ContainerFact
    found: re.Match[str]
    count: int
    since: float
    last: float
    seen: str
    log: str

    @property
    def client(self) -> ObjectRef:
        """The client's workload."""
        return self.container.workload

    @property
    def missing(self) -> str:
        """What is missing, in words."""
        return f'{self.found["kind"].lower()} "{self.found["name"]}"'


def misses_something(ending: Ending) -> bool:
    """Tells whether the last words of a program are about something its database lacks."""
    return bool(ending.code) and bool(_ABSENT.search(plain(ending.log)))


def database_lacks_something(facts: Facts) -> Iterable[Signal]:
    """Finds clients that miss a table, database or role in a database that is ready."""
    for complaint in _complaints(facts):
        database = _database(facts, complaint)
        if database is None:
            yield _missing(complaint, "", t1_seconds=120)
            continue
        ready = ready_at(facts, database)
        is_settled = facts.is_ok(database) and facts.now - ready >= SETTLED_SECONDS
        if not is_settled or is_initialising(facts, database) or _migrates(facts, database):
            continue
        counted = _after(facts, complaint, ready)
        failed = _init_failed(facts, database, complaint)
        if failed is not None:
            yield _init_signal(counted, database, failed)
        else:
            yield _missing(counted, f" of {database}", t1_seconds=45)


def _complaints(facts: Facts) -> Iterator[Complaint]:
    known = set()
    for ending in endings(facts):
        found = _ABSENT.search(plain(ending.log)) if ending.code else None
        if found is not None and not is_postgres(ending.container):
            known.add(ending.container.pod)
            yield _of_ending(ending, found)
    for pod in facts.troubled_pods:
        for container in pod.containers:
            lives = container.running_since and not container.ready
            if lives and pod.ref not in known and not is_postgres(container):
                yield from _of_log(facts, container)


def _of_ending(ending: Ending, found: re.Match[str]) -> Complaint:
    return Complaint(
        container=ending.container,
        found=found,
        count=ending.count,
        since=ending.since,
        last=ending.started,
        seen=seen(ending, line_of(found)),
        log=ending.log,
    )


def _of_log(facts: Facts, container: ContainerFact) -> Iterator[Complaint]:
    """A service that runs on and answers its probe with an error complains once per attempt."""
    log = facts.log(container)
    found = list(_ABSENT.finditer(plain(log)))
    if found:
        yield Complaint(
            container=container,
            found=found[-1],
            count=len(found),
            since=container.running_since,
            last=facts.now,
            seen=f"container {container.name} says: {line_of(found[-1])}",
            log=log,
        )


def _after(facts: Facts, complaint: Complaint, ready: float) -> Complaint:
    """The complaint with what was said since the database was ready."""
    if complaint.since >= ready:
        return complaint
    own = (e for e in endings(facts) if e.container is complaint.container)
    counts = [endings_after(e, ready) for e in own]
    return replace(complaint, since=ready, count=max(counts, default=complaint.count))


def _database(facts: Facts, complaint: Complaint) -> ObjectRef | None:
    """The database of a client: the only one it needs, or the one its log names."""
    named = named_servers(facts, complaint.client, classify(complaint.log))
    needed = [d.server for d in facts.graph.needs(complaint.client) if d.server is not None]
    found = {r for r in named or needed if _is_database(facts, r)}
    return found.pop() if len(found) == 1 else None


def _is_database(facts: Facts, ref: ObjectRef) -> bool:
    return any(is_postgres(c) for pod in facts.pods_of(ref) for c in pod.containers)


def _migrates(facts: Facts, database: ObjectRef) -> bool:
    """Whether a Job that may still bring it is on its way."""
    for job in (w for w in facts.workloads if w.kind == "Job"):
        needs = any(d.server == database for d in facts.graph.needs(job))
        ours = job.namespace == database.namespace and _MIGRATION.search(job.name)
        if (needs or ours) and not facts.is_ok(job) and not job_failure(facts, job):
            return True
    return False


def _init_failed(
    facts: Facts, database: ObjectRef, complaint: Complaint
) -> tuple[ContainerFact, str] | None:
    """The database's container whose init failed once, with the line that says so."""
    for pod in facts.pods_of(database):
        for container in (c for c in pod.containers if is_postgres(c)):
            told = INIT_FAILED.search(plain(facts.crash_log(container)))
            if told is not None:
                return container, line_of(told)
            if container.restarts and complaint.found["kind"].lower() in {"role", "database"}:
                return container, f"it restarted {container.restarts} times during its start"
    return None


def _init_signal(
    complaint: Complaint, database: ObjectRef, failed: tuple[ContainerFact, str]
) -> Signal:
    container, line = failed
    return Signal(
        cause="G07",
        at=complaint.client,
        root=database,
        field=init_field(container),
        seen=f"{complaint.client} misses {complaint.missing}, and the first start of {database} "
        f"failed: {line}",
        expected=f"init scripts that end without an error and make {complaint.missing}; they run "
        "on an empty data directory only",
        fix=f"correct the init script, then delete the claims of {database} so that it runs again",
        need=t1(2, 20),
        count=complaint.count,
        since=complaint.since,
        last=complaint.last,
        by_text=True,
        rank=15,
    )


def _missing(complaint: Complaint, where: str, *, t1_seconds: float) -> Signal:
    kind = complaint.found["kind"].lower()
    made_by = "migrations" if kind in {"relation", "schema"} else "POSTGRES_DB, POSTGRES_USER"
    return Signal(
        cause="P17",
        at=complaint.client,
        root=complaint.client,
        field=field_of(complaint.container, *_variable(complaint)),
        seen=complaint.seen,
        expected=f"{complaint.missing} exists in the database{where}",
        fix=f"run what makes {complaint.missing} ({made_by} or an init script) before "
        f"{complaint.client}, or correct the name it asks for",
        need=t1(3 if where else 5, t1_seconds),
        count=complaint.count,
        since=complaint.since,
        last=complaint.last,
        symptom=True,
        rank=20,
    )


def _variable(complaint: Complaint) -> tuple[str, ...]:
    """The variable that holds the missing name, where the manifest shows it."""
    name = complaint.found["name"]
    for entry in complaint.container.spec.get("env") or []:
        value = str(entry.get("value") or "")
        if value == name or value.partition("?")[0].endswith(f"/{name}"):
            return (f"env[{entry.get('name')}]",)
    return ()

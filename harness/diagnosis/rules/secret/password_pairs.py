"""Which Secrets hold the password of a client and that of its database, and whether they agree.

Values are never seen: the recorder leaves a digest of each key on the Secret
(`harness.watch.redacted`), and equal digests are equal values. A password inside a URL cannot be
compared. The database keeps the password with which its data directory was initialised, so the age
of its claim against that of the Secret matters too (docker-library/postgres entrypoint).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from harness.diagnosis.events import epoch
from harness.diagnosis.facts import Facts
from harness.diagnosis.pod_facts import ContainerFact
from harness.diagnosis.rules.network.servers import is_postgres
from harness.manifests.references import claim_references
from harness.model.refs import ObjectRef

DIGEST = "gitops-harness/digest."
KEPT = "Skipping initialization"
"""The entrypoint's words for a data directory that holds a database already."""
_PASSWORD = re.compile(r"pass(?:word|wd|phrase)?|pwd", re.IGNORECASE)
_DATABASE = re.compile(r"db|database|sql|postgres|pg|datasource", re.IGNORECASE)
_KNOWN_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Held:
    """One key of a Secret that holds a password, and the variable that carries it."""

    secret: ObjectRef
    key: str
    variable: str

    @property
    def words(self) -> str:
        """The place, in words."""
        return f"{self.secret} key {self.key}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """The passwords of a client and of its database."""

    client: tuple[Held, ...]
    server: tuple[Held, ...]
    differ: bool
    """True when every password is known by its digest and none of them agrees."""
    same: Held | None
    """The client's password that the database has too; None where none is known to agree."""


def pair_of(facts: Facts, client: ContainerFact, server: ObjectRef | None) -> Pair:
    """Returns the passwords of a container and of the database that it talks to."""
    mine = tuple(_of_database(passwords_of(facts, client)))
    containers = database_containers(facts, server)
    theirs = tuple(h for c in containers for h in passwords_of(facts, c))
    ours = {held: digest(facts, held) for held in mine}
    known = {digest(facts, held) for held in theirs}
    same = next((held for held, value in ours.items() if value and value in known), None)
    complete = bool(ours) and bool(known) and "" not in {*ours.values(), *known}
    return Pair(client=mine, server=theirs, differ=complete and same is None, same=same)


def database_containers(facts: Facts, server: ObjectRef | None) -> list[ContainerFact]:
    """Returns the containers of a workload that run a database."""
    if server is None:
        return []
    pods = facts.pods_of(server)[:1]
    return [c for pod in pods for c in pod.containers if not c.init and is_postgres(c)]


def passwords_of(facts: Facts, container: ContainerFact) -> tuple[Held, ...]:
    """Returns the passwords that a container gets from Secrets."""
    return tuple(dict.fromkeys([*_single(container), *_whole(facts, container)]))


def _single(container: ContainerFact) -> Iterator[Held]:
    for env in container.spec.get("env") or []:
        source = (env.get("valueFrom") or {}).get("secretKeyRef") or {}
        variable = str(env.get("name"))
        if source and _PASSWORD.search(variable):
            yield Held(
                secret=ObjectRef("Secret", container.pod.namespace, str(source.get("name"))),
                key=str(source.get("key")),
                variable=variable,
            )


def _whole(facts: Facts, container: ContainerFact) -> Iterator[Held]:
    for source in container.spec.get("envFrom") or []:
        name = (source.get("secretRef") or {}).get("name")
        ref = ObjectRef("Secret", container.pod.namespace, str(name))
        for key in ((facts.find(ref) or {}).get("data") or {}) if name else ():
            if _PASSWORD.search(key):
                yield Held(secret=ref, key=key, variable=f"{source.get('prefix') or ''}{key}")


def _of_database(held: Iterable[Held]) -> list[Held]:
    """Leaves out passwords of brokers and caches, where names tell them apart."""
    every = list(held)
    named = [h for h in every if _DATABASE.search(h.variable)]
    return named or every


def digest(facts: Facts, held: Held) -> str:
    """Returns what stands for the value of a key; empty where it is not known."""
    meta = (facts.find(held.secret) or {}).get("metadata") or {}
    return str((meta.get("annotations") or {}).get(f"{DIGEST}{held.key}") or "")


def kept_data(facts: Facts, server: ObjectRef | None, pair: Pair) -> ObjectRef | None:
    """Returns the database's claim when its data are older than the password; else None.

    The entrypoint says that it found a database; where its log is not known, equal passwords on
    both sides say as much.
    """
    containers = database_containers(facts, server)
    logs = [log for c in containers if (log := facts.any_log(c))]
    kept = any(KEPT in log for log in logs) if logs else pair.same is not None
    changed = [_changed(facts, held.secret) for held in pair.server]
    if server is None or not kept or not changed:
        return None
    claims = [
        ObjectRef("PersistentVolumeClaim", server.namespace, claim)
        for pod in facts.pods_of(server)[:1]
        for _, claim in claim_references(pod.spec)
    ]
    return next((c for c in claims if 0 < _created(facts, c) < max(changed) - 1), None)


def _created(facts: Facts, ref: ObjectRef) -> float:
    meta = (facts.find(ref) or {}).get("metadata") or {}
    return epoch(meta.get("creationTimestamp"))


def _changed(facts: Facts, ref: ObjectRef) -> float:
    """Returns when a Secret was made, or seen in a new version while watching."""
    watched = facts.seen_at(ref) > facts.first_seen(ref) + _KNOWN_SECONDS
    return facts.seen_at(ref) if watched else _created(facts, ref)

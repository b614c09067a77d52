"""PostgreSQL that does not start: G01 to G08, by what the server and its image's entrypoint say.

Texts are those of the server, `initdb` and docker-library/postgres' `docker-entrypoint.sh`. On kind
the folders of claims are open to everybody, so G01 and G04 show themselves on other clusters only.
An init script that failed in an earlier start is judged in `missing_tables`, by what clients miss.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from harness.diagnosis.facts import Facts
from harness.diagnosis.pod_facts import ContainerFact
from harness.diagnosis.rules.data.init_scripts import INIT_FAILED, init_field
from harness.diagnosis.rules.data.missing_tables import database_lacks_something
from harness.diagnosis.rules.network.servers import is_postgres
from harness.diagnosis.rules.start.endings import Ending, endings, field_of
from harness.diagnosis.rules.start.log_lines import plain
from harness.diagnosis.rules.start.text_causes import (
    TextCause,
    line_of,
    matches,
    seen,
    signals,
)
from harness.diagnosis.rules.start.variables import keys
from harness.diagnosis.signal import T0, Signal, t1
from harness.manifests.server_images import has_new_postgres_layout
from harness.model.refs import ObjectRef
from harness.model.wording import cut, listed

OLD_MOUNT = "/var/lib/postgresql/data"
NEW_MOUNT = "/var/lib/postgresql"
PASSWORD = "POSTGRES_PASSWORD"  # noqa: S105 - the name of a variable
_MOUNT_REFUSED = re.compile(rf"error mounting .* to rootfs at \"{OLD_MOUNT}\"", re.IGNORECASE)


def _user_id(_: Facts, ending: Ending, __: Mapping[str, str]) -> str:
    number = 70 if "alpine" in ending.container.image else 999
    return (
        f"a data directory that belongs to the server: PGDATA in a subfolder of the mount, "
        f"runAsUser, runAsGroup and fsGroup {number}"
    )


def _empty_secret(facts: Facts, ending: Ending) -> tuple[ObjectRef, str] | None:
    """The Secret that is complete and whose value must be empty, since the server got none."""
    for entry in ending.container.spec.get("env") or []:
        source = (entry.get("valueFrom") or {}).get("secretKeyRef") or {}
        if entry.get("name") == PASSWORD and source:
            ref = ObjectRef("Secret", ending.workload.namespace, str(source.get("name")))
            key = str(source.get("key"))
            return (ref, f"data.{key}") if key in keys(facts, ref) else None
    return None


def _password_wanted(facts: Facts, ending: Ending, _: Mapping[str, str]) -> str:
    wanted = f"a value for {PASSWORD}; an empty one counts as none"
    names = [
        str((source.get("secretRef") or {}).get("name"))
        for source in ending.container.spec.get("envFrom") or []
        if source.get("secretRef")
    ]
    held = {n: keys(facts, ObjectRef("Secret", ending.workload.namespace, n)) for n in names}
    has = "; ".join(f"Secret {name} has {listed(sorted(found))}" for name, found in held.items())
    return f"{wanted}; {has}" if has else wanted


def _give_password(facts: Facts, ending: Ending, _: Mapping[str, str]) -> str:
    empty = _empty_secret(facts, ending)
    if empty is not None:
        return f"give {empty[1]} of {empty[0]} a value that is not empty"
    return f"set {PASSWORD} of container {ending.container.name} from a Secret"


def _mount_anew(_: Facts, ending: Ending, __: Mapping[str, str]) -> str:
    if OLD_MOUNT in mount_paths(ending.container):
        return f"change mountPath {OLD_MOUNT} to {NEW_MOUNT}"
    return "use an image of the version that wrote the data, or delete the claim"


ROWS: tuple[TextCause, ...] = (
    TextCause(
        cause="G03",
        pattern=matches(r"Database is uninitialized and superuser password is not specified"),
        need=T0,
        rank=10,
        field=f"env[{PASSWORD}]",
        expected=_password_wanted,
        fix=_give_password,
        root=_empty_secret,
    ),
    TextCause(
        cause="G02",
        pattern=matches(r"in 18\+, these Docker images are configured to store database data"),
        need=T0,
        rank=10,
        field="volumeMounts",
        expected=f"the volume mounted at {NEW_MOUNT}, and no data of an older version in it: "
        "images from 18 on keep their data in a folder of their version below it",
        fix=_mount_anew,
    ),
    TextCause(
        cause="G08",
        pattern=matches(r"error: both (?P<one>\w+) and (?P<other>\w+) are set"),
        need=T0,
        rank=10,
        field="env",
        expected="only one of {one} and {other}",
        fix="remove {one} or {other} from container {container}",
    ),
    TextCause(
        cause="G05",
        pattern=matches(
            r"\"root\" execution of the PostgreSQL server is not permitted"
            r"|initdb: error: cannot be run as root"
        ),
        need=T0,
        rank=10,
        field="command",
        expected="a server that does not run as root; the image's entrypoint sees to that",
        fix="remove the command of container {container}, or set its securityContext.runAsUser",
    ),
    TextCause(
        cause="G06",
        pattern=matches(
            r"initialized by PostgreSQL version (?P<data>[\d.]+), which is not compatible with "
            r"this version (?P<server>[\d.]+)"
        ),
        need=T0,
        rank=10,
        field="image",
        expected="a server of version {data}, which wrote the data directory; this is {server}",
        fix="use an image of version {data}, or delete the claim where its data may go",
    ),
    TextCause(
        cause="G06",
        pattern=matches(r"database files are incompatible with server"),
        need=T0,
        rank=12,
        field="image",
        expected="a server of the version that wrote the data directory",
        fix="use the version that wrote the data, or delete the claim where its data may go",
    ),
    TextCause(
        cause="G01",
        pattern=matches(
            r"initdb: error: directory \"(?P<path>[^\"]+)\" exists but is not empty"
            r"(?=[\s\S]*lost\+found)"
        ),
        need=T0,
        rank=10,
        field="env[PGDATA]",
        expected="a subfolder of the mount as PGDATA: the root of a fresh volume holds lost+found",
        fix="set PGDATA of container {container} to {path}/pgdata",
    ),
    TextCause(
        cause="G01",
        pattern=matches(r"initdb: error: directory \"(?P<path>[^\"]+)\" exists but is not empty"),
        need=t1(2, 10),
        rank=12,
        field="env[PGDATA]",
        expected="an empty data directory, or a whole one; {path} holds something else",
        fix="set PGDATA of container {container} to {path}/pgdata",
    ),
    TextCause(
        cause="G04",
        pattern=matches(
            r"could not change permissions of directory|data directory \S+ has invalid permissions"
            r"|data directory \S+ has wrong ownership|could not access directory"
            r"|mkdir: cannot create directory .*Permission denied"
            r"|(?:chown|chmod): (?:changing \w+ of )?\S*/postgresql\S*: Operation not permitted"
        ),
        need=t1(2, 10),
        rank=10,
        pod_field="securityContext",
        expected=_user_id,
        fix="set PGDATA to a subfolder of the mount and runAsUser, runAsGroup and fsGroup of the "
        "pod to the server's user",
        only=lambda ending: is_postgres(ending.container),
    ),
)


def server_does_not_start(facts: Facts) -> Iterable[Signal]:
    """Finds what the server or its entrypoint says about its own start (G01 to G06, G08)."""
    return signals(facts, ROWS)


def init_script_fails(facts: Facts) -> Iterable[Signal]:
    """Finds an init script that ended the server's first start (G07)."""
    for ending in endings(facts):
        found = INIT_FAILED.search(plain(ending.first_log)) if ending.code else None
        if found is None:
            continue
        script = found["sql"] or found["script"]
        yield Signal(
            cause="G07",
            at=ending.workload,
            root=ending.workload,
            field=init_field(ending.container),
            seen=seen(ending, line_of(found)),
            expected=f"{script} ends without an error; it runs on an empty data directory only",
            fix=f"correct {script}, then delete the claims of {ending.workload} so that it runs "
            "again",
            need=T0,
            count=ending.count,
            since=ending.since,
            last=ending.last,
            by_text=True,
            rank=10,
        )


def mounted_where_old_images_kept_data(facts: Facts) -> Iterable[Signal]:
    """Finds an image from 18 on with the old mount path that ends without a word (G02)."""
    for pod in facts.troubled_pods:
        for container in pod.containers:
            text = container.waiting_message or container.exit_message
            if _MOUNT_REFUSED.search(text) and not facts.is_ok(pod.workload):
                yield _old_mount(facts, container, text, by_text=True)
    for ending in endings(facts):
        silent = not ending.log and not ending.first_log and ending.code == 1
        if silent and has_old_mount(ending.container):
            yield _old_mount(facts, ending.container, "", by_text=False)


def _old_mount(facts: Facts, container: ContainerFact, text: str, *, by_text: bool) -> Signal:
    own = next((e for e in endings(facts) if e.container is container), None)
    return Signal(
        cause="G02",
        at=container.workload,
        root=container.workload,
        field=field_of(container, "volumeMounts"),
        seen=f"container {container.name} mounts a volume at {OLD_MOUNT} and does not start: "
        f"{cut(text) or f'exit code {container.exit_code}'}",
        expected=f"image {container.image} wants its volume at {NEW_MOUNT}",
        fix=f"change mountPath {OLD_MOUNT} to {NEW_MOUNT}",
        need=T0 if by_text and has_old_mount(container) else t1(2, 10),
        count=own.count if own else 1,
        since=own.since if own else facts.now,
        last=own.last if own else facts.now,
        by_text=by_text,
        rank=12,
    )


def has_old_mount(container: ContainerFact) -> bool:
    """Tells whether an official image from 18 on has its volume where older ones kept the data."""
    moved = any(e.get("name") == "PGDATA" for e in container.spec.get("env") or [])
    return (
        OLD_MOUNT in mount_paths(container)
        and not moved
        and has_new_postgres_layout(container.image)
    )


def mount_paths(container: ContainerFact) -> set[str]:
    """Returns where a container mounts its volumes."""
    mounts = container.spec.get("volumeMounts") or []
    return {str(m.get("mountPath") or "").rstrip("/") for m in mounts}


RULES: tuple[Callable[[Facts], Iterable[Signal]], ...] = (
    server_does_not_start,
    init_script_fails,
    mounted_where_old_images_kept_data,
    database_lacks_something,
)

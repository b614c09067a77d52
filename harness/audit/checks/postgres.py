"""PostgreSQL's official image and what a manifest decides about its start: G01 to G04, G06, G08.

Where its data is (`PGDATA`, moved in 18), who owns the folder, whether it has a password, whether
its version may change under its data. Source: docker-library/postgres `docker-entrypoint.sh` and
its documentation. Where block storage matters, the severity follows the storage class. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from harness.audit.checks.server_settings import (
    Mount,
    Server,
    mounts,
    prepares_folders,
    security,
    servers,
    severity,
)
from harness.audit.finding import Fault, NotJudged, Severity
from harness.audit.reading import text, whole
from harness.audit.scope import Scope
from harness.audit.world import World, separate
from harness.manifests.server_images import has_new_postgres_layout
from harness.model.refs import ImageReference

if TYPE_CHECKING:  # all_checks imports this module
    from harness.audit.checks.all_checks import ScopeCheck

HOME = "/var/lib/postgresql"
OLD_DATA = "/var/lib/postgresql/data"
DERIVED = frozenset({"pgvector", "postgis", "postgres", "timescaledb"})
"""Images with the entrypoint of the official one."""
WITH_FILES = DERIVED | {"mariadb", "mongo", "mysql", "percona", "wordpress"}
"""Official images that take `X` from a file named in `X_FILE`, and refuse both."""
PASSWORDS = ("POSTGRES_PASSWORD", "POSTGRES_PASSWORD_FILE")
_FINITE = frozenset({"CronJob", "Job", "ScaledJob"})


def postgres_servers(here: World) -> Iterator[Server]:
    """Yields the containers that run the official entrypoint as a server."""
    for server in servers(here):
        is_run = server.words[:1] in {(), ("postgres",)} or server.words[0].startswith("-")
        if is_run and server.template.ref.kind not in _FINITE and _name(server) in DERIVED:
            yield server


def _name(server: Server) -> str:
    try:
        return ImageReference.parse(server.image).repository.rpartition("/")[2]
    except ValueError:
        return ""


def data_directories_are_right(scope: Scope) -> Iterable[Fault | NotJudged]:
    """Yields servers whose claim is mounted where it does not hold the data, or not alone."""
    for here in separate(scope):
        for server in postgres_servers(here):
            found = tuple(mounts(here, server))
            for mount in found:
                if "PGDATA" not in server.given and has_new_postgres_layout(server.image):
                    yield from _old_place(server, mount)
                elif data := _data_of(server):
                    yield from _hidden(server, mount, data, found)
                    yield from _on_block_storage(scope, server, mount, data)


def _data_of(server: Server) -> str:
    """Returns the data directory; empty where it is not known."""
    if "PGDATA" in server.given:
        return server.value("PGDATA").rstrip("/")
    return OLD_DATA


def _old_place(server: Server, mount: Mount) -> Iterator[Fault]:
    if mount.path == OLD_DATA:
        yield _fault(
            server,
            mount,
            cause="G02",
            seen=f"is of 18 or later and has its volume at {OLD_DATA}",
            expected=f"the volume at {HOME}: from 18 on the data is in a folder of the version",
            fix=f"change mountPath {OLD_DATA} to {HOME}",
        )


def _hidden(server: Server, mount: Mount, data: str, every: tuple[Mount, ...]) -> Iterator[Fault]:
    """Yields a volume that the image's own volume covers where the data is."""
    is_covered = data == OLD_DATA or data.startswith(f"{OLD_DATA}/")
    if mount.path != HOME or not is_covered or any(m.path == OLD_DATA for m in every):
        return
    yield _fault(
        server,
        mount,
        cause="",
        seen=f"has its volume at {HOME}, and the image's own volume at {OLD_DATA} hides it: the "
        "data is lost with the container",
        expected=f"the volume at {OLD_DATA}",
        fix=f"change mountPath {HOME} to {OLD_DATA}, and set PGDATA to {OLD_DATA}/pgdata",
    )


def _on_block_storage(scope: Scope, server: Server, mount: Mount, data: str) -> Iterator[Fault]:
    degree = severity(scope, mount)
    if degree is None or mount.sub_path:
        return
    if mount.path == data:
        yield _fault(
            server,
            mount,
            cause="G01",
            degree=degree,
            seen=f"keeps its data at the root of the volume {mount.claim} ({mount.path}): new "
            "block storage holds lost+found there, and initdb wants an empty folder",
            expected="PGDATA in a subfolder of the mount, or a subPath",
            fix=f"set PGDATA of {server.place} to {mount.path}/pgdata",
        )
    elif data.startswith(f"{mount.path}/") and _cannot_write(server):
        yield _fault(
            server,
            mount,
            cause="G04",
            degree=degree,
            seen=f"runs as user {security(server, 'runAsUser')} without fsGroup, and the root of "
            f"new block storage ({mount.path}) belongs to root",
            expected="fsGroup in the pod's securityContext",
            fix=f"set {server.template.prefix}.securityContext.fsGroup to the server's group",
        )


def _cannot_write(server: Server) -> bool:
    user = whole(security(server, "runAsUser"))
    has_group = security(server, "fsGroup") is not None
    return bool(user) and not has_group and not prepares_folders(server)


def _fault(
    server: Server,
    mount: Mount,
    *,
    cause: str,
    seen: str,
    expected: str,
    fix: str,
    degree: Severity | None = None,
) -> Fault:
    return Fault(
        rule="postgres-data-directory",
        object=server.template.ref,
        severity=degree,
        cause=cause,
        message=f"{server.place} of {server.template.ref} ({server.image}) {seen}",
        expected=expected,
        fix=fix,
        field=server.field(f"volumeMounts[{mount.path}].mountPath"),
        value=mount.path,
        source=server.template.declared.source.path,
    )


def passwords_are_given(scope: Scope) -> Iterable[Fault | NotJudged]:
    """Yields servers whose first start fails for want of a password."""
    for here in separate(scope):
        for server in postgres_servers(here):
            is_trusting = "POSTGRES_HOST_AUTH_METHOD" in server.given
            is_given = any(n in server.given and n not in server.empty for n in PASSWORDS)
            if server.is_whole and not is_given and not is_trusting:
                is_empty = bool(server.empty & set(PASSWORDS))
                yield _no_password(server, is_empty=is_empty)


def _no_password(server: Server, *, is_empty: bool) -> Fault:
    has = "an empty POSTGRES_PASSWORD" if is_empty else "no POSTGRES_PASSWORD"
    like = sorted(n for n in server.given if "PASS" in n.upper() and n not in PASSWORDS)
    near = f"; it is given {', '.join(like)}" if like else ""
    return Fault(
        rule="postgres-password-missing",
        object=server.template.ref,
        cause="G03",
        message=f"{server.place} of {server.template.ref} ({server.image}) has {has}{near}",
        expected="POSTGRES_PASSWORD from a Secret, or POSTGRES_PASSWORD_FILE",
        fix=f"set POSTGRES_PASSWORD in {server.field('env')} from a Secret",
        field=server.field("env[POSTGRES_PASSWORD]" if is_empty else "env"),
        source=server.template.declared.source.path,
    )


def variables_exclude_files(scope: Scope) -> Iterable[Fault | NotJudged]:
    """Yields variables that are set both by value and by file, which the entrypoints refuse."""
    for here in separate(scope):
        for server in servers(here):
            if _name(server) not in WITH_FILES:
                continue
            for name in sorted(server.given - server.empty):
                other = f"{name}_FILE"
                if other in server.given and other not in server.empty:
                    yield _both(server, name, other)


def _both(server: Server, name: str, other: str) -> Fault:
    return Fault(
        rule="variable-and-file-both-set",
        object=server.template.ref,
        cause="G08",
        message=f"{server.place} of {server.template.ref} is given {name} and {other}",
        expected=f"only one of {name} and {other}",
        fix=f"remove {name} or {other} from {text(server.container.get('name'))}",
        field=server.field(f"env[{other}]"),
        value=other,
        source=server.template.declared.source.path,
    )


CHECKS: tuple[ScopeCheck, ...] = (
    data_directories_are_right,
    passwords_are_given,
    variables_exclude_files,
)

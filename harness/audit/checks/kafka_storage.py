"""Where Kafka keeps its data: K09 and K13, and a claim that it does not use. Pure.

A broker refuses folders in its log directory that are no partitions, and new block storage holds
lost+found (strimzi#1307); that storage belongs to root, and the images run as another user. Neither
shows on kind, whose folders are empty and open, so the severity follows the storage class.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from harness.audit.checks.kafka_brokers import Broker, Family, brokers
from harness.audit.checks.kafka_fault import fault
from harness.audit.checks.server_settings import (
    Mount,
    mounts,
    prepares_folders,
    security,
    severity,
)
from harness.audit.finding import Fault, NotJudged, Severity
from harness.audit.reading import whole
from harness.audit.scope import Scope
from harness.audit.world import World, separate

if TYPE_CHECKING:  # all_checks imports this module
    from harness.audit.checks.all_checks import ScopeCheck

DEFAULT_FOLDER = {
    Family.APACHE: "/tmp/kafka-logs",  # noqa: S108 - Kafka's own default
    Family.BITNAMI: "/bitnami/kafka/data",
    Family.CONFLUENT: "/var/lib/kafka/data",
}
USER = {Family.APACHE: 1000, Family.BITNAMI: 1001, Family.CONFLUENT: 1000}
"""The user of each image."""


def folders_are_right(scope: Scope) -> Iterable[Fault | NotJudged]:
    """Yields log directories at the root of block storage, or beside the claim."""
    for here in separate(scope):
        for broker in brokers(here):
            folder = _folder(broker)
            if folder:
                yield from _of_folder(scope, here, broker, folder)


def _folder(broker: Broker) -> str:
    """Returns the log directory; empty where it is not known."""
    for name in ("log.dirs", "log.dir"):
        value = broker.get(name)
        if value:
            return value.split(",")[0].rstrip("/")
    is_default = broker.roles and broker.lacks("log.dirs") and broker.lacks("log.dir")
    return DEFAULT_FOLDER[broker.family] if is_default else ""


def _of_folder(scope: Scope, here: World, broker: Broker, folder: str) -> Iterator[Fault]:
    found = tuple(mounts(here, broker.server))
    holding = [m for m in found if folder == m.path or folder.startswith(f"{m.path}/")]
    beside = [m for m in found if "kafka" in m.path and ("data" in m.path or "log" in m.path)]
    if not holding and beside:
        yield _unused(broker, folder, beside[0])
    for mount in holding:
        degree = severity(scope, mount)
        if degree is None or mount.sub_path:
            continue
        if mount.path == folder:
            yield _at_root(broker, mount, degree)
        if _cannot_write(broker):
            yield _not_writable(broker, mount, degree)


def _cannot_write(broker: Broker) -> bool:
    user = security(broker.server, "runAsUser")
    is_root = whole(user) == 0
    has_group = security(broker.server, "fsGroup") is not None
    return not is_root and not has_group and not prepares_folders(broker.server)


def _unused(broker: Broker, folder: str, mount: Mount) -> Fault:
    variable = broker.variable("log.dirs")
    return fault(
        broker,
        cause="",
        degree=Severity.NOTE,
        seen=f"keeps its data in {folder}, and its claim {mount.claim} is mounted at {mount.path}: "
        "the data is lost with the container",
        expected=f"{variable} below {mount.path}",
        fix=f"set {variable} to {mount.path}/logs",
        field="env",
    )


def _at_root(broker: Broker, mount: Mount, degree: Severity) -> Fault:
    variable = broker.variable("log.dirs")
    return fault(
        broker,
        cause="K09",
        degree=degree,
        seen=f"keeps its data at the root of the volume {mount.claim} ({mount.path}): new block "
        "storage holds lost+found there, which is no partition",
        expected=f"{variable} in a subfolder of the mount, or a subPath",
        fix=f"set {variable} to {mount.path}/logs",
        field=f"volumeMounts[{mount.path}].mountPath",
        value=mount.path,
    )


def _not_writable(broker: Broker, mount: Mount, degree: Severity) -> Fault:
    user = whole(security(broker.server, "runAsUser")) or USER[broker.family]
    prefix = broker.server.template.prefix
    return fault(
        broker,
        cause="K13",
        degree=degree,
        seen=f"runs as user {user} without fsGroup, and the root of new block storage "
        f"({mount.path}) belongs to root",
        expected=f"fsGroup {user} in the pod's securityContext",
        fix=f"set {prefix}.securityContext.fsGroup to {user}",
        field=f"volumeMounts[{mount.path}].mountPath",
        value=mount.path,
    )


CHECKS: tuple[ScopeCheck, ...] = (folders_are_right,)

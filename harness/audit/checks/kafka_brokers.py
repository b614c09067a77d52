"""Kafka as its images read their variables: properties, roles, node ids, voters. Pure.

The images of Apache and Confluent make a property of each `KAFKA_...` variable, Bitnami's of each
`KAFKA_CFG_...`; other images are not read. A property that the command's script, or a mounted
configuration, may set is not known. Source: apache/kafka `docker/`, confluentinc/kafka-images.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from harness.audit.checks.scalers import scaler_of
from harness.audit.checks.server_settings import Server, servers
from harness.audit.reading import entries, is_placeholder, text, text_at, whole
from harness.audit.world import World
from harness.manifests.server_images import is_kafka_image
from harness.model.refs import ImageReference


class Family(StrEnum):
    """Who made the image."""

    APACHE = "apache"
    CONFLUENT = "confluent"
    BITNAMI = "bitnami"


MOUNTED_CONFIGURATION: Mapping[Family, tuple[str, ...]] = {
    Family.APACHE: ("/mnt/shared/config", "/opt/kafka/config", "/etc/kafka/docker"),
    Family.CONFLUENT: ("/etc/kafka", "/etc/confluent", "/usr/bin"),
    Family.BITNAMI: ("/bitnami/kafka/config", "/opt/bitnami/kafka/config"),
}
_POD_INDEX = re.compile(r"metadata\.labels\['apps\.kubernetes\.io/pod-index'\]")
_VOTER = re.compile(r"(?P<id>\d{1,9})@(?P<host>[^:@\s]+):(?P<port>\d{1,5})")
_LISTENER = re.compile(r"(?P<name>[A-Za-z0-9_.-]+)://(?P<host>[^:/\s]*|\[[^\]]*\]):(?P<port>-?\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """One entry of `listeners` or `advertised.listeners`."""

    name: str
    host: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """A container that runs Kafka in KRaft mode, as far as its variables say."""

    server: Server
    family: Family
    version: tuple[int, ...]
    """Numbers of the tag; empty where it has none."""
    replicas: int | None
    """None where an autoscaler sets them."""
    world: World

    def variable(self, name: str) -> str:
        """Returns the variable that sets a property, e.g. `KAFKA_PROCESS_ROLES`."""
        prefix = "KAFKA_CFG_" if self.family is Family.BITNAMI else "KAFKA_"
        return prefix + name.replace(".", "_").upper()

    def get(self, name: str) -> str:
        """Returns the value of a property; empty where it is not known or not set."""
        variable = self.variable(name)
        return "" if self._is_scripted(name, variable) else self.server.value(variable).strip()

    def lacks(self, name: str) -> bool:
        """Tells whether a property is certainly not set."""
        variable = self.variable(name)
        is_known = self.server.is_whole and not self.has_own_configuration
        return (
            is_known and variable not in self.server.given and not self._is_scripted(name, variable)
        )

    def _is_scripted(self, name: str, variable: str) -> bool:
        script = self.server.script
        return variable in script or name in script

    @property
    def has_own_configuration(self) -> bool:
        """Whether files are mounted where it is configured, or another command is run."""
        paths = [
            text(m.get("mountPath")) for m in entries(self.server.container.get("volumeMounts"))
        ]
        known = MOUNTED_CONFIGURATION[self.family]
        return any(p.startswith(known) for p in paths) or bool(self.server.words)

    @property
    def roles(self) -> frozenset[str]:
        """Process roles; empty where they are not known."""
        return frozenset(r.strip() for r in self.get("process.roles").split(",") if r.strip())

    @property
    def voters(self) -> tuple[tuple[int, str, int], ...]:
        """Id, host and port of each controller."""
        found = _VOTER.finditer(self.get("controller.quorum.voters"))
        return tuple((int(v["id"]), v["host"].lower(), int(v["port"])) for v in found)

    @property
    def listeners(self) -> tuple[Listener, ...]:
        """Where it listens."""
        return listeners(self.get("listeners"))

    @property
    def advertised(self) -> tuple[Listener, ...]:
        """Where it tells clients to go."""
        return listeners(self.get("advertised.listeners"))

    @property
    def node_ids(self) -> tuple[int, ...]:
        """The node id of each pod in order; empty where they are not known."""
        names = [self.variable("node.id"), self.variable("broker.id")]
        name = next((n for n in names if n in self.server.given), "")
        value = whole(self.server.value(name)) if name and name not in self.server.script else None
        if value is None or self.replicas is None or "node.id" in self.server.script:
            return ()
        if self._is_ordinal(name):
            return tuple(range(value, value + self.replicas))
        return (value,) * self.replicas

    def _is_ordinal(self, name: str) -> bool:
        env = entries(self.server.container.get("env"))
        paths = [
            text_at(e, "valueFrom", "fieldRef", "fieldPath") for e in env if e.get("name") == name
        ]
        return any(map(_POD_INDEX.fullmatch, paths))

    @property
    def is_per_pod(self) -> bool:
        """Whether the advertised addresses may differ from pod to pod."""
        name = self.variable("advertised.listeners")
        env = entries(self.server.container.get("env"))
        written = [str(e.get("value") or "") for e in env if e.get("name") == name]
        return any("$" in value for value in written)


def listeners(value: str) -> tuple[Listener, ...]:
    """Returns the entries of a list of listeners."""
    if is_placeholder(value):
        return ()
    return tuple(
        Listener(name=f["name"].upper(), host=f["host"].lower(), port=int(f["port"]))
        for f in _LISTENER.finditer(value)
    )


def brokers(here: World) -> Iterator[Broker]:
    """Yields the containers of a world that run Kafka."""
    for server in servers(here):
        family, version = _family(server.image)
        is_tool = server.template.ref.kind in {"CronJob", "Job", "ScaledJob"}
        if family is not None and not is_tool and server.place.startswith("containers["):
            scaler = scaler_of(here, server.template)
            yield Broker(
                server=server,
                family=family,
                version=version,
                replicas=None if scaler else here.replicas(server.template),
                world=here,
            )


def _family(image: str) -> tuple[Family | None, tuple[int, ...]]:
    try:
        reference = ImageReference.parse(image)
    except ValueError:
        return None, ()
    *_, owner, name = ("", *reference.repository.split("/"))
    found = re.match(r"v?(\d{1,6})\.(\d{1,6})(?:\.(\d{1,6}))?", reference.tag)
    version = tuple(int(n) for n in found.groups() if n) if found else ()
    if not is_kafka_image(image) and name != "cp-server":
        return None, ()
    families = {
        ("apache", "kafka"): Family.APACHE,
        ("apache", "kafka-native"): Family.APACHE,
        ("confluentinc", "cp-kafka"): Family.CONFLUENT,
        ("confluentinc", "cp-server"): Family.CONFLUENT,
        ("bitnami", "kafka"): Family.BITNAMI,
        ("bitnamilegacy", "kafka"): Family.BITNAMI,
    }
    return families.get((owner, name)), version

"""What a Kafka broker says when it does not start: K01 to K05, K09, K10, K12, K13.

Texts are those of Apache Kafka in KRaft mode (`MetaPropertiesEnsemble`, `KafkaConfig`,
`LogManager`) and of the start scripts of the apache and Confluent images. What concerns a quorum
or its clients is in `quorum` and `kafka_clients`.
"""

from __future__ import annotations

from harness.diagnosis.pod_facts import ContainerFact
from harness.diagnosis.rules.start.text_causes import TextCause, matches
from harness.diagnosis.signal import T0, t1
from harness.manifests.server_images import is_kafka_image

_WIPE = "or delete the claims where their data may go"


def is_kafka(container: ContainerFact) -> bool:
    """Tells whether a container runs a Kafka broker or controller."""
    return not container.init and is_kafka_image(container.image)


ROWS: tuple[TextCause, ...] = (
    TextCause(
        cause="K05",
        pattern=matches(
            r"advertised\.listeners cannot use the nonroutable meta-address 0\.0\.0\.0"
        ),
        need=T0,
        rank=10,
        field="env[KAFKA_LISTENERS]",
        expected="an empty host where all addresses are meant, also for the CONTROLLER listener "
        "(PLAINTEXT://:9092,CONTROLLER://:9093)",
        fix="take 0.0.0.0 out of the listeners of container {container}",
    ),
    TextCause(
        cause="K10",
        pattern=matches(r"^port is deprecated\. Please use KAFKA_ADVERTISED_LISTENERS"),
        need=T0,
        rank=10,
        pod_field="enableServiceLinks",
        expected="no variable KAFKA_PORT: a Service called kafka sets it for every pod",
        fix="set enableServiceLinks: false, or rename the Service kafka",
    ),
    TextCause(
        cause="K03",
        pattern=matches(
            r"Cluster ID string (?P<id>\S+) does not appear to be a valid UUID"
            r"|CLUSTER_ID (?:environment variable )?(?:is )?(?:not set|required)"
        ),
        need=T0,
        rank=10,
        field="env[CLUSTER_ID]",
        expected="a CLUSTER_ID of 22 characters, the base64 form of 16 bytes",
        fix="set CLUSTER_ID to the output of `kafka-storage.sh random-uuid`",
    ),
    TextCause(
        cause="K12",
        pattern=matches(
            r"node id (?P<id>\d+) must (?:not )?be included in the set of voters(?P<rest>.*)"
            r"|If process\.roles contains .*(?:must|voters)"
        ),
        need=T0,
        rank=10,
        field="env[KAFKA_CONTROLLER_QUORUM_VOTERS]",
        expected="voters that name every controller's node id, and no other",
        fix="list the node id of every replica in controller.quorum.voters of this overlay",
    ),
    TextCause(
        cause="K01",
        pattern=matches(
            r"Invalid cluster\.id in: \S+ Expected (?P<wanted>\S+), but read (?P<stored>\S+)"
            r"|Cluster ID (?P<own>\S+) doesn't match stored clusterId (?:Some\()?(?P<kept>[^\s)]+)"
            r"|INCONSISTENT_CLUSTER_ID|InconsistentClusterId"
        ),
        need=t1(2, 10),
        rank=10,
        field="env[CLUSTER_ID]",
        expected="the cluster id that the volume was formatted with: {stored}{kept}",
        fix=f"set CLUSTER_ID to that id, {_WIPE}",
    ),
    TextCause(
        cause="K02",
        pattern=matches(
            r"Configured node\.id .(?P<wanted>\d+). doesn't match stored node\.id .(?P<stored>\d+)"
            r"|Stored node id (?P<kept>\d+) doesn't match previous node id"
        ),
        need=t1(2, 10),
        rank=10,
        field="env[KAFKA_NODE_ID]",
        expected="the node id that the volume belongs to: {stored}{kept}",
        fix=f"take the node id from the pod's ordinal, {_WIPE}",
    ),
    TextCause(
        cause="K09",
        pattern=matches(r"Found directory (?P<path>\S+), 'lost\+found' is not in the form of"),
        need=T0,
        rank=10,
        field="env[KAFKA_LOG_DIRS]",
        expected="log.dirs in a subfolder of the mount: a fresh volume holds lost+found",
        fix="set KAFKA_LOG_DIRS to a subfolder of the volume's mountPath",
    ),
    TextCause(
        cause="K04",
        pattern=matches(r"No readable meta\.properties files found"),
        need=t1(2, 10),
        rank=12,
        expected="log.dirs formatted for this cluster before the broker starts",
        fix="run `kafka-storage.sh format` in the entrypoint or an init container",
    ),
    TextCause(
        cause="K13",
        pattern=matches(
            r"/var/lib/kafka/data\S*.*not writable|file not writable|path \S+ writable\]? FAILED"
            r"|AccessDeniedException: (?P<path>\S+)"
        ),
        need=t1(2, 10),
        rank=14,
        pod_field="securityContext.fsGroup",
        expected="a data folder that the broker's user may write",
        fix="set fsGroup of the pod to the group of the image's user (1000)",
        only=lambda ending: is_kafka(ending.container),
    ),
)

"""The form of what is said of a Kafka container. Pure."""

from __future__ import annotations

from harness.audit.checks.kafka_brokers import Broker
from harness.audit.finding import Fault, Severity


def fault(
    broker: Broker,
    *,
    cause: str,
    seen: str,
    expected: str,
    fix: str,
    field: str,
    value: str = "",
    degree: Severity | None = None,
) -> Fault:
    """Returns a fault of the rule `kafka-kraft-config` about a field of the container."""
    server = broker.server
    return Fault(
        rule="kafka-kraft-config",
        object=server.template.ref,
        severity=degree,
        cause=cause,
        message=f"{server.place} of {server.template.ref} {seen}",
        expected=expected,
        fix=fix,
        field=server.field(field),
        value=value,
        source=server.template.declared.source.path,
    )

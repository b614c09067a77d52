"""Kafka in KRaft mode, by what brokers, their peers and their clients say: K01 to K13.

One exit after 60 s without a quorum is normal while it forms (`initial.broker.registration.
timeout.ms`); nothing here counts it. Texts are in `kafka_texts`, names of peers in `quorum`,
policies between peers (K08) in `network_policies`, clients in `kafka_clients`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from harness.diagnosis.facts import Facts
from harness.diagnosis.rules.data.kafka_clients import (
    advertised_name_is_wrong,
    replication_factor_is_too_high,
)
from harness.diagnosis.rules.data.kafka_texts import ROWS
from harness.diagnosis.rules.data.quorum import names_of_unready_pods_are_not_published
from harness.diagnosis.rules.start.text_causes import signals
from harness.diagnosis.signal import Signal


def broker_does_not_start(facts: Facts) -> Iterable[Signal]:
    """Finds what a broker says about its own start."""
    return signals(facts, ROWS)


RULES: tuple[Callable[[Facts], Iterable[Signal]], ...] = (
    broker_does_not_start,
    names_of_unready_pods_are_not_published,
    advertised_name_is_wrong,
    replication_factor_is_too_high,
)

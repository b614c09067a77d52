"""The schedule phase: pods without a node, pods never created, workloads told to run nothing.

Only the list of rules; each family of causes has a module: `insufficient` (H01), `unplaceable`
(H02), `crowded` (H02, H03), `refused_pods` (H04, H06, H07), `pod_security` (H05), `stopped` (H08),
`replacement` (H10, H11), `missing_classes` (H12), `invalid_pods` (H13). H09 gives no signal: the
pod before has the cause.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from harness.diagnosis.facts import Facts
from harness.diagnosis.rules.schedule.crowded import other_pods_in_the_way
from harness.diagnosis.rules.schedule.insufficient import insufficient_room
from harness.diagnosis.rules.schedule.invalid_pods import pods_invalid
from harness.diagnosis.rules.schedule.missing_classes import class_missing
from harness.diagnosis.rules.schedule.pod_security import pod_security_refuses
from harness.diagnosis.rules.schedule.refused_pods import (
    account_missing,
    quota_exceeded,
    webhook_refuses,
)
from harness.diagnosis.rules.schedule.replacement import headless_service_absent, old_pod_blocks
from harness.diagnosis.rules.schedule.stopped import gated, paused, suspended, zero_replicas
from harness.diagnosis.rules.schedule.unplaceable import daemon_sets_on_no_node, no_node_admits
from harness.diagnosis.signal import Signal

RULES: tuple[Callable[[Facts], Iterable[Signal]], ...] = (
    insufficient_room,
    no_node_admits,
    daemon_sets_on_no_node,
    other_pods_in_the_way,
    quota_exceeded,
    pod_security_refuses,
    account_missing,
    webhook_refuses,
    class_missing,
    pods_invalid,
    zero_replicas,
    paused,
    gated,
    suspended,
    old_pod_blocks,
    headless_service_absent,
)

"""Containers that do not start, or start and end: P01 to P17, the most exact word first.

An exit is read in this order: reason, code, message, the first crash's log, events. What pins a
cause by its text comes first (`refused_starts`, `exit_texts`, `variables`), then what the kubelet
says of its own deed (`killed`, `sandbox`), last a program's own error (`crashes`). A running init
container waits for something; that is its work and never a signal (P07).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from harness.diagnosis.facts import Facts
from harness.diagnosis.rules.cluster.sandbox import sandbox_cannot_be_built
from harness.diagnosis.rules.start.crashes import jobs_that_gave_up, out_of_memory, own_errors
from harness.diagnosis.rules.start.exit_texts import last_words_name_the_cause
from harness.diagnosis.rules.start.killed import killed_by_probe, start_hook_fails
from harness.diagnosis.rules.start.refused_starts import may_not_run_as_root, runtime_refuses
from harness.diagnosis.rules.start.variables import (
    required_variable_is_missing,
    service_links_override_configuration,
)
from harness.diagnosis.signal import Signal

RULES: tuple[Callable[[Facts], Iterable[Signal]], ...] = (
    runtime_refuses,
    may_not_run_as_root,
    last_words_name_the_cause,
    required_variable_is_missing,
    service_links_override_configuration,
    out_of_memory,
    killed_by_probe,
    start_hook_fails,
    sandbox_cannot_be_built,
    own_errors,
    jobs_that_gave_up,
)

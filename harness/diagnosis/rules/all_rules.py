"""All rules, in the order of the phases; a new family is added here."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from harness.diagnosis.facts import Facts
from harness.diagnosis.rules import (
    admission,
    application_sets,
    applications,
    cluster,
    configuration,
    emptiness,
    image,
    kafka,
    network,
    postgres,
    probe,
    pull_secret,
    repo,
    schedule,
    start,
    storage,
)
from harness.diagnosis.signal import Signal

Rule = Callable[[Facts], Iterable[Signal]]

RULES: tuple[Rule, ...] = (
    *repo.RULES,
    *application_sets.RULES,
    *applications.RULES,
    *admission.RULES,
    *emptiness.RULES,
    *cluster.RULES,
    *schedule.RULES,
    *storage.RULES,
    *image.RULES,
    *pull_secret.RULES,
    *configuration.RULES,
    *start.RULES,
    *postgres.RULES,
    *kafka.RULES,
    *probe.RULES,
    *network.RULES,
)

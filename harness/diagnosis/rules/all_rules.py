"""All rules, in the order of the phases; a new family is added here."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from harness.diagnosis.facts import Facts
from harness.diagnosis.rules.argocd import admission, application_sets, applications, emptiness
from harness.diagnosis.rules.cluster import cluster
from harness.diagnosis.rules.data import kafka, postgres
from harness.diagnosis.rules.image import image
from harness.diagnosis.rules.network import network
from harness.diagnosis.rules.probe import probe
from harness.diagnosis.rules.repo import repo
from harness.diagnosis.rules.schedule import schedule
from harness.diagnosis.rules.secret import configuration, pull_secret
from harness.diagnosis.rules.start import start
from harness.diagnosis.rules.storage import storage
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

"""Autoscalers and budgets are waited for, except those by metrics that nothing here serves."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

from harness.model.refs import ObjectRef
from harness.model.repository import RenderedApplication
from harness.stages.scaling import declared_scaling
from tests.adaptation.objects import scaler, workload


def test_what_is_waited_for() -> None:
    budget = {"kind": "PodDisruptionBudget", "metadata": {"name": "web"}}
    objects = (workload("web"), scaler("web", 1, "Resource"), scaler("mail", 1, "External"), budget)
    application = SimpleNamespace(application=SimpleNamespace(namespace="shop"), objects=objects)
    assert declared_scaling((cast("RenderedApplication", application),)) == (
        ObjectRef("HorizontalPodAutoscaler", "shop", "web"),
        ObjectRef("PodDisruptionBudget", "shop", "web"),
    )

"""What a repository declares, as the header of a timeline holds it. Pure."""

from __future__ import annotations

from typing import Any

from harness.model.repository import Declaration
from harness.model.timeline import DeclaredObject

ENGINE_NAMESPACE = "argocd"
"""Where bootstrap objects without a namespace of their own are applied."""


def declared_objects(declaration: Declaration) -> tuple[DeclaredObject, ...]:
    """Returns every rendered object with its Application, the bootstrap's objects last."""
    rendered = [
        DeclaredObject(object=obj, application=app.application.name or app.application.path)
        for app in declaration.applications
        for obj in app.objects
    ]
    engine = [DeclaredObject(object=_in_engine_namespace(obj)) for obj in declaration.bootstrap]
    return (*rendered, *engine)


def expected_applications(declaration: Declaration) -> tuple[str, ...]:
    """Returns the names of the Applications that must come about, as far as they are known."""
    names = (app.application.name for app in declaration.applications)
    return tuple(name for name in names if name)


def _in_engine_namespace(obj: dict[str, Any]) -> dict[str, Any]:
    meta = dict(obj.get("metadata") or {})
    return {**obj, "metadata": {"namespace": ENGINE_NAMESPACE, **meta}}

"""Begins to watch the cluster: from the first sync to the end of the run, one observer.

Says what is declared and promised, so that the absence of an object can be judged; everything else
it learns from the cluster.
"""

from __future__ import annotations

from harness.gitops.argocd_manifest import NAMESPACE
from harness.model.declared import declared_objects, expected_applications
from harness.model.refs import ObjectRef
from harness.model.repository import Declaration
from harness.model.secret import redact
from harness.model.timeline import Header
from harness.stages.context import Context
from harness.watch.observer import Observer


def observer(context: Context) -> Observer:
    """Returns the run's observer; the first call starts it."""
    if not context.observer.known:
        made = Observer(
            context.kube.get(),
            header(context),
            clock=context.clock,
            mask=lambda text: redact(text, context.secrets),
        )
        context.observer.put(made)
        made.__enter__()
    return context.observer.get()


def header(context: Context) -> Header:
    """Returns what the run declares and promises."""
    declaration = context.declaration.get()
    return Header(
        started=context.clock.now().timestamp(),
        environment=declaration.environment,
        revision=context.revision.get(),
        namespaces=declaration.namespaces,
        engine_namespace=NAMESPACE,
        declared=declared_objects(declaration),
        expected_applications=expected_applications(declaration),
        provided=_provided(context, declaration),
    )


def _provided(context: Context, declaration: Declaration) -> tuple[ObjectRef, ...]:
    return tuple(
        ObjectRef("Secret", use.namespace, use.name)
        for use in declaration.secrets
        if not use.optional and not context.withheld(use.name, f"{use.namespace}/{use.name}")
    )

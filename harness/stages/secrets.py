"""Stage "secrets": what the repository expects the cluster to hold."""

from __future__ import annotations

import secrets as random_source

from harness.model.refs import ObjectRef
from harness.model.repository import SecretUse
from harness.secrets.apply import apply_secrets, keep_existing
from harness.secrets.plan import RegistryLogin, SecretSources, plan_secrets
from harness.stages.context import Context
from harness.stages.stage import Voice


def secrets(context: Context, voice: Voice, login: RegistryLogin) -> str:
    """Creates every secret that is referred to and that nobody declares."""
    declaration, kube = context.declaration.get(), context.kube.get()
    sources = SecretSources(
        settings=context.settings.secrets,
        environment=context.options.environment_variables,
        login=login,
        generate=lambda: random_source.token_urlsafe(18),
    )
    wanted = [s for s in declaration.secrets if not context.withheld(s.name, _path(s))]
    planned = plan_secrets(wanted, sources)
    context.secrets += [value for p in planned for value in p.sensitive]
    if context.reused:
        planned = keep_existing(kube, planned)
    voice.say(", ".join(sorted({p.name for p in planned})))
    count = apply_secrets(kube, planned, context.kube_labels)
    context.run.notes += [
        f"{ObjectRef('Secret', p.namespace, p.name)} was made by the harness ({p.origin}); "
        "the repository refers to it and does not declare it"
        for p in planned
    ]
    names = ", ".join(sorted({p.name for p in planned})) or "none were missing"
    return f"{count} created: {names}"


def _path(use: SecretUse) -> str:
    return f"{use.namespace}/{use.name}"

"""Brings the tree as it is now as far as the Git server: rendered, images delivered, published.

Nothing of it reaches the cluster's workloads before all of it has succeeded, so a tree that cannot
be read or built leaves the last good revision as it is. What did not change is not done again.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.config import load_settings
from harness.gitops.argocd import apply_bootstrap
from harness.loop.adapting import adaptation_key
from harness.loop.delivering import deliver_changed
from harness.loop.session import Addressed, Expected, Session
from harness.loop.steps import Steps
from harness.loop.verdicts import AuditChange, audit_change
from harness.model.errors import UsageError
from harness.repo.yaml_files import SUFFIXES, parse_objects
from harness.stages.adaptation import adaptation
from harness.stages.audit import audit
from harness.stages.context import Context
from harness.stages.names import addresses, names
from harness.stages.secrets import secrets
from harness.stages.source import source
from harness.stages.stage import Listener, Voice


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A revision that the Git server offers, and what it changed."""

    context: Context
    published: bool
    """False when the commit is that of the round before."""
    delivered: tuple[str, ...]
    """Declared references of the images that were delivered for it."""
    audit: AuditChange
    steps: tuple[tuple[str, float], ...] = ()
    """What was done for it, and the seconds of each."""


def prepare(session: Session, written: tuple[str, ...], listener: Listener) -> Prepared:
    """Prepares the tree for a verdict and remembers what was done.

    Raises:
        HarnessError: The tree cannot be read, rendered, built or published; then nothing of it
            was published. An `EngineError` alone means that Argo CD refuses its bootstrap.
    """
    root = session.base.options.repository
    check_engine_files(root, written)
    context = session.new_context(load_settings(root))
    steps = Steps(context.run, listener, context.clock)
    steps.do("render", "Render", lambda voice: audit(context, voice))
    _address(session, context, steps)
    delivered = deliver_changed(session, context, steps)
    _expect(session, context, steps)
    _adapt(session, context, steps)
    steps.do("publish", "Publish", lambda voice: source(context, voice))
    _bootstrap(session, context, steps)
    return _remember(session, context, delivered)


def _remember(session: Session, context: Context, delivered: tuple[str, ...]) -> Prepared:
    root = session.base.options.repository
    before, session.revision = session.revision, context.revision.get()
    found = tuple(context.run.audit)
    change, session.audit = audit_change(session.audit, found), found
    session.contexts = frozenset(
        planned.context.relative_to(root).as_posix()
        for planned in context.plan.get()
        if planned.context is not None and planned.context.is_relative_to(root)
    )
    return Prepared(
        context=context,
        published=before != session.revision,
        delivered=delivered,
        audit=change,
        steps=tuple((stage.name, stage.seconds) for stage in context.run.stages),
    )


def _address(session: Session, context: Context, steps: Steps) -> None:
    """Lets registry and nodes know of new images and of new hosts."""
    wanted = addressed(context)
    if wanted == session.addressed:
        return
    if session.addressed is not None and wanted.git != session.addressed.git:
        raise UsageError(
            attempted="Following",
            subject="the Git addresses that the repository declares",
            seen=f"they were {', '.join(session.addressed.git)} and are {', '.join(wanted.git)}",
            expected="the same as at the start: the cluster's DNS and certificates are made for it",
            next_step="quit, harness down, and start the loop again",
        )
    steps.do("names", "Names", lambda voice: names(context, voice, session.shared))
    session.addressed = wanted


def addressed(context: Context) -> Addressed:
    """Returns what names must be true for a tree."""
    return Addressed(
        git=tuple(sorted(f"{a.host}:{a.port}/{a.folder}" for a in addresses(context))),
        images=frozenset((p.use.declared, p.private) for p in context.plan.get()),
    )


def _expect(session: Session, context: Context, steps: Steps) -> None:
    """Makes the secrets that the tree newly expects."""
    wanted = Expected(
        uses=context.declaration.get().secrets, settings=repr(context.settings.secrets)
    )
    if wanted == session.expected:
        return
    login = session.shared.login
    steps.do("secrets", "Secrets", lambda voice: secrets(context, voice, login))
    session.expected = wanted


def _adapt(session: Session, context: Context, steps: Steps) -> None:
    """Gives the cluster the classes that the tree newly names; nodes stay as they are."""
    wanted = adaptation_key(context)
    if wanted != session.adapted:
        steps.do("adaptation", "Adaptation", lambda voice: adaptation(context, voice))
        session.adapted = wanted


def _bootstrap(session: Session, context: Context, steps: Steps) -> None:
    """Applies the bootstrap unless it is what was applied last."""
    wanted = context.declaration.get().bootstrap
    if wanted == session.bootstrap:
        return
    session.bootstrap = None

    def apply(_voice: Voice) -> str:
        apply_bootstrap(context.kube.get(), wanted)
        return f"{len(wanted)} objects applied"

    steps.do("bootstrap", "Bootstrap", apply)
    session.bootstrap = wanted


def check_engine_files(root: Path, written: tuple[str, ...]) -> None:
    """Refuses a half-written file of Argo CD's objects; discovery would pass over it silently.

    Raises:
        RepositoryError: One of the written files is no YAML.
    """
    for name in written:
        path = root / name
        if not name.endswith(SUFFIXES) or not path.is_file():
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        if "argoproj.io/" in text and "{{-" not in text:
            parse_objects(text, name)

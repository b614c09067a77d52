"""Which digest each declared image stands for now, as far as somebody can be asked.

A kept run has a registry of its own, which answers for every declared name; elsewhere the Docker
daemon asks the real registries, with its own proxies and logins. A reference with a digest needs no
answer. Who cannot be asked is said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from harness.cluster.runs import RunFolder
from harness.io.clock import SystemClock
from harness.io.docker import DockerDaemon
from harness.io.docker_pull import PullingDaemon
from harness.io.registry_http import RegistryError, RegistryHttp
from harness.model.errors import BundleError, RunnerError
from harness.model.refs import ImageReference
from harness.model.registry import RegistryRepository, registry_repository
from harness.model.repository import ImageUse
from harness.model.secret import Secret
from harness.names.gate_settings import SETTINGS
from harness.names.registry_config import PORT
from harness.names.token_service import Settings, signed_token

UPSTREAM_SECONDS = 15.0
AT_ONCE = 8
Resolve = Callable[[ImageReference], str]
"""Returns the digest of a reference; raises one of `REFUSALS` where nobody tells."""
REFUSALS = (BundleError, RegistryError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Digests:
    """What was answered."""

    known: Mapping[str, str] = field(default_factory=dict)
    """Declared image -> digest."""
    notes: tuple[str, ...] = ()


def digests(uses: Iterable[ImageUse], run: RunFolder | None) -> Digests:
    """Returns the digests of the declared images."""
    asked = [use for use in uses if not use.reference.digest]
    try:
        resolve = upstream() if run is None else own_registry(run)
    except (RunnerError, OSError, KeyError, ValueError) as error:
        seen = error.seen if isinstance(error, RunnerError) else type(error).__name__
        return Digests(notes=(f"no registry could be asked for digests: {seen}",))
    return resolved(asked, resolve)


def resolved(uses: Iterable[ImageUse], resolve: Resolve) -> Digests:
    """Returns the digests that are told, and a note on those that are not."""

    def ask(use: ImageUse) -> tuple[str, str]:
        try:
            return use.declared, resolve(use.reference)
        except REFUSALS:
            return use.declared, ""

    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = dict(pool.map(ask, uses))
    silent = sorted(image for image, digest in answers.items() if not digest)
    note = f"digest not told by a registry, so not compared: {', '.join(silent)}"
    return Digests(
        known={image: digest for image, digest in answers.items() if digest},
        notes=(note,) if silent else (),
    )


def upstream() -> Resolve:
    """Returns a function that asks the real registries.

    Raises:
        RunnerError: No Docker daemon answers.
    """
    daemon = PullingDaemon.connect()
    return lambda ref: daemon.resolve_digest(str(ref), deadline_seconds=UPSTREAM_SECONDS)


def own_registry(run: RunFolder) -> Resolve:
    """Returns a function that asks the registry of a kept run.

    Raises:
        RunnerError: No Docker daemon answers, or the registry does not run.
        OSError: The run's token settings cannot be read.
    """
    registry = RegistryHttp(registry_url(run), tokens(run))
    return lambda ref: registry.digest(registry_repository(ref), ref.tag)


def registry_url(run: RunFolder) -> str:
    """Returns where the registry of a kept run answers on this machine.

    Raises:
        RunnerError: No Docker daemon answers, or the registry does not run.
    """
    name = f"gitops-harness-{run.state.run_id}-registry"
    started = DockerDaemon.connect().running(name, run.state.network)
    if started is None:
        raise RunnerError(
            attempted="Asking for digests",
            subject=name,
            seen=f"the container {name} does not run",
            expected="the registry of the kept run",
            next_step="harness up",
        )
    return f"http://127.0.0.1:{started.ports[PORT]}"


def tokens(
    run: RunFolder, actions: Iterable[str] = ("pull",)
) -> Callable[[Iterable[RegistryRepository]], Secret]:
    """Returns a function that mints tokens for the registry of a run, by its own key.

    Raises:
        OSError: The run's token settings cannot be read.
    """
    settings = Settings.read(run.path / "gate" / SETTINGS)

    def mint(repositories: Iterable[RegistryRepository]) -> Secret:
        access = [
            {"type": "repository", "name": name, "actions": list(actions)}
            for name in sorted(set(repositories))
        ]
        token = signed_token(
            key=settings.key,
            certificate=settings.certificate,
            issuer=settings.issuer,
            service=settings.service,
            subject="gitops-harness",
            access=access,
            now=SystemClock().now().timestamp(),
        )
        return Secret(token)

    return mint

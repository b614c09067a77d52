"""Asks the image registries whether they answer, all at once and with one deadline.

Only the version endpoint `/v2/` of the distribution protocol is asked; any answer of a registry
counts, a login prompt (401) included. A proxy's page does not. Nothing is pulled here.
"""

from __future__ import annotations

import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from email.message import Message

from harness.doctor.examination import RegistryReading
from harness.io.clock import Clock

HOSTS = {
    "docker.io": "registry-1.docker.io",
    "quay.io": "quay.io",
    "ghcr.io": "ghcr.io",
    "registry.k8s.io": "registry.k8s.io",
}
"""Name in image references -> host that serves it."""

DEADLINE_SECONDS = 3.0

Answer = tuple[int, Mapping[str, str]]
"""HTTP status and headers with lower-case names."""

Ask = Callable[[str, float], Answer]
"""Sends one GET with a deadline in seconds; raises OSError where nothing answered."""


def ask_over_https(url: str, deadline_seconds: float) -> Answer:
    """Returns status and headers; trusts what the system trusts, uses the configured proxy.

    Raises:
        OSError: No answer: name, connection, certificate or deadline.
    """
    request = urllib.request.Request(url, headers={"User-Agent": "gitops-harness"})
    context = ssl.create_default_context()
    try:
        with urllib.request.urlopen(request, timeout=deadline_seconds, context=context) as answer:
            return answer.status, _lowered(answer.headers)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, _lowered(error.headers)


def _lowered(headers: Message) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def is_registry(status: int, headers: Mapping[str, str]) -> bool:
    """True for an answer only a registry gives; a proxy's block page or login page is none."""
    if "docker-distribution-api-version" in headers:
        return True
    return status in {200, 401} and "html" not in headers.get("content-type", "")


def judge_answer(status: int, headers: Mapping[str, str]) -> tuple[bool, str]:
    """Returns whether this is a registry, and why in a few words."""
    if is_registry(status, headers):
        return True, f"HTTP {status}"
    return False, f"HTTP {status} from {headers.get('server', 'something')} that is no registry"


def ask_registries(
    *, ask: Ask, clock: Clock, deadline_seconds: float = DEADLINE_SECONDS
) -> tuple[RegistryReading, ...]:
    """Asks all registries side by side; takes no longer than the deadline.

    Threads are daemons on purpose: a name server that never answers must not hold the program.
    """
    results: dict[str, RegistryReading] = {}
    began = clock.monotonic()

    def visit(host: str) -> None:
        reachable, detail = _visit(host, ask, deadline_seconds)
        seconds = clock.monotonic() - began
        results[host] = RegistryReading(
            host=host, reachable=reachable, detail=detail, seconds=seconds
        )

    threads = [threading.Thread(target=visit, args=(host,), daemon=True) for host in HOSTS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, began + deadline_seconds - clock.monotonic()))
    return tuple(results.get(host) or _silent(host, deadline_seconds) for host in HOSTS)


def _visit(host: str, ask: Ask, deadline_seconds: float) -> tuple[bool, str]:
    try:
        status, headers = ask(f"https://{HOSTS[host]}/v2/", deadline_seconds)
    except (OSError, ValueError) as error:  # ValueError: an unusable proxy setting
        return False, _short(error)
    return judge_answer(status, headers)


def _short(error: Exception) -> str:
    """Returns the innermost reason without its number ("Name or service not known")."""
    reason = getattr(error, "reason", None) or error
    words = getattr(reason, "strerror", None) or str(reason)
    return str(words)[:120] or type(error).__name__


def _silent(host: str, deadline_seconds: float) -> RegistryReading:
    return RegistryReading(
        host=host,
        reachable=False,
        detail=f"no answer within {deadline_seconds:g} s",
        seconds=deadline_seconds,
    )

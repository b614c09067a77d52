"""Runs `kustomize build` quickly, within a deadline and without a way to the network.

A build is short and allocates much, so Go's collector only costs time: it is off until the build's
share of memory is in use. Without leave to fetch, kustomize finds no `git` and a proxy that answers
nothing: a remote base that was not recognised before fails at once instead of waiting for half a
minute (kustomize gives `git` 27 s).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.io.process import Completed, Runner

DEADLINE_SECONDS = 90
"""Argo CD's own limit for one rendering (`ARGOCD_EXEC_TIMEOUT`)."""
_NO_PROXY_ANSWERS = "http://127.0.0.1:9"
OFFLINE = {
    "PATH": "/var/empty",
    "HTTP_PROXY": _NO_PROXY_ANSWERS,
    "HTTPS_PROXY": _NO_PROXY_ANSWERS,
    "http_proxy": _NO_PROXY_ANSWERS,
    "https_proxy": _NO_PROXY_ANSWERS,
    "NO_PROXY": "",
    "no_proxy": "",
}
_WARNING = "# Warning: "
_TRIED_TO_FETCH = ("no 'git' program on path", "proxyconnect tcp")


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What one build may use."""

    cores: int = 0
    """0 for all."""
    mebibytes: int = 512

    @classmethod
    def among(cls, builds: int) -> Share:
        """Returns the share of each of several builds that run side by side."""
        return cls(cores=1 if builds > 1 else 0, mebibytes=min(512, max(128, 2048 // builds)))

    def environment(self) -> dict[str, str]:
        """Returns the variables by which Go keeps to it."""
        found = {"GOGC": "off", "GOMEMLIMIT": f"{self.mebibytes}MiB"}
        return {**found, "GOMAXPROCS": str(self.cores)} if self.cores else found


def build(
    folder: Path,
    *,
    kustomize: Path,
    runner: Runner,
    cwd: Path,
    options: Sequence[str] = (),
    fetch: bool = False,
    share: Share | None = None,
) -> Completed:
    """Builds a folder.

    Args:
        folder: Holds the kustomization.
        kustomize: The program.
        runner: Runs it.
        cwd: The repository.
        options: Flags of `kustomize build`.
        fetch: Whether remote bases may be fetched.
        share: What it may use; None for a build that runs alone.
    """
    env = (share or Share()).environment()
    return runner.run(
        [str(kustomize), "build", str(folder), *options],
        deadline_seconds=DEADLINE_SECONDS,
        cwd=cwd,
        env=env if fetch else {**env, **OFFLINE},
    )


def tried_to_fetch(stderr: str) -> bool:
    """Tells whether a build failed because it was not allowed to fetch something."""
    return any(text in stderr for text in _TRIED_TO_FETCH)


def warnings_of(stderr: str) -> tuple[str, ...]:
    """Returns what a build warned of, each once."""
    lines = (line.strip() for line in stderr.splitlines())
    found = (line.removeprefix(_WARNING) for line in lines if line.startswith(_WARNING))
    return tuple(dict.fromkeys(found))


def without_warnings(stderr: str) -> str:
    """Returns what a build said besides warnings."""
    lines = (line for line in stderr.splitlines() if not line.startswith(_WARNING))
    return "\n".join(lines).strip()

"""Facts about the machine that decide how Docker and the cluster are set up.

The doctor finds them; the cluster room adapts the kind configuration to them, and only to them, so
that `kind-config.yaml` stays what a user on an ordinary laptop writes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class HostFacts:
    """What this machine is, as far as containers care."""

    system: str
    """`Linux`, `Darwin` ..."""
    distribution: str
    """`debian`, `ubuntu`, ... from os-release `ID`; empty elsewhere."""
    is_root: bool
    cgroup_version: int
    """1 or 2; 0 where it could not be told."""
    missing_capabilities: tuple[str, ...]
    """What `--privileged` asks for and the bounding set lacks, e.g. CAP_SYS_RESOURCE."""
    extra_ca_files: tuple[Path, ...]
    """CA certificates added by this machine's owner (intercepted TLS, corporate proxies)."""
    processors: int
    memory_bytes: int

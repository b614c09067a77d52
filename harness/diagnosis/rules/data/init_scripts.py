"""What a database's image says when one of its init scripts fails, and where the scripts come from.

The official images run `/docker-entrypoint-initdb.d/*` once, on an empty data directory, and stop
at the first error (`psql -v ON_ERROR_STOP=1`, `set -e`; docker-library/postgres).
"""

from __future__ import annotations

from harness.diagnosis.pod_facts import ContainerFact
from harness.diagnosis.rules.start.text_causes import matches
from harness.manifests.pods import field_prefix

FOLDER = "/docker-entrypoint-initdb.d"
INIT_FAILED = matches(
    rf"psql:(?P<sql>{FOLDER}/[^\s:]+):\d+: (?:ERROR|FATAL|error):.*"
    rf"|(?P<script>{FOLDER}/[^\s:]+): (?:line \d+: )?.*"
    r"(?:error|denied|not found|no such file|unbound variable|bad interpreter).*"
)


def init_field(container: ContainerFact) -> str:
    """Returns the path of the volume that holds the init scripts, else of the container."""
    prefix = field_prefix(container.workload.kind)
    for mount in container.spec.get("volumeMounts") or []:
        if str(mount.get("mountPath") or "").startswith(FOLDER):
            return f"{prefix}.volumes[{mount.get('name')}]"
    return f"{prefix}.{container.field}"

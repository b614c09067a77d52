"""Variables that the kubelet sets for Services and a program takes for its own: K10, P13. Pure.

For each Service with an address, `<NAME>_PORT=tcp://...` is set in pods of its namespace that start
later, unless the container sets that variable itself or `enableServiceLinks` is false (Kubernetes,
"Accessing the Service"). Which variables a program reads is known for some images that are started
as they are, and where the manifest itself refers to one that nobody sets.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from harness.audit.checks.server_settings import Server, servers
from harness.audit.finding import Fault, NotJudged, Severity
from harness.audit.reading import at, entries, text
from harness.audit.scope import Scope
from harness.audit.world import World, separate
from harness.connectivity.services import external_name, is_headless

if TYPE_CHECKING:  # all_checks imports this module
    from harness.audit.checks.all_checks import ScopeCheck

READERS: tuple[tuple[re.Pattern[str], str, str], ...] = tuple(
    (re.compile(rf"(?:^|/)(?:{image})(?:[:@]|$)"), variable, cause)
    for image, variable, cause in (
        (r"apache/kafka|cp-kafka|cp-server", "KAFKA_PORT", "K10"),
        (r"cp-schema-registry", "SCHEMA_REGISTRY_PORT", "P13"),
        (r"cp-kafka-rest", "KAFKA_REST_PORT", "P13"),
        (r"superset", "SUPERSET_PORT", "P13"),
        (r"mlflow", "MLFLOW_PORT", "P13"),
        (r"mher/flower", "FLOWER_PORT", "P13"),
        (r"paperless-ngx", "PAPERLESS_PORT", "P13"),
    )
)
"""Images, a variable that they want a number in (or not at all), and the cause."""
_REFERENCE = re.compile(r"\$[({](?P<name>[A-Z][A-Z0-9_]*_PORT)[)}]")


def services_set_no_variable(scope: Scope) -> Iterable[Fault | NotJudged]:
    """Yields containers that read a variable which a Service's name sets."""
    for here in separate(scope):
        for server in servers(here):
            if server.template.spec.get("enableServiceLinks") is False or not server.is_whole:
                continue
            linked = _linked(here, server.template.ref.namespace)
            for variable, cause, severity in _read(server):
                if variable in linked and variable not in server.given:
                    yield _fault(server, variable, cause, linked[variable], severity)


def _linked(here: World, namespace: str) -> dict[str, str]:
    """Returns the variables that the Services of a namespace set, with the Services."""
    key = f"service links of {namespace}"
    linked: dict[str, str] = here.memo(key, lambda: _links(here, namespace))
    return linked


def _links(here: World, namespace: str) -> dict[str, str]:
    found = here.inventory.services_of(namespace)
    return {
        f"{name.upper().replace('-', '_')}_PORT": name
        for name, service in found.items()
        if not is_headless(service) and not external_name(service)
    }


def _read(server: Server) -> Iterator[tuple[str, str, Severity | None]]:
    """Yields the variables that a container reads; a mere reference may want the address."""
    for pattern, variable, cause in READERS:
        if pattern.search(server.image) and not _is_other_program(server):
            yield variable, cause, None
    values = [str(e.get("value") or "") for e in entries(server.container.get("env"))]
    for found in _REFERENCE.finditer(" ".join((server.script, *values))):
        if f"{found['name']}=" not in server.script:
            yield found["name"], "P13", Severity.NOTE


def _is_other_program(server: Server) -> bool:
    """Whether the image's own start is replaced, or told the port."""
    is_own = not server.words or "docker/run" in server.script or "entrypoint" in server.script
    return not is_own or "port" in server.script.lower()


def _fault(
    server: Server, variable: str, cause: str, service: str, severity: Severity | None
) -> Fault:
    field = f"{server.template.prefix}.enableServiceLinks"
    is_said = at(server.template.spec, "enableServiceLinks") is not None
    return Fault(
        rule="service-links-override",
        object=server.template.ref,
        severity=severity,
        cause=cause,
        message=f"{server.place} of {server.template.ref} ({text(server.container.get('image'))}) "
        f"reads {variable}, and Service {service} of its namespace sets it to tcp://<address>",
        expected="enableServiceLinks: false, or a Service of another name",
        fix=f"set {field}: false",
        field=field if is_said else server.template.prefix,
        source=server.template.declared.source.path,
    )


CHECKS: tuple[ScopeCheck, ...] = (services_set_no_variable,)

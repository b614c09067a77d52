"""Ports that the API server refuses: numbers in quotes, and numbers that no port has. Pure.

`targetPort` of a Service and `port` of a probe or hook are a number or a name (IntOrString); a text
of digits is refused as `must contain at least one letter` (apimachinery `IsValidPortName`), a
number as not `between 1 and 65535` (`IsValidPortNum`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from harness.audit.checks.probes import HOOKS, PROBES
from harness.audit.finding import Fault, NotJudged
from harness.audit.pods import containers, pod_spec, prefix
from harness.audit.reading import at, items, mapping, text
from harness.audit.scope import Declared, Scope
from harness.audit.sound import is_native

if TYPE_CHECKING:  # all_checks imports this module
    from harness.audit.checks.all_checks import ScopeCheck

HIGHEST = 65535


def ports_are_numbers(scope: Scope) -> Iterable[Fault | NotJudged]:
    """Yields the ports that are written as a text of digits."""
    for each in scope.declared:
        if is_native(each.object):
            for field, port in (*_of_service(each.object), *_of_pods(each.object)):
                if isinstance(port, str) and port.isascii() and port.isdecimal():
                    yield _fault(each, field, port)


def ports_are_in_range(scope: Scope) -> Iterable[Fault | NotJudged]:
    """Yields the ports that are no number from 1 to 65535."""
    for each in scope.declared:
        if is_native(each.object):
            listed = (*_own(each.object), *_of_service(each.object), *_of_pods(each.object))
            for field, port in listed:
                is_number = isinstance(port, int) and not isinstance(port, bool)
                if is_number and not _is_port(field, port):
                    yield _out_of_range(each, field, port)


def _is_port(field: str, port: int) -> bool:
    """Whether the API server takes a number; zero stands for none where a port may be left out."""
    least = 0 if field.endswith(("hostPort", "targetPort")) else 1
    return least <= port <= HIGHEST


def _own(obj: Any) -> Iterator[tuple[str, Any]]:
    """Yields the ports of a Service and the ports that containers declare."""
    if mapping(obj).get("kind") == "Service":
        for position, entry in enumerate(items(at(obj, "spec", "ports"))):
            place = text(at(entry, "name")) or str(position)
            yield f"spec.ports[{place}].port", at(entry, "port")
    spec = pod_spec(obj)
    for place, container in containers(spec) if spec is not None else ():
        for position, entry in enumerate(items(container.get("ports"))):
            field = f"{prefix(obj)}.{place}.ports[{text(at(entry, 'name')) or position}]"
            yield f"{field}.containerPort", at(entry, "containerPort")
            yield f"{field}.hostPort", at(entry, "hostPort")


def _of_service(obj: Any) -> Iterator[tuple[str, Any]]:
    if mapping(obj).get("kind") != "Service":
        return
    for position, entry in enumerate(items(at(obj, "spec", "ports"))):
        place = text(at(entry, "name")) or text(at(entry, "port")) or str(position)
        yield f"spec.ports[{place}].targetPort", at(entry, "targetPort")


def _of_pods(obj: Any) -> Iterator[tuple[str, Any]]:
    spec = pod_spec(obj)
    for place, container in containers(spec) if spec is not None else ():
        for path in (*((name,) for name in PROBES), *HOOKS):
            for handler in ("httpGet", "tcpSocket"):
                field = ".".join((prefix(obj), place, *path, handler, "port"))
                yield field, at(container, *path, handler, "port")


def _fault(each: Declared, field: str, port: str) -> Fault:
    return Fault(
        rule="port-in-quotes",
        object=each.ref,
        cause="A13",
        message=f'{field} of {each.ref} is the text "{port}", which is taken for a name',
        expected=f"the number {port}, without quotes",
        fix=f"write {port} without quotes as {field}",
        field=field,
        value=port,
        source=each.source.path,
    )


def _out_of_range(each: Declared, field: str, port: int) -> Fault:
    return Fault(
        rule="port-out-of-range",
        object=each.ref,
        cause="A13",
        message=f"{field} of {each.ref} is {port}",
        expected=f"a number from 1 to {HIGHEST}",
        fix=f"correct {field} of {each.ref}",
        field=field,
        value=str(port),
        source=each.source.path,
    )


CHECKS: tuple[ScopeCheck, ...] = (ports_are_numbers, ports_are_in_range)

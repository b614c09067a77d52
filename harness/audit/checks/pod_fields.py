"""What the API server refuses in a pod template because it contradicts itself (A13). Pure.

Mounts of volumes that are not there, names and paths used twice, impossible names of variables,
requests above limits: API validation `ValidatePodSpec`. Names of variables may hold any printable
ASCII but `=` since 1.32 (RelaxedEnvironmentVariableValidation).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from harness.audit.amounts import amount
from harness.audit.checks.pod_users import PodUser, pod_users
from harness.audit.finding import Fault, NotJudged
from harness.audit.pods import containers
from harness.audit.reading import entries, is_known, is_placeholder, mapping, text
from harness.audit.scope import Scope
from harness.diagnosis.rules.nearest import listed, nearest


def contradictions(scope: Scope) -> Iterator[Fault | NotJudged]:
    """Yields the faults of every pod template."""
    for user in pod_users(scope):
        names = [text(v.get("name")) for v in entries(user.spec.get("volumes"))]
        yield from _doubled_volumes(user, names)
        known = frozenset(names) | user.claimed
        for place, container in containers(user.spec):
            yield from _absent_volumes(user, place, container, known)
            yield from _doubled_paths(user, place, container)
            yield from _impossible_names(user, place, container)
            yield from _above_limits(user, place, container)


def _absent_volumes(
    user: PodUser, place: str, container: Mapping[str, Any], known: frozenset[str]
) -> Iterator[Fault]:
    if any(map(is_placeholder, known)):
        return
    for word in ("volumeMounts", "volumeDevices"):
        for mount in entries(container.get(word)):
            name = text(mount.get("name"))
            if is_known(name) and name not in known:
                like = nearest(name, known)
                field = user.field(f"{place}.{word}[{name}].name")
                change = (
                    f"Set {field} to {like}" if like else f"Add the volume {name} to {user.ref}"
                )
                yield _fault(
                    user,
                    "volumemount-volume-missing",
                    f"{place} of {user.ref} mounts the volume {name}, which the pod does not have",
                    f"one of the pod's volumes: {listed(known)}",
                    change,
                    field,
                    name,
                )


def _doubled_volumes(user: PodUser, names: list[str]) -> Iterator[Fault]:
    for name in _doubled(names):
        yield _fault(
            user,
            "volume-name-duplicate",
            f"{user.ref} has two volumes called {name}",
            "a name of its own for every volume",
            f"Remove or rename one volume {name} of {user.ref}",
            user.field(f"volumes[{name}].name"),
            name,
        )


def _doubled_paths(user: PodUser, place: str, container: Mapping[str, Any]) -> Iterator[Fault]:
    mounts = entries(container.get("volumeMounts"))
    for path in _doubled([text(mount.get("mountPath")) for mount in mounts]):
        yield _fault(
            user,
            "mountpath-duplicate",
            f"{place} of {user.ref} mounts two volumes at {path}",
            "a path of its own for every mount",
            f"Remove or move one mount at {path}",
            user.field(f"{place}.volumeMounts[{path}].mountPath"),
            path,
        )


def _doubled(names: list[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1 and is_known(name)]


def _impossible_names(user: PodUser, place: str, container: Mapping[str, Any]) -> Iterator[Fault]:
    for entry in entries(container.get("env")):
        name = entry.get("name")
        if isinstance(name, str) and not is_placeholder(name) and not _is_possible(name):
            yield _fault(
                user,
                "env-name-invalid",
                f"{place} of {user.ref} has a variable called {name[:80]!r}",
                "a name of printable ASCII without ="
                + (", with the value under value:" if "=" in name else ""),
                f"Rename the variable in {place} of {user.ref}",
                user.field(f"{place}.env[{name[:80]}].name"),
                name[:80],
            )


def _is_possible(name: str) -> bool:
    return bool(name) and name.isascii() and name.isprintable() and "=" not in name


def _above_limits(user: PodUser, place: str, container: Mapping[str, Any]) -> Iterator[Fault]:
    resources = mapping(container.get("resources"))
    limits = mapping(resources.get("limits"))
    for resource, request in mapping(resources.get("requests")).items():
        wanted, most = amount(request), amount(limits.get(resource))
        if wanted is not None and most is not None and wanted > most:
            field = user.field(f"{place}.resources.requests.{resource}")
            yield _fault(
                user,
                "request-above-limit",
                f"{place} of {user.ref} requests {request} {resource} and is limited to "
                f"{limits.get(resource)}",
                f"a request of at most {limits.get(resource)}",
                f"Lower {field}, or raise the limit",
                field,
                str(request),
            )


def _fault(
    user: PodUser, rule: str, message: str, expected: str, fix: str, field: str, value: str
) -> Fault:
    return Fault(
        rule=rule,
        object=user.ref,
        message=message,
        expected=expected,
        fix=fix,
        cause="A13",
        field=field,
        value=value,
        source=user.declared.source.path,
    )


CHECKS: tuple[Callable[[Scope], Iterator[Fault | NotJudged]], ...] = (contradictions,)

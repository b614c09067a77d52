"""Variables that are empty although their name says that the program cannot do without them. Pure.

Only names that promise an address or a password are looked at, and not those that people leave
empty to switch something off (a proxy, telemetry, mail). English naming habits, no specification;
hence a note.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from harness.audit.api_groups import is_of
from harness.audit.checks.pod_users import PodUser, pod_users
from harness.audit.finding import Fault, NotJudged
from harness.audit.pods import PodReference, Use, containers
from harness.audit.reading import mapping, named
from harness.audit.scope import Declared, Scope
from harness.audit.secret_data import is_encrypted
from harness.connectivity.variable_names import normal
from harness.model.refs import ObjectRef

REQUIRED = frozenset({
    "BROKERS", "DSN", "ENDPOINT", "HOST", "HOSTNAME", "PASSWORD", "SERVERS", "URI", "URL",
})  # fmt: skip
OFTEN_EMPTY = frozenset({
    "ADMIN", "ALERT", "ALLOW", "ALLOWED", "ANALYTICS", "ASSET", "ASSETS", "AVATAR", "BACKUP",
    "BASE", "BIND", "CALLBACK", "CDN", "CORS", "CUSTOM", "DOCS", "EMAIL", "EXTERNAL", "EXTRA",
    "FALLBACK", "INITIAL", "LDAP", "LISTEN", "LOGO", "MAIL", "METRICS", "MIRROR", "NO", "OAUTH",
    "OIDC", "OPTIONAL", "OTEL", "OTLP", "OVERRIDE", "PROXY", "PUBLIC", "READ", "REDIRECT",
    "REDIS", "REMOTE", "REPLICA", "ROOT", "S3", "SENTRY", "SLACK", "SMTP", "STATIC", "SUPPORT",
    "TELEMETRY", "TRACING", "WEBHOOK", "ZIPKIN", "JAEGER",
})  # fmt: skip
"""Words of variables that programs accept empty."""


def empty_values(scope: Scope) -> Iterator[Fault | NotJudged]:
    """Yields `config-empty-value` for literals and for keys of ConfigMaps and Secrets."""
    for user in pod_users(scope):
        yield from _literals(user)
        for kind in ("ConfigMap", "Secret"):
            for reference in user.references(kind):
                yield from _keys(scope, user, reference)


def is_required(name: str) -> bool:
    """Tells whether a variable of this name can hardly be meant to be empty.

    Names in camel case are settings of web pages, for which an empty address is their own host.
    """
    words = normal(name).split("_")
    is_plain = name == name.upper() or "." in name
    return is_plain and words[-1] in REQUIRED and len(words) > 1 and not OFTEN_EMPTY & set(words)


def _literals(user: PodUser) -> Iterator[Fault]:
    for place, container in containers(user.spec):
        for name, entry in named(container.get("env")):
            if is_required(name) and "valueFrom" not in entry and _is_empty(entry.get("value")):
                yield Fault(
                    rule="config-empty-value",
                    object=user.ref,
                    message=f"{name} of {user.ref} is empty",
                    expected=f"a value for {name}, or no such variable",
                    fix=f"Set {user.field(f'{place}.env[{name}].value')}",
                    cause="P14",
                    field=user.field(f"{place}.env[{name}].value"),
                    source=user.declared.source.path,
                )


def _is_empty(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _keys(scope: Scope, user: PodUser, reference: PodReference) -> Iterator[Fault]:
    declared = _only(scope, ObjectRef(reference.kind, user.ref.namespace, reference.name))
    if declared is None or reference.use is Use.VOLUME or is_encrypted(declared.object):
        return
    data = _values(declared.object)
    for key in [reference.key] if reference.key else sorted(data):
        variable = reference.variable or key
        if key in data and is_required(variable) and _is_empty(data[key]):
            if reference.use is Use.ENV_FROM and variable in _own(user, reference):
                continue
            yield _empty_key(declared, user, key, variable)


def _values(obj: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the values by key; `stringData` wins over `data`."""
    found = {**mapping(obj.get("data")), **mapping(obj.get("stringData"))}
    return {str(key): value for key, value in found.items()}


def _only(scope: Scope, ref: ObjectRef) -> Declared | None:
    """Returns the declared object, unless something else writes into it too."""
    declared = scope.find(ref)
    if declared is None or not is_of(declared.object, "", "ConfigMap", "Secret"):
        return None
    return None if scope.products.makers(ref) else declared


def _own(user: PodUser, reference: PodReference) -> set[str]:
    """Returns the variables that the container sets itself, which win over `envFrom`."""
    found = (c for place, c in containers(user.spec) if place == reference.container)
    return {name for c in found for name, _ in named(c.get("env"))}


def _empty_key(declared: Declared, user: PodUser, key: str, variable: str) -> Fault:
    in_strings = key in mapping(declared.object.get("stringData"))
    return Fault(
        rule="config-empty-value",
        object=declared.ref,
        message=f"{declared.ref} is empty under {key}, from which {user.ref} takes {variable}",
        expected=f"a value under {key}",
        fix=f"Set {key} of {declared.ref}",
        cause="P14",
        field=f"{'stringData' if in_strings else 'data'}[{key}]",
        source=declared.source.path,
    )


CHECKS: tuple[Callable[[Scope], Iterator[Fault | NotJudged]], ...] = (empty_values,)

"""TLS Secrets that an Ingress or another route names: absent, or without their keys. Pure.

cert-manager makes the Secrets of an annotated Ingress or Gateway; a `tls` entry without
`secretName` uses the controller's own certificate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from harness.audit.alternatives import alternative
from harness.audit.api_groups import is_of
from harness.audit.finding import Fault, NotJudged, Severity
from harness.audit.keys import known_keys
from harness.audit.reading import at, entries, is_known, text
from harness.audit.scope import Declared, Presence, Scope
from harness.diagnosis.rules.nearest import listed
from harness.model.refs import ObjectRef

GROUPS = ("networking.k8s.io", "extensions")


def ingresses(scope: Scope) -> Iterator[Declared]:
    """Yields the Ingresses of a scope."""
    for declared in scope.of_kind("Ingress"):
        if any(is_of(declared.object, group, "Ingress") for group in GROUPS):
            yield declared


def of_ingresses(scope: Scope) -> Iterator[Fault | NotJudged]:
    """Yields `ingress-tls-secret-missing` for TLS Secrets that nobody makes, or without a key."""
    for declared in ingresses(scope):
        for position, entry in enumerate(entries(at(declared.object, "spec", "tls"))):
            name = text(entry.get("secretName"))
            field = f"spec.tls[{position}].secretName"
            yield from tls_fault(scope, declared, name, field)


def tls_fault(scope: Scope, declared: Declared, name: str, field: str) -> Iterator[Fault]:
    """Yields what is wrong with a TLS Secret; `name` may be `namespace/name`."""
    space, slash, own = name.rpartition("/")
    ref = ObjectRef("Secret", space if slash else declared.ref.namespace, own)
    if not is_known(name):
        return
    if scope.presence(ref) is Presence.ABSENT:
        yield _no_secret(scope, declared, ref, field)
        return
    keys = known_keys(scope, ref)
    lacking = sorted({"tls.crt", "tls.key"} - keys) if keys is not None else []
    if lacking:
        yield Fault(
            rule="ingress-tls-secret-missing",
            object=ref,
            message=f"{declared.ref} takes its certificate from {ref}, which lacks "
            f"{listed(lacking)}",
            expected="the keys tls.crt and tls.key, type kubernetes.io/tls",
            fix=f"Make {ref} with kubectl create secret tls",
            severity=Severity.DEFECT,
            user=declared.ref,
            field=field,
            value=ref.name,
            source=declared.source.path,
        )


def _no_secret(scope: Scope, declared: Declared, ref: ObjectRef, field: str) -> Fault:
    return Fault(
        rule="ingress-tls-secret-missing",
        object=ref,
        message=f"{declared.ref} takes its certificate from {ref}, which nobody declares",
        expected=f"{alternative(scope, ref)}, or an annotation for cert-manager",
        fix=f"Declare a Certificate with secretName {ref.name}, or annotate {declared.ref} with "
        "cert-manager.io/cluster-issuer",
        user=declared.ref,
        field=field,
        value=ref.name,
        source=declared.source.path,
    )


CHECKS: tuple[Callable[[Scope], Iterator[Fault | NotJudged]], ...] = (of_ingresses,)

"""ServiceAccounts that pods, or token Secrets, name and nobody declares. Pure.

No pod is created without its account (H06; API server admission `serviceaccount`); the token
controller deletes a token Secret whose account does not exist. `default` is in every namespace.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from harness.audit.alternatives import alternative
from harness.audit.api_groups import is_of
from harness.audit.checks.pod_users import pod_users
from harness.audit.finding import Fault, NotJudged
from harness.audit.reading import annotations_of, is_known, text
from harness.audit.scope import Declared, Presence, Scope
from harness.model.refs import ObjectRef

TOKEN_TYPE = "kubernetes.io/service-account-token"  # noqa: S105 - the name of a type
ACCOUNT_MARK = "kubernetes.io/service-account.name"


def missing_accounts(scope: Scope) -> Iterator[Fault | NotJudged]:
    """Yields `serviceaccount-missing` for every user of an account that nobody declares."""
    for user in pod_users(scope):
        for field in ("serviceAccountName", "serviceAccount"):
            name = text(user.spec.get(field))
            if name:
                yield from _judge(scope, user.declared, name, user.field(field), "runs as")
                break


def accounts_of_tokens(scope: Scope) -> Iterator[Fault | NotJudged]:
    """Yields `serviceaccount-missing` for token Secrets of an account nobody declares."""
    for declared in scope.of_kind("Secret"):
        if is_of(declared.object, "", "Secret") and declared.object.get("type") == TOKEN_TYPE:
            name = annotations_of(declared.object).get(ACCOUNT_MARK, "")
            field = f"metadata.annotations[{ACCOUNT_MARK}]"
            yield from _judge(scope, declared, name, field, "holds the token of")


def _judge(scope: Scope, user: Declared, name: str, field: str, verb: str) -> Iterator[Fault]:
    ref = ObjectRef("ServiceAccount", user.ref.namespace, name)
    if not is_known(name) or scope.presence(ref) is not Presence.ABSENT:
        return
    place = f" in namespace {ref.namespace}" if ref.namespace else ""
    yield Fault(
        rule="serviceaccount-missing",
        object=ref,
        message=f"{user.ref} {verb} {ref}, which nobody declares",
        expected=alternative(scope, ref),
        fix=f"Declare the ServiceAccount {name}{place}, or correct {field} of {user.ref}",
        cause="H06",
        user=user.ref,
        field=field,
        value=name,
        source=user.source.path,
    )


CHECKS: tuple[Callable[[Scope], Iterator[Fault | NotJudged]], ...] = (
    missing_accounts,
    accounts_of_tokens,
)

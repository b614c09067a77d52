"""Pull secrets: absent, of a type the kubelet does not read, for another registry. Pure.

The kubelet passes over a Secret of another type than the two docker types without a word, and then
asks the registry without a credential (S03). A credential serves an image when its key under
`auths` matches host and path (S04; `harness.diagnosis.rules.credential_keys`). A pod without any
pull secret is no finding: its image may be public, or the node may have a credential.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from harness.audit.alternatives import alternative, elsewhere
from harness.audit.checks.pod_users import PodUser, pod_users
from harness.audit.docker_config import Hosts, hosts_of, type_of
from harness.audit.finding import Fault, NotJudged, Severity
from harness.audit.pods import containers
from harness.audit.reading import is_known, is_placeholder, named, text
from harness.audit.scope import Declared, Presence, Scope
from harness.diagnosis.rules.credential_keys import PULL_TYPES, accepts, key_for
from harness.diagnosis.rules.nearest import listed
from harness.model.refs import DOCKER_HUB, ImageReference, ObjectRef

RULE = "imagepullsecret-missing"
PUBLIC_HOSTS = frozenset({
    DOCKER_HUB, "docker.elastic.co", "gcr.io", "k8s.gcr.io", "lscr.io", "mcr.microsoft.com",
    "public.ecr.aws", "quay.io", "registry.k8s.io",
})  # fmt: skip
"""Registries whose images are public as a rule: that a Secret is not for them says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """One name of a pull secret, where it stands, and the pods it is meant for."""

    ref: ObjectRef
    holder: Declared
    """The workload or ServiceAccount that names it."""
    field: str
    images: tuple[ImageReference, ...]


def pull_secrets(scope: Scope) -> Iterator[Fault | NotJudged]:
    """Yields `imagepullsecret-missing` for every holder of a name that leads to no credential."""
    found = list(named_pull_secrets(scope))
    for each in found:
        presence = scope.presence(each.ref)
        if presence is Presence.ABSENT:
            yield _absent(scope, each)
        else:
            yield from _unfit(scope, each, found)


def named_pull_secrets(scope: Scope) -> Iterator[Named]:
    """Yields the pull secrets of pods, and of the ServiceAccounts that pods use."""
    accounts: dict[tuple[str, str], list[PodUser]] = {}
    for user in pod_users(scope):
        own = list(named(user.spec.get("imagePullSecrets")))
        for name, _ in own:
            if is_known(name) and not name.isdecimal():
                field = user.field(f"imagePullSecrets[{name}].name")
                yield _named(name, user.declared, field, (user,))
        if not own:
            account = text(user.spec.get("serviceAccountName")) or "default"
            accounts.setdefault((user.ref.namespace, account), []).append(user)
    for declared in scope.of_kind("ServiceAccount"):
        users = tuple(accounts.get((declared.ref.namespace, declared.ref.name), ()))
        for name, _ in named(declared.object.get("imagePullSecrets")) if users else ():
            if is_known(name) and not name.isdecimal():
                yield _named(name, declared, f"imagePullSecrets[{name}].name", users)


def _named(name: str, holder: Declared, field: str, users: tuple[PodUser, ...]) -> Named:
    images = (image for user in users for image in _images(user))
    return Named(
        ref=ObjectRef("Secret", holder.ref.namespace, name),
        holder=holder,
        field=field,
        images=tuple(dict.fromkeys(images)),
    )


def _images(user: PodUser) -> Iterator[ImageReference]:
    for _, container in containers(user.spec):
        image = text(container.get("image"))
        if image and not is_placeholder(image):
            try:
                yield ImageReference.parse(image)
            except ValueError:
                continue


def _absent(scope: Scope, each: Named) -> Fault:
    other = elsewhere(scope, each.ref)
    key = next((key_for(i) for i in each.images if i.host not in PUBLIC_HOSTS), "HOST")
    place = f"-n {each.ref.namespace} " if each.ref.namespace else ""
    return _fault(
        each,
        message=f"{each.holder.ref} names the pull secret {each.ref}, which nobody declares",
        expected=alternative(scope, each.ref),
        fix=f"Run: kubectl {place}create secret docker-registry {each.ref.name} "
        f"--docker-server={key} --docker-username=USER --docker-password=TOKEN",
        cause="S02" if other else "S01",
    )


def _unfit(scope: Scope, each: Named, found: list[Named]) -> Iterator[Fault]:
    kind = type_of(scope, each.ref)
    if kind is not None and kind not in PULL_TYPES:
        yield _wrong_type(each, kind)
        return
    hosts = hosts_of(scope, each.ref)
    if hosts is None:
        return
    if hosts is Hosts.UNREADABLE:
        yield _unreadable(each)
    elif isinstance(hosts, tuple):
        yield from _wrong_host(each, hosts, found)


def _wrong_type(each: Named, kind: str) -> Fault:
    return _fault(
        each,
        message=f"{each.ref}, a pull secret of {each.holder.ref}, is of type {kind}, which the "
        "kubelet does not use for pulling",
        expected="type kubernetes.io/dockerconfigjson with the key .dockerconfigjson",
        fix=f"Set the type of {each.ref} to kubernetes.io/dockerconfigjson where it is made",
        severity=Severity.DEFECT,
        cause="S03",
    )


def _unreadable(each: Named) -> Fault:
    return _fault(
        each,
        message=f"{each.ref}, a pull secret of {each.holder.ref}, holds no registry configuration "
        "under .dockerconfigjson",
        expected='JSON like {"auths": {"HOST": {"auth": ...}}}, encoded in base64 once',
        fix=f"Build {each.ref} with kubectl create secret docker-registry --dry-run=client -o yaml",
        severity=Severity.DEFECT,
        cause="S06",
    )


def _wrong_host(each: Named, keys: tuple[str, ...], found: list[Named]) -> Iterator[Fault]:
    images = [image for other in found if other.ref == each.ref for image in other.images]
    useful = any(accepts(key, image) for key in keys for image in images)
    private = [image for image in each.images if image.host not in PUBLIC_HOSTS]
    if useful or not private:
        return
    yield _fault(
        each,
        message=f"{each.ref}, a pull secret of {each.holder.ref}, has credentials for "
        f"{listed(keys)} only, and the images are on {listed(i.host for i in private)}",
        expected=f"the key {key_for(private[0])} under auths",
        fix=f"Build {each.ref} again with --docker-server={key_for(private[0])}",
        severity=Severity.DEFECT,
        cause="S04",
    )


def _fault(
    each: Named,
    *,
    message: str,
    expected: str,
    fix: str,
    cause: str,
    severity: Severity | None = None,
) -> Fault:
    return Fault(
        rule=RULE,
        object=each.ref,
        message=message,
        expected=expected,
        fix=fix,
        severity=severity,
        cause=cause,
        user=each.holder.ref,
        field=each.field,
        value=each.ref.name,
        source=each.holder.source.path,
    )


CHECKS: tuple[Callable[[Scope], Iterator[Fault | NotJudged]], ...] = (pull_secrets,)

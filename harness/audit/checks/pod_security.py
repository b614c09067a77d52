"""Pods that their namespace's own Pod Security level refuses (H05). Pure.

A Namespace with the label `pod-security.kubernetes.io/enforce` takes only pods that keep to that
level: `baseline` forbids what reaches the node, `restricted` also demands four settings of every
container. Source: k8s.io/pod-security-admission `policy/check_*.go`. AppArmor, SELinux and sysctls
are not judged, nor Windows pods, nor where a policy engine may fill settings in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.audit.finding import Fault, NotJudged
from harness.audit.pods import containers
from harness.audit.reading import at, entries, group_of, mapping, text, text_at, texts, whole
from harness.audit.scope import Scope
from harness.audit.world import PodTemplate, World, world
from harness.diagnosis.rules.quotes import listed

if TYPE_CHECKING:  # all_checks imports this module
    from harness.audit.checks.all_checks import ScopeCheck

ENFORCE = "pod-security.kubernetes.io/enforce"
BASELINE_CAPABILITIES = frozenset({
    "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD",
    "NET_BIND_SERVICE", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
})  # fmt: skip
RESTRICTED_VOLUMES = frozenset({
    "awsElasticBlockStore", "azureDisk", "azureFile", "cephfs", "cinder", "fc", "flexVolume",
    "flocker", "gcePersistentDisk", "gitRepo", "glusterfs", "iscsi", "nfs", "photonPersistentDisk",
    "portworxVolume", "quobyte", "rbd", "scaleIO", "storageos", "vsphereVolume",
})  # fmt: skip
CONFINED = frozenset({"RuntimeDefault", "Localhost"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """One setting that the level does not take."""

    field: str
    """Path below the pod specification."""
    wanted: str
    """What would be right, e.g. `false`; empty for a field that has to go."""

    def __str__(self) -> str:
        return f"{self.field}={self.wanted}" if self.wanted else f"no {self.field}"


def pods_keep_to_their_level(scope: Scope) -> Iterable[Fault | NotJudged]:
    """Yields the workloads whose pods the namespace refuses."""
    here = world(scope)
    levels = dict(_levels(here))
    if not levels or _has_mutations(here):
        return
    for template in here.templates:
        level = levels.get(template.ref.namespace, "")
        is_windows = text_at(template.spec, "os", "name") == "windows"
        found = [] if is_windows else list(_violations(template.spec, level))
        if found:
            yield _fault(template, level, found)


def _levels(here: World) -> Iterator[tuple[str, str]]:
    """Yields the namespaces with the level that they enforce."""
    managed = ("syncPolicy", "managedNamespaceMetadata", "labels")
    for each in here.declared:
        spec = each.source.spec
        labels = mapping(at(spec, *managed))
        if labels and text_at(spec, "destination", "namespace") == each.ref.namespace:
            yield each.ref.namespace, text(labels.get(ENFORCE))
    for each in here.of_kind("Namespace"):
        yield each.ref.name, text_at(each.object, "metadata", "labels", ENFORCE)


def _has_mutations(here: World) -> bool:
    """Whether a policy engine may fill in what is missing."""
    return any(
        (group_of(d.object) == "kyverno.io" and "mutate" in str(d.object.get("spec")))
        or group_of(d.object) == "mutations.gatekeeper.sh"
        or d.ref.kind in {"MutatingAdmissionPolicy", "MutatingWebhookConfiguration"}
        for d in here.declared
    )


def _violations(spec: Mapping[str, Any], level: str) -> Iterator[Violation]:
    if level not in {"baseline", "restricted"}:
        return
    yield from _of_host(spec)
    for place, container in containers(spec):
        yield from _of_container(place, container)
    if level == "restricted":
        yield from _of_volumes(spec)
        for place, container in containers(spec):
            yield from _of_restricted(spec, place, container)


def _of_host(spec: Mapping[str, Any]) -> Iterator[Violation]:
    for name in ("hostNetwork", "hostPID", "hostIPC"):
        if spec.get(name) is True:
            yield Violation(field=name, wanted="false")
    for volume in entries(spec.get("volumes")):
        if volume.get("hostPath") is not None:
            yield Violation(field=f"volumes[{text(volume.get('name'))}].hostPath", wanted="")


def _of_container(place: str, container: Mapping[str, Any]) -> Iterator[Violation]:
    context = mapping(container.get("securityContext"))
    if context.get("privileged") is True:
        yield Violation(field=f"{place}.securityContext.privileged", wanted="false")
    for name in texts(at(context, "capabilities", "add")):
        if name not in BASELINE_CAPABILITIES:
            yield Violation(field=f"{place}.securityContext.capabilities.add[{name}]", wanted="")
    if text_at(context, "seccompProfile", "type") == "Unconfined":
        yield Violation(field=f"{place}.securityContext.seccompProfile.type", wanted=RUNTIME)
    for port in entries(container.get("ports")):
        number = whole(port.get("hostPort"))
        if number:
            yield Violation(field=f"{place}.ports[{number}].hostPort", wanted="")


RUNTIME = "RuntimeDefault"


def _of_volumes(spec: Mapping[str, Any]) -> Iterator[Violation]:
    for volume in entries(spec.get("volumes")):
        for kind in sorted(RESTRICTED_VOLUMES & volume.keys()):
            if volume[kind] is not None:
                yield Violation(field=f"volumes[{text(volume.get('name'))}].{kind}", wanted="")


def _of_restricted(
    spec: Mapping[str, Any], place: str, container: Mapping[str, Any]
) -> Iterator[Violation]:
    own, pod = mapping(container.get("securityContext")), mapping(spec.get("securityContext"))
    where = f"{place}.securityContext"
    if own.get("allowPrivilegeEscalation") is not False:
        yield Violation(field=f"{where}.allowPrivilegeEscalation", wanted="false")
    if own.get("runAsNonRoot", pod.get("runAsNonRoot")) is not True:
        yield Violation(field=f"{where}.runAsNonRoot", wanted="true")
    if whole(own.get("runAsUser")) == 0 or ("runAsUser" not in own and _is_root(pod)):
        yield Violation(field=f"{where}.runAsUser", wanted="1000")
    profile = text_at(own, "seccompProfile", "type") or text_at(pod, "seccompProfile", "type")
    if profile not in CONFINED:
        yield Violation(field=f"{where}.seccompProfile.type", wanted=RUNTIME)
    if "ALL" not in texts(at(own, "capabilities", "drop")):
        yield Violation(field=f"{where}.capabilities.drop", wanted="[ALL]")
    for name in texts(at(own, "capabilities", "add")):
        if name in BASELINE_CAPABILITIES - {"NET_BIND_SERVICE"}:
            yield Violation(field=f"{where}.capabilities.add[{name}]", wanted="")


def _is_root(pod: Mapping[str, Any]) -> bool:
    return whole(pod.get("runAsUser")) == 0


def _fault(template: PodTemplate, level: str, found: list[Violation]) -> Fault:
    wanted = listed((str(each) for each in found), limit=5)
    first = f"{template.prefix}.{found[0].field}"
    return Fault(
        rule="pod-security-violation",
        object=template.ref,
        cause="H05",
        message=f"namespace {template.ref.namespace} enforces Pod Security {level}, and "
        f"{template.ref} does not keep to it in {len(found)} settings, the first {found[0].field}",
        expected=wanted,
        fix=f"set below {template.prefix} of {template.ref}: {wanted}",
        field=first,
        source=template.declared.source.path,
    )


CHECKS: tuple[ScopeCheck, ...] = (pods_keep_to_their_level,)

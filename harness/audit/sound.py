"""Manifests in the shapes that Kubernetes knows, so that they can be read without care. Pure.

`harness.connectivity` and `harness.manifests` read what an API server accepted. A stranger's file
may hold a number as a label, text as a port, a list where a mapping should be: numbers and words
are read as Kubernetes would, what cannot be read is left out, and `is_whole` tells that it was.
Fields that nobody here reads stay as they are; nothing is judged.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from harness.audit.reading import text, whole, written

Object = dict[str, Any]
Shape = Callable[[Any, "Losses"], Any]
"""Gives a value in its shape, or None and a loss where it has none."""
LONGEST_NUMBER = 2**63


class Losses:
    """Counts what could not be read."""

    def __init__(self) -> None:
        """Starts with nothing lost."""
        self.count = 0

    def add(self, value: Any) -> None:
        """Notes that a value has no shape; a null is nothing to lose."""
        if value is not None:
            self.count += 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """An object that can be read without care."""

    object: Object
    is_whole: bool = True
    """False when something was left out because it had the wrong shape."""


def word(value: Any, losses: Losses) -> str | None:
    """Shapes a name or another scalar as text."""
    found = written(value)
    if not found and value != "":
        losses.add(value)
        return None
    return found


def verbatim(value: Any, losses: Losses) -> str | None:
    """Shapes a value as text, with the blanks around it."""
    return value if isinstance(value, str) else word(value, losses)


def number(value: Any, losses: Losses) -> int | None:
    """Shapes an integer, also one that is written as text."""
    found = whole(value)
    if found is None or abs(found) >= LONGEST_NUMBER:
        losses.add(value)
        return None
    return found


def port(value: Any, losses: Losses) -> int | str | None:
    """Shapes a port: a number, or a name."""
    return number(value, losses) if whole(value) is not None else word(value, losses)


def words(value: Any, losses: Losses) -> dict[str, str] | None:
    """Shapes a mapping of names to scalars, e.g. labels."""
    if not isinstance(value, dict):
        losses.add(value)
        return None
    shaped = {written(key): verbatim(entry, losses) for key, entry in value.items()}
    return {key: entry for key, entry in shaped.items() if entry is not None}


def mapping(value: Any, losses: Losses) -> dict[str, Any] | None:
    """Shapes a mapping whose entries nobody reads here."""
    if not isinstance(value, dict):
        losses.add(value)
        return None
    return value


def flag(value: Any, losses: Losses) -> bool | None:
    """Shapes a boolean."""
    if not isinstance(value, bool):
        losses.add(value)
        return None
    return value


def several(shape: Shape) -> Shape:
    """Shapes a list of items of one shape; a null item is an empty one, as for the API server."""

    def shaped(value: Any, losses: Losses) -> list[Any] | None:
        if not isinstance(value, list):
            losses.add(value)
            return None
        found = [shape({} if item is None else item, losses) for item in value]
        return [item for item in found if item is not None]

    return shaped


def record(**fields: Shape) -> Shape:
    """Shapes a mapping with some known fields; the others stay as they are."""

    def shaped(value: Any, losses: Losses) -> dict[str, Any] | None:
        if not isinstance(value, dict):
            losses.add(value)
            return None
        found = {str(key): entry for key, entry in value.items() if entry is not None}
        for name in fields.keys() & found.keys():
            entry = fields[name](found[name], losses)
            if entry is None:
                del found[name]
            else:
                found[name] = entry
        return found

    return shaped


_REF = record(name=word, key=word)
_SELECTOR = record(
    matchLabels=words,
    matchExpressions=several(record(key=word, operator=word, values=several(word))),
)
_ACTION = record(port=port)
_PROBE = record(
    httpGet=_ACTION, tcpSocket=_ACTION, grpc=_ACTION, exec=record(command=several(word))
)
_CONTAINER = record(
    name=word,
    image=word,
    imagePullPolicy=word,
    restartPolicy=word,
    command=several(verbatim),
    args=several(verbatim),
    ports=several(record(name=word, containerPort=number, hostPort=number, protocol=word)),
    env=several(
        record(
            name=word,
            value=verbatim,
            valueFrom=record(
                secretKeyRef=_REF, configMapKeyRef=_REF, fieldRef=record(fieldPath=word)
            ),
        )
    ),
    envFrom=several(record(prefix=word, secretRef=_REF, configMapRef=_REF)),
    resources=record(requests=mapping, limits=mapping),
    securityContext=mapping,
    volumeMounts=several(record(name=word, mountPath=word, subPath=word, subPathExpr=word)),
    startupProbe=_PROBE,
    readinessProbe=_PROBE,
    livenessProbe=_PROBE,
)
_KEYS = several(record(key=word))
_VOLUME = record(
    name=word,
    secret=record(secretName=word, items=_KEYS),
    configMap=record(name=word, items=_KEYS),
    projected=record(
        sources=several(
            record(secret=record(name=word, items=_KEYS), configMap=record(name=word, items=_KEYS))
        )
    ),
    persistentVolumeClaim=record(claimName=word),
)
_TERM = record(matchExpressions=several(record(key=word, operator=word, values=several(word))))
_POD_AFFINITY = record(
    requiredDuringSchedulingIgnoredDuringExecution=several(
        record(labelSelector=_SELECTOR, topologyKey=word)
    )
)
_POD = record(
    containers=several(_CONTAINER),
    initContainers=several(_CONTAINER),
    volumes=several(_VOLUME),
    hostAliases=several(record(hostnames=several(word))),
    nodeSelector=words,
    securityContext=mapping,
    subdomain=word,
    hostname=word,
    restartPolicy=word,
    readinessGates=several(record(conditionType=word)),
    topologySpreadConstraints=several(
        record(topologyKey=word, whenUnsatisfiable=word, labelSelector=_SELECTOR)
    ),
    affinity=record(
        podAntiAffinity=_POD_AFFINITY,
        podAffinity=_POD_AFFINITY,
        nodeAffinity=record(
            requiredDuringSchedulingIgnoredDuringExecution=record(nodeSelectorTerms=several(_TERM))
        ),
    ),
)
_METADATA = record(
    name=word,
    generateName=word,
    namespace=word,
    labels=words,
    annotations=words,
    ownerReferences=several(record(kind=word)),
)
_TEMPLATE = record(metadata=_METADATA, spec=_POD)
_CLAIM = record(metadata=_METADATA, spec=record(storageClassName=word))
TEMPLATED: Shape = record(
    metadata=_METADATA,
    spec=record(
        replicas=number,
        selector=_SELECTOR,
        serviceName=word,
        podManagementPolicy=word,
        ordinals=record(start=number),
        template=_TEMPLATE,
        volumeClaimTemplates=several(_CLAIM),
    ),
)
_POLICY_PORTS = several(record(protocol=word, port=port, endPort=number))
_PEERS = several(
    record(
        podSelector=_SELECTOR,
        namespaceSelector=_SELECTOR,
        ipBlock=record(cidr=word, **{"except": several(word)}),
    )
)
SHAPES: Mapping[str, Shape] = {
    **dict.fromkeys(("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job"), TEMPLATED),
    "CronJob": record(
        metadata=_METADATA,
        spec=record(schedule=word, jobTemplate=record(spec=record(template=_TEMPLATE))),
    ),
    "Pod": record(metadata=_METADATA, spec=_POD),
    "Service": record(
        metadata=_METADATA,
        spec=record(
            selector=words,
            type=word,
            externalName=word,
            clusterIP=word,
            publishNotReadyAddresses=flag,
            ports=several(record(name=word, port=number, targetPort=port, protocol=word)),
        ),
    ),
    "NetworkPolicy": record(
        metadata=_METADATA,
        spec=record(
            podSelector=_SELECTOR,
            policyTypes=several(word),
            ingress=several(record(**{"from": _PEERS}, ports=_POLICY_PORTS)),
            egress=several(record(to=_PEERS, ports=_POLICY_PORTS)),
        ),
    ),
    "PodDisruptionBudget": record(metadata=_METADATA, spec=record(selector=_SELECTOR)),
    "ConfigMap": record(metadata=_METADATA, data=words),
    "Secret": record(metadata=_METADATA, data=words, stringData=words),
    "PersistentVolumeClaim": _CLAIM,
}
_ANY: Shape = record(metadata=_METADATA)
_GROUPS = {
    **dict.fromkeys(("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"), r"apps|extensions"),
    **dict.fromkeys(("Job", "CronJob"), r"batch"),
    **dict.fromkeys(("Pod", "Service", "ConfigMap", "Secret", "PersistentVolumeClaim"), r""),
    "PodDisruptionBudget": r"policy",
    "NetworkPolicy": r"networking\.k8s\.io|extensions",
}


def sound(obj: Any) -> Sound | None:
    """Returns an object that can be read without care; None for something without kind or name."""
    kind = text(obj.get("kind")) if isinstance(obj, dict) else ""
    losses = Losses()
    shaped = (SHAPES.get(kind, _ANY) if is_native(obj) else _ANY)(obj, losses)
    if not kind or shaped is None:
        return None
    meta = shaped.setdefault("metadata", {})
    shaped["kind"] = kind
    if not meta.get("name") and not meta.get("generateName"):
        return None
    return Sound(object=shaped, is_whole=not losses.count)


def is_native(obj: Any) -> bool:
    """Tells whether a kind that Kubernetes has means that of Kubernetes, by its API group."""
    if not isinstance(obj, dict):
        return False
    expected = _GROUPS.get(text(obj.get("kind")))
    group = text(obj.get("apiVersion")).rpartition("/")[0]
    return expected is None or bool(re.fullmatch(expected, group))

"""Writes small timelines for the tests of the diagnosis: a world in which things happen.

Times are seconds since the harness began to watch. Objects look as the API server sends them
(uids, resource versions, owner references, conditions); every call adds entries to the timeline.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from harness.diagnosis.diagnose import diagnose, replay
from harness.diagnosis.fold import Fold, in_order
from harness.model.finding import Diagnosis
from harness.model.refs import ObjectRef
from harness.model.timeline import Cassette, DeclaredObject, Entry, EntryKind, Header

Object = dict[str, Any]
START = 1_790_000_000.0
NAMESPACE = "shop"
LISTED_KINDS = (
    "Pod", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob", "Secret",
    "ConfigMap", "Service", "ServiceAccount", "PersistentVolumeClaim", "EndpointSlice",
    "NetworkPolicy", "Ingress", "Event",
)  # fmt: skip
CLUSTER_KINDS = (
    "Node", "Namespace", "StorageClass", "PersistentVolume", "IngressClass", "PriorityClass",
    "RuntimeClass",
)  # fmt: skip
ARGO_KINDS = ("Application", "ApplicationSet", "AppProject")


def stamp(seconds: float) -> str:
    """Returns the API's time at `seconds` after the start."""
    return datetime.fromtimestamp(START + seconds, tz=UTC).isoformat().replace("+00:00", "Z")


def container(name: str, image: str = "ghcr.io/shop/app:1.0", **fields: Any) -> Object:
    """Returns a container of a pod specification."""
    return {"name": name, "image": image, **fields}


class World:
    """A cluster in which the test lets things happen."""

    def __init__(self, namespace: str = NAMESPACE) -> None:
        self.namespace = namespace
        self.entries: list[Entry] = []
        self.declared: list[DeclaredObject] = []
        self.provided: list[ObjectRef] = []
        self.expected_applications: list[str] = []
        self.revision = "c0ffee0000000000000000000000000000000000"
        self._versions = itertools.count(100)
        self._uids = itertools.count(1)
        self._live: dict[ObjectRef, Object] = {}
        for kind in LISTED_KINDS:
            self._list(kind, namespace)
            self._list(kind, "kube-system")
        for kind in CLUSTER_KINDS:
            self._list(kind, "")
        for kind in ARGO_KINDS:
            self._list(kind, "argocd")
        self.put({"kind": "Namespace", "metadata": {"name": namespace}}, at=0)
        self.put({"kind": "Namespace", "metadata": {"name": "kube-system"}}, at=0)
        self.node()

    def _list(self, kind: str, namespace: str) -> None:
        ref = ObjectRef(kind, namespace, "")
        self.entries.append(Entry(at=START, kind=EntryKind.LISTED, ref=ref))

    def unlisted(self, kind: str, namespace: str | None = None) -> None:
        """Forgets that a kind was listed: we may not look at it."""
        place = self.namespace if namespace is None else namespace
        self.entries = [
            e
            for e in self.entries
            if not (e.kind is EntryKind.LISTED and (e.ref.kind, e.ref.namespace) == (kind, place))
        ]

    # Objects

    def put(self, obj: Object, at: float = 0.5) -> Object:
        """An object exists in this version from `at` on; returns it as the API would send it."""
        made = copy.deepcopy(obj)
        meta = made.setdefault("metadata", {})
        ref = ObjectRef.of(made)
        before = self._live.get(ref)
        kept = (before or {}).get("metadata") or {}
        meta.setdefault("uid", kept.get("uid") or f"uid-{next(self._uids)}")
        meta.setdefault("creationTimestamp", kept.get("creationTimestamp") or stamp(at))
        meta["resourceVersion"] = str(next(self._versions))
        self._live[ref] = made
        self.entries.append(Entry(at=START + at, kind=EntryKind.OBJECT, ref=ref, object=made))
        return made

    def change(self, kind: str, name: str, at: float, **fields: Any) -> Object:
        """Merges fields into the top level of a live object of the namespace, or of the cluster."""
        found = self.live(kind, name)
        changed = copy.deepcopy(found)
        for key, value in fields.items():
            merged = {**changed.get(key, {}), **value} if isinstance(value, dict) else value
            changed[key] = merged
        return self.put(changed, at)

    def live(self, kind: str, name: str) -> Object:
        """Returns the newest version of an object that was put."""
        for place in (self.namespace, "", "argocd", "kube-system"):
            found = self._live.get(ObjectRef(kind, place, name))
            if found is not None:
                return found
        message = f"{kind} {name} was never put"
        raise LookupError(message)

    def gone(self, kind: str, name: str, at: float) -> None:
        """An object is deleted."""
        obj = self.live(kind, name)
        ref = ObjectRef.of(obj)
        self.entries.append(Entry(at=START + at, kind=EntryKind.GONE, ref=ref, object=obj))
        del self._live[ref]

    def declare(self, *objects: Object, application: str = "shop") -> None:
        """The rendered repository holds these objects (namespace filled in)."""
        for obj in objects:
            made = copy.deepcopy(obj)
            made.setdefault("metadata", {}).setdefault("namespace", self.namespace)
            self.declared.append(DeclaredObject(object=made, application=application))

    # Workloads

    def workload(
        self,
        name: str,
        *containers: Object,
        kind: str = "Deployment",
        replicas: int = 1,
        labels: Mapping[str, str] | None = None,
        spec: Mapping[str, Any] | None = None,
        declared: bool = True,
        at: float = 0.5,
        **template: Any,
    ) -> Object:
        """Declares and creates a workload; further fields go to the pod spec."""
        marks = dict(labels or {"app": name})
        pod = {"containers": list(containers) or [container(name)], **template}
        obj: Object = {
            "apiVersion": "batch/v1" if kind == "Job" else "apps/v1",
            "kind": kind,
            "metadata": {"name": name, "namespace": self.namespace, "generation": 1},
            "spec": {
                "template": {"metadata": {"labels": marks}, "spec": pod},
                **({} if kind in {"Job", "DaemonSet"} else {"replicas": replicas}),
                **({} if kind == "Job" else {"selector": {"matchLabels": marks}}),
                **(spec or {}),
            },
        }
        if kind == "StatefulSet":
            obj["spec"].setdefault("serviceName", name)
        if declared:
            self.declare(obj)
        status: Object = {
            "observedGeneration": 1,
            "replicas": replicas,
            "updatedReplicas": replicas,
        }
        if kind == "StatefulSet":
            status |= {"updateRevision": f"{name}-r1", "currentRevision": f"{name}-r1"}
        made = self.put({**obj, "status": {} if kind == "Job" else status}, at)
        if kind == "Deployment":
            self.replica_set(name, at=at)
        return made

    def replica_set(self, name: str, hash_: str = "h1", revision: int = 1, at: float = 0.5) -> None:
        """The ReplicaSet of a Deployment's template."""
        self.put(
            {
                "kind": "ReplicaSet",
                "metadata": {
                    "name": f"{name}-{hash_}",
                    "namespace": self.namespace,
                    "labels": {"pod-template-hash": hash_},
                    "annotations": {"deployment.kubernetes.io/revision": str(revision)},
                    "ownerReferences": [
                        {"kind": "Deployment", "name": name, "controller": True, "uid": "x"}
                    ],
                },
                "spec": {"replicas": 1},
            },
            at,
        )

    def pod(
        self,
        workload: str,
        at: float,
        *,
        name: str = "",
        state: Object | Mapping[str, Object] | None = None,
        init: Mapping[str, Object] | None = None,
        ready: bool = False,
        phase: str = "",
        scheduled: bool = True,
        conditions: Sequence[Object] = (),
        hash_: str = "",
        node: str = "node-1",
        **status: Any,
    ) -> Object:
        """A pod of a workload is in this state from `at` on.

        `state` is the container status fields of every container, or by container name; `init`
        likewise for init containers (default: not started). See `waiting`, `running`, `crashed`.
        """
        owner = self._owner(workload)
        spec = copy.deepcopy(owner["spec"]["template"]["spec"])
        if scheduled:
            spec["nodeName"] = node
        title = name or self._pod_name(owner, workload)
        ref = ObjectRef("Pod", self.namespace, title)
        known = self._live.get(ref)
        ready_before = known and any(
            c["type"] == "Ready" and c["status"] == "True" for c in known["status"]["conditions"]
        )
        stay = ready and ready_before and known is not None
        since = (
            next(
                c["lastTransitionTime"]
                for c in known["status"]["conditions"]
                if c["type"] == "Ready"
            )
            if stay and known is not None
            else stamp(at)
        )
        made_conditions = [
            {"type": "Ready", "status": str(ready), "lastTransitionTime": since},
            *([{"type": "PodScheduled", "status": "True"}] if scheduled else []),
            *conditions,
        ]
        return self.put(
            {
                "kind": "Pod",
                "metadata": {
                    "name": title,
                    "namespace": self.namespace,
                    "labels": {
                        **owner["spec"]["template"]["metadata"]["labels"],
                        **self._hash_labels(owner, workload, hash_),
                    },
                    "ownerReferences": [self._owner_reference(owner, workload, hash_)],
                },
                "spec": spec,
                "status": {
                    "phase": phase or ("Running" if ready else "Pending"),
                    "conditions": made_conditions,
                    "containerStatuses": _statuses(spec.get("containers"), state, ready=ready),
                    "initContainerStatuses": _statuses(
                        spec.get("initContainers"), init, ready=False
                    ),
                    **status,
                },
            },
            at,
        )

    def _owner(self, workload: str) -> Object:
        for kind in ("Deployment", "StatefulSet", "DaemonSet", "Job"):
            found = self._live.get(ObjectRef(kind, self.namespace, workload))
            if found is not None:
                return found
        message = f"workload {workload} was never made"
        raise LookupError(message)

    @staticmethod
    def _pod_name(owner: Object, workload: str) -> str:
        return f"{workload}-0" if owner["kind"] == "StatefulSet" else f"{workload}-h1-abcde"

    @staticmethod
    def _hash_labels(owner: Object, workload: str, hash_: str) -> dict[str, str]:
        if owner["kind"] == "Deployment":
            return {"pod-template-hash": hash_ or "h1"}
        if owner["kind"] == "StatefulSet":
            return {"controller-revision-hash": hash_ or f"{workload}-r1"}
        return {}

    @staticmethod
    def _owner_reference(owner: Object, workload: str, hash_: str) -> Object:
        if owner["kind"] == "Deployment":
            return {"kind": "ReplicaSet", "name": f"{workload}-{hash_ or 'h1'}", "controller": True}
        return {"kind": owner["kind"], "name": workload, "controller": True}

    def ready(self, workload: str, at: float, name: str = "") -> Object:
        """A pod of the workload becomes ready, and the workload with it."""
        made = self.pod(workload, at, name=name, state=running(at), ready=True)
        owner = copy.deepcopy(self._owner(workload))
        wanted = int(owner["spec"].get("replicas") or 1)
        owner["status"] |= {
            "readyReplicas": wanted, "availableReplicas": wanted, "updatedReplicas": wanted,
        }  # fmt: skip
        self.put(owner, at)
        return made

    # Other objects

    def node(self, name: str = "node-1", at: float = 0, **status: Any) -> Object:
        """A node, ready by default."""
        return self.put(
            {
                "kind": "Node",
                "metadata": {
                    "name": name,
                    "labels": {"kubernetes.io/hostname": name, "kubernetes.io/arch": "amd64"},
                },
                "spec": {},
                "status": {
                    "conditions": [{"type": "Ready", "status": "True"}],
                    "allocatable": {"cpu": "4", "memory": "8Gi", "pods": "110"},
                    "nodeInfo": {"architecture": "amd64"},
                    **status,
                },
            },
            at,
        )

    def service(
        self, name: str, port: int, selector: Mapping[str, str] | None = None, at: float = 0.5,
        *, declared: bool = True, **spec: Any,
    ) -> Object:  # fmt: skip
        """A Service, declared and live."""
        obj = {
            "kind": "Service",
            "metadata": {"name": name, "namespace": self.namespace},
            "spec": {
                "selector": dict(selector if selector is not None else {"app": name}),
                "ports": [{"port": port}],
                **spec,
            },
        }
        if declared:
            self.declare(obj)
        return self.put(obj, at)

    def secret(
        self, name: str, *keys: str, type: str = "Opaque", at: float = 0.5, **annotations: str
    ) -> Object:
        """A live Secret as recorded: key names only; annotations `auths`, `digest_<key>`."""
        marks = {
            f"gitops-harness/{k.replace('digest_', 'digest.', 1)}": v
            for k, v in annotations.items()
        }
        return self.put(
            {
                "kind": "Secret",
                "metadata": {"name": name, "namespace": self.namespace, "annotations": marks},
                "type": type,
                "data": dict.fromkeys(keys, "(hidden)"),
            },
            at,
        )

    def config_map(self, name: str, at: float = 0.5, **data: str) -> Object:
        """A live ConfigMap."""
        return self.put(
            {
                "kind": "ConfigMap",
                "metadata": {"name": name, "namespace": self.namespace},
                "data": data,
            },
            at,
        )

    def application(
        self, name: str = "shop", at: float = 0.5, *, spec: Object | None = None, **status: Any
    ) -> Object:
        """An Argo CD Application; Synced, Healthy and Succeeded unless told otherwise."""
        if name not in self.expected_applications:
            self.expected_applications.append(name)
        operation = {
            "phase": "Succeeded",
            "startedAt": stamp(at),
            "finishedAt": stamp(at),
            "syncResult": {"revision": self.revision, "resources": []},
            "operation": {"sync": {"revision": self.revision}},
        }
        return self.put(
            {
                "kind": "Application",
                "metadata": {"name": name, "namespace": "argocd"},
                "spec": {
                    "project": "default",
                    "source": {
                        "repoURL": "https://git.test/shop.git",
                        "path": "overlays/dev",
                        "targetRevision": "HEAD",
                    },
                    "destination": {
                        "server": "https://kubernetes.default.svc",
                        "namespace": self.namespace,
                    },
                    "syncPolicy": {"automated": {}},
                    **(spec or {}),
                },
                "status": {
                    "sync": {"status": "Synced", "revision": self.revision},
                    "health": {"status": "Healthy"},
                    "sourceType": "Kustomize",
                    "operationState": operation,
                    "resources": [
                        {"kind": "Deployment", "name": "app", "namespace": self.namespace}
                    ],
                    **status,
                },
            },
            at,
        )

    def event(
        self, kind: str, name: str, reason: str, message: str, at: float, *, count: int = 1,
        type: str = "Warning", first: float | None = None, key: str = "",
        component: str = "kubelet", container: str = "",
    ) -> None:  # fmt: skip
        """An Event about a live object; the same `key` (default: reason) is the same event.

        Of a pod it may name the `container` that it is about, as the kubelet does.
        """
        about = self.live(kind, name)
        uid = f"event-{kind}-{name}-{key or reason}"
        begun = at if first is None else first
        known = self._live.get(ObjectRef("Event", self.namespace, uid))
        if known is not None and first is None:
            begun_text = known["firstTimestamp"]
        else:
            begun_text = stamp(begun)
        self.put(
            {
                "kind": "Event",
                "metadata": {"name": uid, "namespace": self.namespace, "uid": uid},
                "involvedObject": {
                    "kind": kind,
                    "name": name,
                    "namespace": about["metadata"].get("namespace", ""),
                    "uid": about["metadata"]["uid"],
                    **_field_path(about, container),
                },
                "type": type,
                "reason": reason,
                "message": message,
                "count": count,
                "firstTimestamp": begun_text,
                "lastTimestamp": stamp(at),
                "source": {"component": component},
            },
            at,
        )

    def log(
        self,
        pod: str,
        name: str,
        text: str,
        at: float,
        *,
        previous: bool = False,
        restarts: int = 0,
    ) -> None:
        """The last lines of a container's log as read at `at`."""
        self.entries.append(
            Entry(
                at=START + at,
                kind=EntryKind.LOG,
                ref=ObjectRef("Pod", self.namespace, pod),
                container=name,
                previous=previous,
                restarts=restarts,
                text=text,
            )
        )

    # Looking

    def header(self) -> Header:
        """The header of the timeline."""
        return Header(
            started=START,
            environment="dev",
            revision=self.revision,
            namespaces=(self.namespace,),
            declared=tuple(self.declared),
            expected_applications=tuple(self.expected_applications),
            provided=tuple(self.provided),
        )

    def cassette(self) -> Cassette:
        """The whole timeline."""
        return Cassette(header=self.header(), entries=tuple(in_order(self.entries)))

    def diagnose(self, at: float) -> Diagnosis:
        """The diagnosis at `at`, from everything seen until then."""
        fold = Fold(self.header())
        for entry in in_order(self.entries):
            if entry.at <= START + at:
                fold.take(entry)
        return diagnose(fold.facts(START + at))

    def verdicts(self, until: float, step: float = 1.0) -> list[tuple[float, Diagnosis]]:
        """The diagnosis at every step until `until`."""
        return list(replay(self.cassette(), step_seconds=step, until=until))


def _field_path(pod: Object, name: str) -> dict[str, str]:
    inits = {c["name"] for c in pod.get("spec", {}).get("initContainers") or []}
    group = "initContainers" if name in inits else "containers"
    return {"fieldPath": f"spec.{group}{{{name}}}"} if name else {}


def waiting(why: str, text: str = "", /, *, restarts: int = 0, **last: Any) -> Object:
    """Status of a container that waits; `last` holds fields of the last termination."""
    found: Object = {
        "ready": False,
        "started": False,
        "restartCount": restarts,
        "state": {"waiting": {"reason": why, "message": text}},
    }
    if last:
        found["lastState"] = {"terminated": last}
    return found


def running(at: float, *, started: bool = True, restarts: int = 0, **last: Any) -> Object:
    """Status of a container that runs since `at` and is not ready."""
    found: Object = {
        "ready": False,
        "started": started,
        "restartCount": restarts,
        "state": {"running": {"startedAt": stamp(at)}},
    }
    if last:
        found["lastState"] = {"terminated": last}
    return found


def crashed(
    at: float, code: int = 1, reason: str = "Error", restarts: int = 1, message: str = ""
) -> Object:
    """Status of a container in CrashLoopBackOff whose last instance ended at `at`."""
    return waiting(
        "CrashLoopBackOff",
        "back-off restarting failed container",
        restarts=restarts,
        exitCode=code,
        reason=reason,
        message=message,
        finishedAt=stamp(at),
        startedAt=stamp(at - 1),
    )


def ended(at: float, code: int = 0, reason: str = "Completed", restarts: int = 0) -> Object:
    """Status of a container that ended and was not started again."""
    return {
        "ready": False,
        "restartCount": restarts,
        "state": {
            "terminated": {
                "exitCode": code,
                "reason": reason,
                "finishedAt": stamp(at),
                "startedAt": stamp(at - 1),
            }
        },
    }  # fmt: skip


def _statuses(specs: Sequence[Object] | None, state: Any, *, ready: bool) -> list[Object]:
    found = []
    for spec in specs or []:
        own = state.get(spec["name"]) if isinstance(state, dict) and "state" not in state else state
        fields = dict(own) if own else {"state": {"waiting": {"reason": "ContainerCreating"}}}
        found.append({
            "name": spec["name"], "image": spec.get("image"), "restartCount": 0,
            **fields, "ready": ready or bool(fields.get("ready")),
        })  # fmt: skip
    return found

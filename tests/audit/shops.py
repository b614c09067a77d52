"""Generated repositories: a healthy shop with everything it refers to, and what spoils it."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

from hypothesis import strategies as st

from harness.audit.cluster_profile import KIND, UNKNOWN
from harness.audit.scope import Scope
from harness.audit.source import Source, Tree
from harness.audit.survey import Survey

Object = dict[str, Any]
Objects = tuple[Object, ...]
NAMESPACE = "shop"
SERVICES = ("catalog", "customer", "order", "payment", "notification")
REPOSITORY = "https://git.example/musiccorp/deploys.git"
PATH = "overlays/dev"

KINDS = (
    ("apps/v1", "Deployment"),
    ("apps/v1", "StatefulSet"),
    ("apps/v1", "DaemonSet"),
    ("batch/v1", "Job"),
    ("batch/v1", "CronJob"),
    ("v1", "Pod"),
    ("v1", "Service"),
    ("v1", "ConfigMap"),
    ("v1", "Secret"),
    ("v1", "ServiceAccount"),
    ("v1", "PersistentVolumeClaim"),
    ("v1", "Namespace"),
    ("networking.k8s.io/v1", "Ingress"),
    ("networking.k8s.io/v1", "NetworkPolicy"),
    ("policy/v1", "PodDisruptionBudget"),
    ("autoscaling/v2", "HorizontalPodAutoscaler"),
    ("rbac.authorization.k8s.io/v1", "RoleBinding"),
    ("storage.k8s.io/v1", "StorageClass"),
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
    ("bitnami.com/v1alpha1", "SealedSecret"),
    ("external-secrets.io/v1", "ExternalSecret"),
    ("cert-manager.io/v1", "Certificate"),
    ("argoproj.io/v1alpha1", "Application"),
    ("argoproj.io/v1alpha1", "ApplicationSet"),
    ("argoproj.io/v1alpha1", "AppProject"),
    ("kustomize.toolkit.fluxcd.io/v1", "Kustomization"),
    ("kustomize.config.k8s.io/v1beta1", "Kustomization"),
    ("helm.toolkit.fluxcd.io/v2", "HelmRelease"),
    ("source.toolkit.fluxcd.io/v1", "GitRepository"),
)
ODD_TEXTS = (
    *("", " ", "${X}", "{{ .x }}", "{{x}}", "<NAME>", "$(X)", "a/b:c@d", "0", "-1", "99999999999"),
    *("None", "true", "\u0130\u0000", "\N{SNOWMAN}", "::1", "10.0.0.0/8", "1/0", "*", "[", "(?P<"),
    *("http://[", "postgres://a:b@c:d/e", "catalog", "../../..", "a" * 300, "{{", "\ud800", "%s"),
)
FIELDS = (
    *("metadata", "spec", "data", "name", "namespace", "labels", "annotations", "template"),
    *("containers", "env", "envFrom", "valueFrom", "secretKeyRef", "volumes", "ports", "selector"),
    *("matchLabels", "matchExpressions", "rules", "http", "paths", "backend", "service", "port"),
    *("source", "sources", "destination", "generators", "git", "list", "elements", "kind", "path"),
    *("ingress", "egress", "to", "from", "podSelector", "ipBlock", "resources", "requests", "cpu"),
)

odd_scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from((0, -1, 1, 80, 2**31, 10**30)),
    st.sampled_from((0.5, 1e308, float("inf"), float("nan"))),
    st.sampled_from(ODD_TEXTS),
    st.text(max_size=5),
)
odd_keys = st.one_of(st.sampled_from(FIELDS), st.sampled_from(("", "${X}", "a.b", "a]b", "$patch")))
odd_values = st.recursive(
    odd_scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(odd_keys, inner, max_size=4),
    max_leaves=12,
)

kustomizations = st.dictionaries(
    st.one_of(st.sampled_from(("resources", "patches", "images", "components")), odd_keys),
    odd_values,
    max_size=4,
)
"""What a kustomization.yaml may hold: a mapping of anything."""


@st.composite
def odd_objects(draw: st.DrawFn) -> Object:
    """An object of a known kind and of any content."""
    api_version, kind = draw(st.sampled_from(KINDS))
    found: Object = {"apiVersion": api_version, "kind": kind, "metadata": draw(odd_values)}
    if draw(st.booleans()):
        found["metadata"] = {"name": draw(odd_scalars), "namespace": draw(odd_scalars)}
    found |= draw(st.dictionaries(odd_keys, odd_values, max_size=3))
    found["spec"] = draw(odd_values)
    return found


@st.composite
def shops(draw: st.DrawFn) -> Objects:
    """A healthy shop: every reference is declared."""
    names = draw(st.lists(st.sampled_from(SERVICES), min_size=1, max_size=3, unique=True))
    port = draw(st.sampled_from((80, 8080, 5000)))
    replicas = draw(st.sampled_from((None, 1, 3)))
    found = [*_shared(), *(o for n in names for o in _service(n, names, port, replicas))]
    found += [_ingress(names[0]), _job(), _cron_job()]
    return tuple(draw(st.permutations(found)) if draw(st.booleans()) else found)


def _object(api_version: str, kind: str, name: str, **content: Any) -> Object:
    metadata = {"name": name, "namespace": NAMESPACE}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **content}


def _shared() -> Iterator[Object]:
    """Yields what the services refer to."""
    namespace = _object("v1", "Namespace", NAMESPACE)
    del namespace["metadata"]["namespace"]
    yield namespace
    yield _object("v1", "Secret", "database", type="Opaque", stringData={"password": "a-b-c-d-9"})
    yield _object(
        "v1",
        "Secret",
        "ghcr",
        type="kubernetes.io/dockerconfigjson",
        stringData={".dockerconfigjson": '{"auths":{"ghcr.io":{"auth":"dTpw"}}}'},
    )
    yield _object("v1", "ConfigMap", "settings", data={"LOG_LEVEL": "info"})
    yield _object("v1", "ServiceAccount", "service")
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    yield _object("v1", "PersistentVolumeClaim", "exports", spec=claim)


def _pod(name: str, names: list[str], port: int) -> Object:
    others = [n for n in names if n != name]
    addresses = [{"name": f"{n.upper()}_URL", "value": f"http://{n}"} for n in others]
    key = {"secretKeyRef": {"name": "database", "key": "password"}}
    level = {"configMapKeyRef": {"name": "settings", "key": "LOG_LEVEL"}}
    container = {
        "name": name,
        "image": f"ghcr.io/musiccorp/{name}:1.4.2",
        "ports": [{"name": "http", "containerPort": port}],
        "env": [
            {"name": "DATABASE_PASSWORD", "valueFrom": key},
            {"name": "LOG_LEVEL", "valueFrom": level},
            *addresses,
        ],
        "readinessProbe": {"httpGet": {"path": "/health", "port": "http"}},
        "resources": {
            "requests": {"cpu": "50m", "memory": "64Mi"},
            "limits": {"cpu": 1, "memory": "128Mi"},
        },
        "volumeMounts": [{"name": "exports", "mountPath": "/exports"}],
    }
    return {
        "serviceAccountName": "service",
        "imagePullSecrets": [{"name": "ghcr"}],
        "containers": [container],
        "volumes": [{"name": "exports", "persistentVolumeClaim": {"claimName": "exports"}}],
    }


def _service(name: str, names: list[str], port: int, replicas: int | None) -> Iterator[Object]:
    """Yields a service with what belongs to it; scaled by load where no replicas are given."""
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, "spec": _pod(name, names, port)}
    selector = {"matchLabels": labels}
    spec: Object = {"selector": selector, "template": template}
    yield _object("apps/v1", "Deployment", name, spec=spec)
    if replicas is None:
        yield _scaler(name)
    else:
        spec["replicas"] = replicas
    ports = [{"name": "http", "port": 80, "targetPort": "http"}]
    yield _object("v1", "Service", name, spec={"selector": labels, "ports": ports})
    budget = {"maxUnavailable": 1, "selector": selector}
    yield _object("policy/v1", "PodDisruptionBudget", name, spec=budget)
    rule = {"ports": [{"protocol": "TCP", "port": port}]}
    policy = {"podSelector": selector, "policyTypes": ["Ingress"], "ingress": [rule]}
    yield _object("networking.k8s.io/v1", "NetworkPolicy", name, spec=policy)


def _scaler(name: str) -> Object:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
    load = {"type": "Utilization", "averageUtilization": 80}
    metrics = [{"type": "Resource", "resource": {"name": "cpu", "target": load}}]
    scaler = {"scaleTargetRef": target, "minReplicas": 1, "maxReplicas": 5, "metrics": metrics}
    return _object("autoscaling/v2", "HorizontalPodAutoscaler", name, spec=scaler)


def _ingress(name: str) -> Object:
    backend = {"service": {"name": name, "port": {"name": "http"}}}
    path = {"path": "/", "pathType": "Prefix", "backend": backend}
    rule = {"host": "shop.example", "http": {"paths": [path]}}
    return _object("networking.k8s.io/v1", "Ingress", "shop", spec={"rules": [rule]})


def _finite() -> Object:
    container = {"name": "report", "image": "ghcr.io/musiccorp/report:1.0.0"}
    pod = {"restartPolicy": "Never", "containers": [container]}
    pod["imagePullSecrets"] = [{"name": "ghcr"}]
    return {"template": {"spec": pod}}


def _job() -> Object:
    return _object("batch/v1", "Job", "migration", spec=_finite())


def _cron_job() -> Object:
    spec = {"schedule": "0 3 * * *", "jobTemplate": {"spec": _finite()}}
    return _object("batch/v1", "CronJob", "report", spec=spec)


def application() -> Object:
    """The Application that deploys the shop."""
    spec = {
        "project": "default",
        "source": {"repoURL": REPOSITORY, "path": PATH, "targetRevision": "main"},
        "destination": {"server": "https://kubernetes.default.svc", "namespace": NAMESPACE},
        "syncPolicy": {"automated": {"prune": True}, "syncOptions": ["CreateNamespace=true"]},
    }
    found = _object("argoproj.io/v1alpha1", "Application", "shop", spec=spec)
    found["metadata"]["namespace"] = "argocd"
    return found


def application_set() -> Object:
    """An ApplicationSet beside it, as it stands in its file."""
    template = application()
    template["metadata"] = {"name": "{{name}}"}
    generators = [{"list": {"elements": [{"name": "shop"}]}}]
    spec = {"generators": generators, "template": template}
    found = _object("argoproj.io/v1alpha1", "ApplicationSet", "shops", spec=spec)
    for field in ("apiVersion", "kind"):
        del template[field]
    found["metadata"]["namespace"] = "argocd"
    return found


def survey_of(
    objects: Objects, *, engine: Objects = (), known: bool = False, content: Any = None
) -> Survey:
    """The whole repository that renders some objects."""
    kustomization = {"resources": ["shop.yaml"]} if content is None else content
    tree = Tree(
        folders=("overlays", PATH),
        files=(f"{PATH}/kustomization.yaml", f"{PATH}/shop.yaml"),
        texts={f"{PATH}/kustomization.yaml": "resources: [shop.yaml]\n"},
        kustomizations={PATH: kustomization},
        documents={f"{PATH}/shop.yaml": objects},
        engine=tuple((o, "bootstrap/shop.yaml") for o in engine),
        repo_urls=(REPOSITORY,),
    )
    source = Source(path=PATH, objects=objects, namespace=NAMESPACE)
    profile = KIND if known else UNKNOWN
    scope = Scope(name="dev", sources=(source,), tree=tree, profile=profile, engine=engine)
    return Survey(tree=tree, scopes=(scope,), visited=frozenset(tree.files))


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yields the path of everything inside a value."""
    found = value.items() if isinstance(value, Mapping) else ()
    for key, inner in found if not isinstance(value, list) else enumerate(value):
        yield (*path, key)
        yield from places(inner, (*path, key))


@st.composite
def spoiled(draw: st.DrawFn, objects: Objects) -> Objects:
    """Some objects with a few fields deleted, or holding something else."""
    found: list[Any] = [copy.deepcopy(dict(o)) for o in objects]
    for _ in range(draw(st.integers(1, 4))):
        at = list(places(found))
        path = at[draw(st.integers(0, len(at) - 1))]
        holder: Any = found
        for key in path[:-1]:
            holder = holder[key]
        if draw(st.booleans()) and len(path) > 1:
            del holder[path[-1]]
        else:
            holder[path[-1]] = {} if len(path) == 1 else draw(odd_values)
    return tuple(found)

"""Writes a GitOps repository of any size, for measuring how an audit grows with it.

Applications over shared bases, each in every environment: ten files per overlay, 14 objects when
it is rendered, an ApplicationSet per environment that deploys every folder below it. Everything is
right but for one fault in a few overlays, so that whoever is measured must have judged them all.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bench.manifests import Object, service

ENVIRONMENTS = 10
BROKEN_EVERY = 50
"""One overlay in so many sends its Ingress to a Service that nobody declares."""
BROKEN_RULE = "ingress-backend-service-missing"
NAMESPACE_KEY = "kubernetes.io/metadata.name"
URL = "https://github.com/musiccorp/estate.git"
PORT = 8080


@dataclass(frozen=True, slots=True, kw_only=True)
class Estate:
    """How large the repository is."""

    overlays: int
    bases: int = 10

    @property
    def broken(self) -> int:
        """How many overlays have a fault."""
        return len([n for n in range(self.overlays) if is_broken(n)])


def is_broken(number: int) -> bool:
    """Tells whether the overlay of this number has a fault."""
    return number % BROKEN_EVERY == BROKEN_EVERY - 1


def write_estate(folder: Path, estate: Estate) -> list[Path]:
    """Writes the repository; returns the folders of its overlays."""
    for number in range(estate.bases):
        _write_base(folder / "bases" / f"shop-{number}", number)
    for number in range(min(ENVIRONMENTS, estate.overlays)):
        _write_bootstrap(folder / "bootstrap" / f"env-{number}", f"env-{number}")
    return [_write_overlay(folder, number, estate) for number in range(estate.overlays)]


def _written(folder: Path, files: dict[str, Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        text = content if isinstance(content, str) else yaml.safe_dump(content, sort_keys=False)
        (folder / name).write_text(text, encoding="utf-8")


def _object(version: str, kind: str, name: str, **body: Any) -> Object:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name}, **body}


def _kustomization(**body: Any) -> Object:
    return {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", **body}


def _write_base(folder: Path, number: int) -> None:
    _written(
        folder,
        {
            "kustomization.yaml": _kustomization(
                resources=["accounts.yaml", "workloads.yaml", "services.yaml"],
                configMapGenerator=[
                    {"name": "settings", "literals": ["STORE_URL=http://store:8080", "LEVEL=info"]}
                ],
            ),
            "accounts.yaml": _object("v1", "ServiceAccount", "web"),
            "workloads.yaml": yaml.safe_dump_all([_workload("web", number), _workload("store", 0)]),
            "services.yaml": yaml.safe_dump_all([service("web"), service("store")]),
        },
    )


def _workload(name: str, number: int) -> Object:
    probe = {"httpGet": {"path": "/healthz", "port": "http"}}
    container = {
        "name": name,
        "image": f"ghcr.io/example/{name}-{number}:1.4.{number}",
        "ports": [{"name": "http", "containerPort": PORT}],
        "envFrom": [{"configMapRef": {"name": "settings"}}],
        "env": [{"name": f"FEATURE_{n}", "value": f"{n % 2}"} for n in range(8)],
        "readinessProbe": probe,
        "livenessProbe": probe,
        "resources": {"requests": {"cpu": "10m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}},
    }
    pod = {"containers": [container], **({"serviceAccountName": "web"} if name == "web" else {})}
    labels = {"app": name}
    return _object(
        "apps/v1",
        "Deployment",
        name,
        spec={
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    )


def _write_bootstrap(folder: Path, environment: str) -> None:
    source = {"repoURL": URL, "targetRevision": "HEAD", "path": "{{ .path.path }}"}
    template = {
        "metadata": {"name": f"{environment}-{{{{ .path.basename }}}}"},
        "spec": {
            "project": "default",
            "source": source,
            "destination": {
                "server": "https://kubernetes.default.svc",
                "namespace": f"{environment}-{{{{ .path.basename }}}}",
            },
        },
    }
    directories = [{"path": f"overlays/{environment}/*"}]
    applications = _object(
        "argoproj.io/v1alpha1",
        "ApplicationSet",
        environment,
        spec={
            "goTemplate": True,
            "generators": [
                {"git": {"repoURL": URL, "revision": "HEAD", "directories": directories}}
            ],
            "template": template,
        },
    )
    applications["metadata"]["namespace"] = "argocd"
    files = {
        "kustomization.yaml": _kustomization(resources=["applications.yaml"]),
        "applications.yaml": applications,
    }
    _written(folder, files)


def _write_overlay(root: Path, number: int, estate: Estate) -> Path:
    environment, app = f"env-{number % ENVIRONMENTS}", f"app-{number // ENVIRONMENTS:03d}"
    folder = root / "overlays" / environment / app
    namespace = f"{environment}-{app}"
    _written(
        folder,
        {
            "kustomization.yaml": _overlay(
                namespace, number // ENVIRONMENTS % estate.bases, environment
            ),
            "namespace.yaml": _object("v1", "Namespace", namespace),
            "ingress.yaml": _ingress(namespace, "shop" if is_broken(number) else "web"),
            "autoscaling.yaml": _autoscaler(),
            "disruption.yaml": _budget(),
            "policies.yaml": yaml.safe_dump_all(_policies()),
            "capacity.yaml": _capacity(number),
            "rollout.yaml": _rollout(number),
            "settings.env": "".join(f"SETTING_{n}=value {number} {n}\n" for n in range(20)),
            "features.properties": "".join(f"feature.{n}=on\n" for n in range(20)),
        },
    )
    return folder


def _overlay(namespace: str, base: int, environment: str) -> Object:
    own = ("namespace", "ingress", "autoscaling", "disruption", "policies")
    return _kustomization(
        namespace=namespace,
        resources=[f"../../../bases/shop-{base}", *(f"{name}.yaml" for name in own)],
        patches=[{"path": "capacity.yaml"}, {"path": "rollout.yaml"}],
        images=[{"name": f"ghcr.io/example/web-{base}", "newTag": f"2.0.{base}"}],
        configMapGenerator=[
            {"name": "settings", "behavior": "merge", "envs": ["settings.env"]},
            {"name": "features", "files": ["features.properties"]},
        ],
        labels=[{"includeTemplates": True, "pairs": {"example.com/environment": environment}}],
    )


def _ingress(host: str, backend: str) -> Object:
    target = {"service": {"name": backend, "port": {"name": "http"}}}
    path = {"path": "/", "pathType": "Prefix", "backend": target}
    rules = [{"host": f"{host}.example.com", "http": {"paths": [path]}}]
    return _object("networking.k8s.io/v1", "Ingress", "web", spec={"rules": rules})


def _autoscaler() -> Object:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    cpu = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}}
    spec = {
        "scaleTargetRef": target,
        "minReplicas": 2,
        "maxReplicas": 6,
        "metrics": [{"type": "Resource", "resource": cpu}],
    }
    return _object("autoscaling/v2", "HorizontalPodAutoscaler", "web", spec=spec)


def _budget() -> Object:
    spec = {"maxUnavailable": 1, "selector": {"matchLabels": {"app": "web"}}}
    return _object("policy/v1", "PodDisruptionBudget", "web", spec=spec)


def _policies() -> list[Object]:
    dns = {
        "to": [{"namespaceSelector": {"matchLabels": {NAMESPACE_KEY: "kube-system"}}}],
        "ports": [{"protocol": protocol, "port": 53} for protocol in ("UDP", "TCP")],
    }
    store = {
        "to": [{"podSelector": {"matchLabels": {"app": "store"}}}],
        "ports": [{"protocol": "TCP", "port": PORT}],
    }
    web = {"podSelector": {"matchLabels": {"app": "web"}}}
    client = {"from": [web], "ports": [{"protocol": "TCP", "port": PORT}]}
    leaving = {**web, "policyTypes": ["Egress"], "egress": [dns, store]}
    arriving = {
        "podSelector": {"matchLabels": {"app": "store"}},
        "policyTypes": ["Ingress"],
        "ingress": [client],
    }
    version, kind = "networking.k8s.io/v1", "NetworkPolicy"
    return [
        _object(version, kind, "web-leaves", spec=leaving),
        _object(version, kind, "store-is-reached", spec=arriving),
    ]


def _patch(name: str, **spec: Any) -> Object:
    return _object("apps/v1", "Deployment", name, spec=spec)


def _capacity(number: int) -> Object:
    resources = {"requests": {"cpu": f"{20 + number % 30}m", "memory": "96Mi"}}
    container = {"name": "web", "resources": resources}
    return _patch("web", template={"spec": {"containers": [container]}})


def _rollout(number: int) -> Object:
    return _patch("store", replicas=1, progressDeadlineSeconds=300 + number % 60)

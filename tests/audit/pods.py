"""Workloads as YAML for the tests of references."""

from __future__ import annotations

import textwrap


def workload(
    pod: str, name: str = "order", kind: str = "Deployment", api: str = "apps/v1", more: str = ""
) -> str:
    """A workload around the YAML of a pod specification; `more` stands beside the template."""
    return (
        f"apiVersion: {api}\nkind: {kind}\nmetadata: {{name: {name}}}\nspec:\n"
        f"{textwrap.indent(textwrap.dedent(more).strip(), '  ')}\n"
        f"  template:\n    spec:\n{textwrap.indent(textwrap.dedent(pod).strip(), '      ')}\n"
    )


def env_from_secret(
    secret: str = "db",  # noqa: S107 - the name of an object
    key: str = "password",
    more: str = "",
) -> str:
    """A Deployment that takes DB_PASSWORD from a key of a Secret."""
    return workload(
        "containers:\n- name: order\n  env:\n  - name: DB_PASSWORD\n"
        f"    valueFrom: {{secretKeyRef: {{name: {secret}, key: {key}{more}}}}}\n"
    )


def env_from_config(config: str = "settings", key: str = "url", more: str = "") -> str:
    """A Deployment that takes CATALOG_URL from a key of a ConfigMap."""
    return workload(
        "containers:\n- name: order\n  env:\n  - name: CATALOG_URL\n"
        f"    valueFrom: {{configMapKeyRef: {{name: {config}, key: {key}{more}}}}}\n"
    )


def pulling(image: str, *secrets: str, name: str = "order") -> str:
    """A Deployment of one image with its pull secrets."""
    named = ", ".join(f"{{name: {secret}}}" for secret in secrets)
    return workload(
        f"imagePullSecrets: [{named}]\ncontainers:\n- {{name: order, image: {image}}}", name=name
    )


def together(*documents: str) -> str:
    """Several documents as one text."""
    return "\n---\n".join(documents)

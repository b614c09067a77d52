"""Decides the content of every secret that is referred to and that nobody declares. Pure.

Values come from `harness.toml` (literal, or `env:NAME`), else they are generated: random passwords,
and for keys that name a user or a database the first word of the secret's own name, because the two
sides only have to agree. What cannot be guessed (a connection address) is asked for.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from harness.config import SecretSettings
from harness.model.errors import SecretError
from harness.model.repository import SecretUse
from harness.model.secret import Secret

DOCKER_CONFIG_TYPE = "kubernetes.io/dockerconfigjson"
_NAME_KEY = re.compile(r"(user(name)?|login|database|db(_?name)?)$", re.IGNORECASE)
_ADDRESS_KEY = re.compile(r"(url|uri|dsn|host|port|endpoint|address)s?$", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedSecret:
    """A secret to create."""

    namespace: str
    name: str
    type: str
    data: Mapping[str, Secret]
    origin: str
    """`generated`, `harness.toml`, or `credentials of this run's registry`."""

    @property
    def sensitive(self) -> tuple[Secret, ...]:
        """The values that must never be shown; names of users and databases are no secrets."""
        return tuple(v for key, v in self.data.items() if not _NAME_KEY.search(key))


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryLogin:
    """The user that this run's registry accepts."""

    username: str
    password: Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretSources:
    """Where values come from."""

    settings: Mapping[str, SecretSettings]
    environment: Mapping[str, str]
    login: RegistryLogin
    generate: Callable[[], str]


def plan_secrets(uses: Iterable[SecretUse], sources: SecretSources) -> tuple[PlannedSecret, ...]:
    """Returns the secrets to create; optional ones that are not configured are left out.

    Raises:
        SecretError: A value cannot be guessed or an environment variable is not set.
    """
    planned = []
    for use in uses:
        configured = sources.settings.get(use.name)
        if configured and configured.namespace not in {"", use.namespace}:
            configured = None
        if use.is_pull_secret and not configured:
            planned.append(_pull_secret(use, sources.login))
        elif configured:
            planned.append(_configured(use, configured, sources))
        elif not use.optional:
            planned.append(_generated(use, sources.generate))
    return tuple(planned)


def docker_config(hosts: Iterable[str], login: RegistryLogin) -> str:
    """Returns a `.dockerconfigjson` for the hosts; Docker Hub under its historical key."""
    password = login.password.reveal()
    auth = base64.b64encode(f"{login.username}:{password}".encode()).decode()
    entry = {"username": login.username, "password": password, "auth": auth}
    keys = ["https://index.docker.io/v1/" if h == "docker.io" else h for h in hosts]
    return json.dumps({"auths": dict.fromkeys(keys, entry)})


def _pull_secret(use: SecretUse, login: RegistryLogin) -> PlannedSecret:
    return PlannedSecret(
        namespace=use.namespace,
        name=use.name,
        type=DOCKER_CONFIG_TYPE,
        data={".dockerconfigjson": Secret(docker_config(use.hosts, login))},
        origin="credentials of this run's registry",
    )


def _configured(use: SecretUse, settings: SecretSettings, sources: SecretSources) -> PlannedSecret:
    data = {
        key: Secret(_resolved(use, key, value, sources)) for key, value in settings.data.items()
    }
    for key in use.keys:
        if key not in data:
            data[key] = _guess(use, key, sources.generate)
    return PlannedSecret(
        namespace=use.namespace,
        name=use.name,
        type=settings.type,
        data=data,
        origin="harness.toml",
    )


def _resolved(use: SecretUse, key: str, value: str, sources: SecretSources) -> str:
    if value == "generate":
        return sources.generate()
    if not value.startswith("env:"):
        return value
    variable = value.removeprefix("env:")
    if variable not in sources.environment:
        raise SecretError(
            attempted="Filling",
            subject=f"key {key!r} of the secret {use.namespace}/{use.name}",
            seen=f"the environment variable {variable} is not set",
            expected=f"{variable} as harness.toml says",
            next_step=f"export {variable}=...",
        )
    return sources.environment[variable]


def _generated(use: SecretUse, generate: Callable[[], str]) -> PlannedSecret:
    return PlannedSecret(
        namespace=use.namespace,
        name=use.name,
        type="Opaque",
        data={key: _guess(use, key, generate) for key in use.keys},
        origin="generated",
    )


def _guess(use: SecretUse, key: str, generate: Callable[[], str]) -> Secret:
    if _NAME_KEY.search(key):
        return Secret(re.split(r"[-_.]", use.name)[0] or "app")
    if _ADDRESS_KEY.search(key):
        raise SecretError(
            attempted="Generating",
            subject=f"key {key!r} of the secret {use.namespace}/{use.name}",
            seen="an address cannot be invented",
            expected="its value in harness.toml",
            next_step=f'add [secrets.{use.name}.data] "{key}" = "..." (used by {use.users[0]})',
        )
    return Secret(generate())


def secret_object(planned: PlannedSecret, labels: Mapping[str, str]) -> dict[str, Any]:
    """Returns the Kubernetes object, values in base64."""
    encoded = {
        key: base64.b64encode(value.reveal().encode()).decode()
        for key, value in planned.data.items()
    }
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": planned.name,
            "namespace": planned.namespace,
            "labels": dict(labels),
        },
        "type": planned.type,
        "data": encoded,
    }

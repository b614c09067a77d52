from __future__ import annotations

import base64
import json
from collections.abc import Callable

import pytest

from harness.config import SecretSettings
from harness.model.errors import SecretError
from harness.model.refs import ObjectRef
from harness.model.repository import SecretUse
from harness.model.secret import Secret
from harness.secrets.plan import (
    DOCKER_CONFIG_TYPE,
    RegistryLogin,
    SecretSources,
    plan_secrets,
    secret_object,
)

LOGIN = RegistryLogin(username="robot", password=Secret("registry-password"))


def _use(name: str, *keys: str, pull: bool = False, optional: bool = False) -> SecretUse:
    return SecretUse(
        namespace="dev", name=name, keys=keys, is_pull_secret=pull, optional=optional,
        users=(ObjectRef("StatefulSet", "dev", "db"),), hosts=("docker.io", "ghcr.io"),
    )  # fmt: skip


def _sources(**settings: SecretSettings) -> SecretSources:
    return SecretSources(
        settings=settings, environment={"TOKEN": "from-env"}, login=LOGIN, generate=_counter()
    )


def _counter() -> Callable[[], str]:
    numbers = iter(range(100))
    return lambda: f"random-{next(numbers)}"


def test_a_pull_secret_holds_the_credentials_of_the_runs_registry() -> None:
    (planned,) = plan_secrets([_use("ghcr-secret", pull=True)], _sources())

    assert planned.type == DOCKER_CONFIG_TYPE
    auths = json.loads(planned.data[".dockerconfigjson"].reveal())["auths"]
    assert set(auths) == {"https://index.docker.io/v1/", "ghcr.io"}
    assert base64.b64decode(auths["ghcr.io"]["auth"]) == b"robot:registry-password"
    assert "registry-password" not in repr(planned)


def test_passwords_are_random_and_names_come_from_the_secret() -> None:
    (planned,) = plan_secrets([_use("order-db", "username", "password", "database")], _sources())

    assert {k: v.reveal() for k, v in planned.data.items()} == {
        "username": "order", "password": "random-0", "database": "order",
    }  # fmt: skip
    assert planned.origin == "generated"


def test_configured_values_win_and_missing_keys_are_generated() -> None:
    settings = SecretSettings(data={"token": "env:TOKEN", "plain": "x", "made": "generate"})

    (planned,) = plan_secrets([_use("api", "token", "password")], _sources(api=settings))

    assert {k: v.reveal() for k, v in planned.data.items()} == {
        "token": "from-env", "plain": "x", "made": "random-0", "password": "random-1",
    }  # fmt: skip


def test_an_optional_secret_is_left_out_unless_configured() -> None:
    use = _use("extra", "k", optional=True)

    assert plan_secrets([use], _sources()) == ()
    assert len(plan_secrets([use], _sources(extra=SecretSettings(data={"k": "v"})))) == 1


@pytest.mark.parametrize("key", ["DATABASE_URL", "smtp-host", "dsn"])
def test_an_address_is_asked_for_and_not_invented(key: str) -> None:
    with pytest.raises(SecretError) as caught:
        plan_secrets([_use("mail", key)], _sources())

    assert f'[secrets.mail.data] "{key}"' in caught.value.next_step


def test_an_unset_environment_variable_is_named() -> None:
    settings = SecretSettings(data={"k": "env:ABSENT"})

    with pytest.raises(SecretError) as caught:
        plan_secrets([_use("api", "k")], _sources(api=settings))

    assert "ABSENT is not set" in caught.value.seen


def test_the_object_carries_the_values_in_base64() -> None:
    (planned,) = plan_secrets([_use("db", "password")], _sources())

    made = secret_object(planned, {"run": "r"})

    assert made["data"] == {"password": base64.b64encode(b"random-0").decode()}
    assert made["metadata"] == {"name": "db", "namespace": "dev", "labels": {"run": "r"}}


def test_names_of_users_and_databases_are_not_treated_as_secrets() -> None:
    (planned,) = plan_secrets([_use("order-db", "username", "password", "database")], _sources())

    assert [s.reveal() for s in planned.sensitive] == ["random-0"]

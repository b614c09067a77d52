from __future__ import annotations

from dataclasses import dataclass

import pytest
from chassis.settings import (
    ConfigurationError,
    DatabaseSettings,
    KafkaSettings,
    LogLevel,
    Secret,
    ServerSettings,
    load_settings,
)


@dataclass(frozen=True, kw_only=True)
class Everything(ServerSettings, DatabaseSettings, KafkaSettings):
    pass


COMPLETE = {
    "DB_HOST": "order-db",
    "DB_NAME": "order",
    "DB_USER": "app",
    "DB_PASSWORD": "hunter2",
    "KAFKA_BOOTSTRAP_SERVERS": "kafka:9092",
}


def test_variables_become_fields_of_their_type() -> None:
    settings = load_settings(
        Everything, COMPLETE | {"DB_PORT": "6432", "DRAIN_SECONDS": "0.5", "LOG_LEVEL": "DEBUG"}
    )
    assert (settings.db_host, settings.db_port) == ("order-db", 6432)
    assert (settings.drain_seconds, settings.log_level) == (0.5, LogLevel.DEBUG)
    assert settings.db_password.reveal() == "hunter2"


def test_every_missing_variable_is_named_at_once() -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_settings(Everything, {"DB_HOST": "order-db", "DB_NAME": "order"})
    for variable in ("DB_USER", "DB_PASSWORD", "KAFKA_BOOTSTRAP_SERVERS"):
        assert f"environment variable {variable} is not set" in str(caught.value)
    assert "DB_HOST" not in str(caught.value)
    assert caught.value.exit_code == 78


def test_an_empty_variable_counts_as_missing() -> None:
    with pytest.raises(ConfigurationError, match="DB_PASSWORD is not set"):
        load_settings(Everything, COMPLETE | {"DB_PASSWORD": " "})


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        pytest.param("DB_PORT", "tcp://10.96.0.1:5432", id="a service link in place of a port"),
        pytest.param("DRAIN_SECONDS", "soon", id="a word in place of a number"),
        pytest.param("LOG_LEVEL", "LOUD", id="an unknown level"),
    ],
)
def test_a_value_of_the_wrong_type_is_named_with_its_variable(variable: str, value: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_settings(Everything, COMPLETE | {variable: value})
    assert variable in str(caught.value)
    assert value in str(caught.value)


def test_a_secret_is_not_printed_with_its_settings() -> None:
    assert "hunter2" not in repr(load_settings(Everything, COMPLETE))
    assert str(Secret("hunter2")) == "Secret(***)"

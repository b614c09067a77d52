"""Configuration comes from the environment alone, and every mistake in it is named at once.

A service declares a frozen dataclass; the field `db_host` is read from `DB_HOST`. Fields without a
default are required. Where the variables come from (ConfigMap, Secret) is the business of `gitops-
deploys/`. Next: `program`, which turns a `ConfigurationError` into one log line and exit code 78.
"""

from __future__ import annotations

import os
from dataclasses import MISSING, dataclass, fields
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar, get_type_hints

from chassis.exits import CannotRun

if TYPE_CHECKING:
    from collections.abc import Mapping
    from dataclasses import Field

__all__ = [
    "ConfigurationError",
    "DatabaseSettings",
    "KafkaSettings",
    "LogLevel",
    "Secret",
    "ServerSettings",
    "load_settings",
]


class ConfigurationError(CannotRun):
    """The environment lacks what the service needs; the text names every variable concerned."""

    exit_code = os.EX_CONFIG


class Secret:
    """A value that can be used but not printed."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Returns the value itself, for the one call that needs it."""
        return self._value

    def __repr__(self) -> str:
        """Hides the value."""
        return "Secret(***)"


class LogLevel(StrEnum):
    """The levels that can be asked for."""

    DEBUG = "DEBUG"
    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"


@dataclass(frozen=True, kw_only=True)
class ServerSettings:
    """How the HTTP server listens, drains and logs."""

    http_host: str = "0.0.0.0"  # noqa: S104 - a pod's own network namespace
    http_port: int = 8080
    log_level: LogLevel = LogLevel.INFO
    drain_seconds: float = 5.0
    """Between SIGTERM and the last accepted request: load balancers need it to stop sending."""
    shutdown_seconds: int = 15
    """Longest time for requests under way; with `drain_seconds` below the pod's grace period."""


@dataclass(frozen=True, kw_only=True)
class DatabaseSettings:
    """One PostgreSQL database; user, password and name come from the Secret of that database."""

    db_host: str
    db_port: int = 5432
    db_name: str
    db_user: str
    db_password: Secret
    db_pool_size: int = 8
    db_wait_seconds: float = 300.0
    """How long migrations wait for a database which is still starting."""


@dataclass(frozen=True, kw_only=True)
class KafkaSettings:
    """How Kafka is reached, and what a topic made by this service looks like."""

    kafka_bootstrap_servers: str
    kafka_topic_partitions: int = 3
    kafka_topic_replication_factor: int = 1


S = TypeVar("S")


def load_settings(kind: type[S], environment: Mapping[str, str]) -> S:
    """Returns `kind` filled from `environment`.

    Raises:
        ConfigurationError: variables are missing, empty or of the wrong type; all are named.
    """
    hints = get_type_hints(kind)
    values: dict[str, Any] = {}
    problems: list[str] = []
    for field in fields(kind):  # type: ignore[arg-type]  # every caller passes a dataclass
        variable = field.name.upper()
        text = environment.get(variable, "").strip()
        if text:
            _convert(variable, text, hints[field.name], values, problems, name=field.name)
        elif _is_required(field):
            problems.append(f"environment variable {variable} is not set")
    if problems:
        raise ConfigurationError("configuration error: " + "; ".join(problems))
    return kind(**values)


def _is_required(field: Field[Any]) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


def _convert(
    variable: str,
    text: str,
    kind: type[Any],
    values: dict[str, Any],
    problems: list[str],
    *,
    name: str,
) -> None:
    try:
        values[name] = kind(text)
    except ValueError:
        problems.append(f"environment variable {variable} is {text!r}, not a valid {kind.__name__}")

"""Settings: `harness.toml` of the user's repository, validated, with defaults for everything.

Unknown keys are errors that name the nearest known key. Nothing here looks at the repository's
manifests; what the file does not say is inferred by `harness.repo`.
"""

from __future__ import annotations

import difflib
import tomllib
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from harness.model.errors import UsageError

FILE_NAME = "harness.toml"


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class RepositorySettings(_Settings):
    """Which declared Git addresses this tree answers to; inferred from Applications if empty."""

    urls: tuple[str, ...] = ()


class EnvironmentSettings(_Settings):
    """Where one environment lives, relative to the repository root."""

    overlays: str = ""
    bootstrap: str = ""


class ImageSettings(_Settings):
    """How one image named by the overlays is made."""

    context: str = ""
    dockerfile: str = ""
    private: bool | None = None
    """Whether the registry asks for credentials; inferred from pull secrets when unset."""
    build_args: dict[str, str] = Field(default_factory=dict)


class SecretSettings(_Settings):
    """Values of one secret; a value `env:NAME` is read from the environment."""

    namespace: str = ""
    type: str = "Opaque"
    data: dict[str, str] = Field(default_factory=dict)


class ProveSettings(_Settings):
    """What is run from outside once everything is ready."""

    command: tuple[str, ...] = ()
    deadline_seconds: float = Field(default=180, gt=0)


class DeadlineSettings(_Settings):
    """How long each wait may take, in seconds."""

    cluster: float = Field(default=300, gt=0)
    build: float = Field(default=900, gt=0)
    engine: float = Field(default=240, gt=0)
    sync: float = Field(default=240, gt=0)
    ready: float = Field(default=600, gt=0)
    stable: float = Field(default=5, ge=0)
    """How long everything must stay ready before it counts."""


class Settings(_Settings):
    """The whole of `harness.toml`."""

    repository: RepositorySettings = RepositorySettings()
    environments: dict[str, EnvironmentSettings] = Field(default_factory=dict)
    images: dict[str, ImageSettings] = Field(default_factory=dict)
    secrets: dict[str, SecretSettings] = Field(default_factory=dict)
    prove: ProveSettings = ProveSettings()
    deadlines: DeadlineSettings = DeadlineSettings()
    kind_config: str = ""


def load_settings(root: Path) -> Settings:
    """Returns the settings of the repository at `root`; defaults where there is no file.

    Raises:
        UsageError: The file is no TOML, has unknown keys or values of the wrong type.
    """
    path = root / FILE_NAME
    if not path.is_file():
        return Settings()
    try:
        return Settings.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(
            attempted="Reading",
            subject=str(path),
            seen=str(error),
            expected="a TOML file",
            next_step="correct the line named above",
        ) from error
    except ValidationError as error:
        raise UsageError(
            attempted="Reading",
            subject=str(path),
            seen="; ".join(_describe(detail) for detail in error.errors()),
            expected="only keys listed in docs/reference/configuration.md",
            next_step=f"edit {FILE_NAME}",
        ) from error


def _describe(detail: ErrorDetails) -> str:
    where = ".".join(str(part) for part in detail["loc"])
    if detail["type"] != "extra_forbidden":
        return f"{where}: {detail['msg'].lower()}"
    near = nearest_key(detail["loc"])
    return f"unknown key {where!r}" + (f", did you mean {near!r}?" if near else "")


def nearest_key(location: tuple[int | str, ...]) -> str:
    """Returns the known key of the same table that resembles the unknown one, or nothing."""
    table = _table_at(location[:-1])
    known = list(table.model_fields) if table else []
    return next(iter(difflib.get_close_matches(str(location[-1]), known, n=1, cutoff=0.5)), "")


def _table_at(location: tuple[int | str, ...]) -> type[BaseModel] | None:
    table: type[BaseModel] = Settings
    parts = list(location)
    while parts:
        field = table.model_fields.get(str(parts.pop(0)))
        if field is None:
            return None
        annotation: Any = field.annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            table = annotation
            continue
        value_type = getattr(annotation, "__args__", (None,))[-1]
        if parts and isinstance(value_type, type) and issubclass(value_type, BaseModel):
            parts.pop(0)
            table = value_type
            continue
        return None
    return table

"""Settings: `harness.toml` of the user's repository, validated, with defaults for everything.

Unknown keys are errors that name the nearest known key. Nothing here looks at the repository's
manifests; what the file does not say is inferred by `harness.repo`.
"""

from __future__ import annotations

import difflib
import tomllib
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from harness.model.errors import UsageError

FILE_NAME = "harness.toml"
AskingGenerator = Literal["scmProvider", "clusterDecisionResource", "plugin"]


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
    policies: bool = True
    """Whether the declared network policies are probed."""
    disruptive: bool = False
    """Whether every StatefulSet loses a pod, and the command runs again afterwards."""


class AdaptationSettings(_Settings):
    """What kind's cluster is given besides what clouds bring."""

    classes: tuple[str, ...] = ()
    """Names of classes (storage, priority, runtime) that the real clusters have."""


class DeadlineSettings(_Settings):
    """How long each wait may take, in seconds."""

    cluster: float = Field(default=300, gt=0)
    build: float = Field(default=900, gt=0)
    engine: float = Field(default=240, gt=0)
    sync: float = Field(default=240, gt=0)
    ready: float = Field(default=600, gt=0)
    stable: float = Field(default=5, ge=0)
    """How long everything must stay ready before it counts."""


class ClusterSettings(_Settings):
    """A cluster that is registered with Argo CD, as its cluster generator gives it."""

    name: str = Field(min_length=1)
    server: str = Field(min_length=1)
    labels: dict[str, str] = Field(default_factory=dict)
    annotations: dict[str, str] = Field(default_factory=dict)
    project: str = ""


class PullRequestSettings(_Settings):
    """An open pull request, as Argo CD's pull request generator gives it."""

    number: int = Field(ge=1)
    branch: str = Field(min_length=1)
    target_branch: str = "main"
    head_sha: str = Field(min_length=1)
    title: str = ""
    author: str = ""
    labels: tuple[str, ...] = ()


class AuditSettings(_Settings):
    """What the tree alone does not tell of what ApplicationSets become."""

    clusters: tuple[ClusterSettings, ...] | None = None
    """The clusters besides Argo CD's own; unset where nobody knows them."""
    pull_requests: tuple[PullRequestSettings, ...] | None = None
    parameters: dict[AskingGenerator, tuple[dict[str, Any], ...]] = Field(default_factory=dict)
    """Parameters of generators that ask a server."""
    new_git_file_globbing: bool = False
    """Whether Argo CD runs with `enable-new-git-file-globbing`."""


class Settings(_Settings):
    """The whole of `harness.toml`."""

    repository: RepositorySettings = RepositorySettings()
    environments: dict[str, EnvironmentSettings] = Field(default_factory=dict)
    images: dict[str, ImageSettings] = Field(default_factory=dict)
    secrets: dict[str, SecretSettings] = Field(default_factory=dict)
    prove: ProveSettings = ProveSettings()
    adaptation: AdaptationSettings = AdaptationSettings()
    deadlines: DeadlineSettings = DeadlineSettings()
    audit: AuditSettings = AuditSettings()
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
        inner = None if field is None else _table_within(field.annotation)
        if inner is None:
            return None
        if field is not None and inner is not field.annotation:
            if not parts:
                return None
            parts.pop(0)
        table = inner
    return table


def _table_within(annotation: Any) -> type[BaseModel] | None:
    """Returns the table that a type is, or that its values or entries are."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = (_table_within(argument) for argument in reversed(get_args(annotation)))
    return next((found for found in inner if found is not None), None)

"""The manifest of an evidence archive: what was run, with what, and what each member must be.

`manifest.json` is the first member. `manifest.schema.json` beside this module describes it; a test
keeps both equal. Fields may be added under the same version; a change of meaning raises it. Paths
of members are relative POSIX paths; times are UTC, ISO 8601; sizes are bytes.
"""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from harness.model.errors import UsageError

FORMAT = "gitops-harness/evidence-archive"
VERSION = 1
FILE_NAME = "evidence.tar.gz"
MANIFEST = "manifest.json"
RUN = "run.json"
EVIDENCE = "evidence"
TREE = "tree"
KIND_CONFIG = "kind-config.yaml"
SCHEMA_FILE = Path(__file__).with_name("manifest.schema.json")


def _inside(path: str) -> str:
    parts = PurePosixPath(path)
    tame = path.isprintable() and "\\" not in path and parts.as_posix() == path
    if not tame or parts.is_absolute() or {"..", "."} & set(parts.parts):
        message = f"{path!r} is not a plain relative path"
        raise ValueError(message)
    return path


MemberName = Annotated[str, Field(min_length=1, max_length=1024), AfterValidator(_inside)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class TreeMode(StrEnum):
    """How the tree of the run is in the archive."""

    INCLUDE = "include"
    """Every file."""
    COMMIT = "commit"
    """The id of a commit, and the files that differ from it."""
    ABSENT = "absent"
    """Not at all; `Tree.why` says why."""


class Member(_Part):
    """One member of the archive, in the order in which they stand in it."""

    name: MemberName
    bytes: int = Field(ge=0)
    sha256: Sha256
    executable: bool = False
    link: str = Field(default="", description="Target of a symbolic link; then there is no data.")


class Masked(_Part):
    """Something that was taken out of a member."""

    member: str
    what: str = Field(description="Kind of secret, e.g. `secret value` or `private key`.")
    times: int


class Tree(_Part):
    """The tree that was run."""

    mode: TreeMode
    why: str = ""
    revision: str = Field(default="", description="The commit that the run published.")
    tree_id: str = Field(default="", description="Git's id of the published tree, unmasked.")
    commit: str = Field(default="", description="HEAD of the checkout; empty where there is none.")
    folder: str = Field(default="", description="Folder of the tree inside its checkout.")
    branch: str = ""
    remote: str = Field(default="", description="Address of the checkout's origin, no password.")
    changed: int = Field(default=0, description="Files that differ from the commit.")
    deleted: tuple[MemberName, ...] = ()
    files: int = 0
    bytes: int = 0
    masked: tuple[str, ...] = Field(
        default=(), description="Files in which values of secrets are replaced by stand-ins."
    )
    left_out: tuple[str, ...] = Field(default=(), description="Files that are not here, and why.")


class Options(_Part):
    """What the run was asked for."""

    environment: str
    up_to: str
    withhold: tuple[str, ...] = ()
    keep_going: bool = False
    kind_config: bool = Field(default=False, description="True where kind-config.yaml is a member.")
    variables: tuple[str, ...] = Field(
        default=(), description="Environment variables that harness.toml reads secrets from."
    )


class Tool(_Part):
    """A program of the bundle."""

    version: str
    sha256: str


class Image(_Part):
    """An image of the bundle."""

    image_id: str
    built_from: str


class Versions(_Part):
    """With what the run was made; empty where it ended before that was known."""

    harness: str
    bundle: str = Field(default="", description="Key of the bundle.")
    bundle_origin: str = ""
    kubernetes: str = ""
    argocd: str = ""
    tools: dict[str, Tool] = {}
    images: dict[str, Image] = Field(default={}, description="By role, e.g. node.")


class Host(_Part):
    """On what machine the run was made."""

    system: str = ""
    distribution: str = ""
    cgroups: int = 0
    processors: int = 0
    memory_bytes: int = 0
    python: str = ""


class Manifest(_Part):
    """What an evidence archive holds."""

    format: Literal["gitops-harness/evidence-archive"] = "gitops-harness/evidence-archive"
    version: Literal[1] = 1
    created: str
    run_id: str
    verdict: str
    headline: str
    exit_code: int
    options: Options
    versions: Versions
    host: Host
    contexts: dict[str, str] = Field(
        default={}, description="Image built from the tree -> Git's id of its build context."
    )
    tree: Tree
    members: tuple[Member, ...] = ()
    masked: tuple[Masked, ...] = ()
    not_searched: tuple[str, ...] = Field(
        default=(), description="Secrets whose values are too ordinary to be searched for."
    )
    trimmed: tuple[str, ...] = Field(default=(), description="What was cut to keep the size.")
    notes: tuple[str, ...] = ()

    def text(self) -> str:
        """Returns the manifest as JSON with a newline at its end."""
        return self.model_dump_json(indent=1) + "\n"


def parse_manifest(data: bytes, source: str) -> Manifest:
    """Returns the manifest in `data`; `source` names the archive in errors.

    Raises:
        UsageError: It is no manifest, or of a version that this harness cannot read.
    """
    try:
        found = json.loads(data)
    except ValueError as error:
        raise refused(source, f"{MANIFEST} is no JSON ({error})") from error
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise refused(source, f"{MANIFEST} does not say that it is an evidence archive")
    if found.get("version") != VERSION:
        raise refused(
            source,
            f"it has format version {found.get('version')!r}",
            expected=f"format version {VERSION}",
            next_step="use the harness that wrote it, or one of the same age",
        )
    try:
        return _whole(Manifest.model_validate_json(data))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise refused(source, f"{MANIFEST}: {where}: {first['msg']}") from error
    except ValueError as error:
        raise refused(source, f"{MANIFEST}: {error}") from error


def _whole(manifest: Manifest) -> Manifest:
    names = [member.name for member in manifest.members]
    if len(set(names)) != len(names) or MANIFEST in names:
        message = "a member is named twice"
        raise ValueError(message)
    return manifest


def refused(source: str, seen: str, *, expected: str = "", next_step: str = "") -> UsageError:
    """Returns the error for a file that is not used; nothing of it was kept."""
    return UsageError(
        attempted="Reading the evidence archive",
        subject=source,
        seen=seen,
        expected=expected or f"an undamaged {FILE_NAME} that a run of the harness wrote",
        next_step=next_step or "copy the file again from where the run left it",
    )


def schema_text() -> str:
    """Returns the JSON schema of a manifest; `manifest.schema.json` holds exactly this."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Manifest.model_json_schema(mode="serialization"),
    }
    return json.dumps(schema, indent=2) + "\n"

"""The cache folder: staging what is not finished, publishing it in one step, stamps, locks.

    CACHE/parts/NAME/KEY/...       what parts of a bundle consist of
    CACHE/bundles/KEY/bundle.json  bundles made here; CACHE/bundles/load-ID/... those loaded
    CACHE/stamps/KIND-ID.json      which bundle belongs to which state of the recipes
    CACHE/locks, CACHE/logs

Nothing is visible before it is whole: work happens in a staging folder that is renamed. A staging
folder whose owner died is recognised by its free lock and removed by the next one who comes.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.model.errors import BundleError

STAGING_PREFIX = ".staging-"
LOCK_NAME = ".lock"
IGNORED_NAMES = frozenset({"__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """The state of everything a bundle is made from."""

    code: str
    """SHA-256 of the recipes (programs, pins) and of the platform they run on."""
    certificates: str
    """SHA-256 of the host's additional CA certificates; empty where there are none."""

    @property
    def id(self) -> str:
        """A name for this state, 16 characters."""
        return hashlib.sha256(f"{self.code} {self.certificates}".encode()).hexdigest()[:16]


def file_sha256(path: Path) -> str:
    """Returns the SHA-256 of a file in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def make_recipe(*, sources: Iterable[Path], ca_files: Iterable[Path], platform: str) -> Recipe:
    """Returns the recipe for files and folders of sources; names below a folder count, too."""
    code = hashlib.sha256(platform.encode())
    for source in sources:
        for path, name in _files_below(source):
            code.update(f"\0{name}\0{file_sha256(path)}".encode())
    contents = sorted(file_sha256(path) for path in ca_files)
    certificates = hashlib.sha256(" ".join(contents).encode()).hexdigest() if contents else ""
    return Recipe(code=code.hexdigest(), certificates=certificates)


def _files_below(source: Path) -> Iterator[tuple[Path, str]]:
    if source.is_file():
        yield source, source.name
        return
    for path in sorted(source.rglob("*")):
        relative = path.relative_to(source)
        if path.is_file() and not IGNORED_NAMES.intersection(relative.parts):
            yield path, str(relative)


def write_atomically(path: Path, text: str) -> None:
    """Writes a file so that readers see the old content or the new one, nothing between."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def staging(parent: Path) -> Iterator[Path]:
    """Gives an empty folder on the file system of `parent`; what is left in it is removed.

    Raises:
        BundleError: The cache folder cannot be written.
    """
    try:
        parent.mkdir(parents=True, exist_ok=True)
        sweep(parent)
        folder = Path(tempfile.mkdtemp(prefix=STAGING_PREFIX, dir=parent))
    except OSError as error:
        raise unwritable(parent, error) from error
    with (folder / "new.lock").open("wb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Named only once it is held: `sweep` must never find it free while we live.
            (folder / "new.lock").rename(folder / LOCK_NAME)
            content = folder / "content"
            content.mkdir()
            yield content
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def sweep(parent: Path) -> None:
    """Removes staging folders whose owner is gone; those in use are left alone."""
    for folder in parent.glob(f"{STAGING_PREFIX}*"):
        with contextlib.suppress(OSError), (folder / LOCK_NAME).open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)


def publish(staged: Path, final: Path, *, is_good: Callable[[Path], bool]) -> bool:
    """Makes a staged folder visible as `final` in one step; False when a good one is there.

    A damaged one that is in the way is moved aside, and removed.
    """
    final.parent.mkdir(parents=True, exist_ok=True)
    for _ in range(3):
        with contextlib.suppress(OSError):
            staged.rename(final)
            return True
        if is_good(final):
            return False
        with staging(final.parent) as aside, contextlib.suppress(FileNotFoundError):
            final.rename(aside / "old")
    raise unwritable(final, OSError("something else keeps appearing at that place"))


@contextlib.contextmanager
def exclusive(path: Path, *, on_wait: Callable[[], None]) -> Iterator[None]:
    """Holds a lock file while the body runs.

    The lock ends with the process that holds it, so a killed run never blocks the next one.

    Args:
        path: The lock file; it stays.
        on_wait: Called again and again while somebody else holds it. It should wait a little, and
            may raise to give up.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                on_wait()
        yield


def write_stamp(cache: Path, kind: str, recipe: Recipe, bundle: Path) -> None:
    """Remembers that `bundle` is what this state of the recipes makes."""
    text = json.dumps(
        {
            "code": recipe.code,
            "certificates": recipe.certificates,
            "bundle": str(bundle.absolute().relative_to(cache.absolute())),
        }
    )
    write_atomically(_stamp(cache, kind, recipe), text + "\n")


def stamped_bundle(cache: Path, kind: str, recipe: Recipe) -> Path | None:
    """Returns the `bundle.json` made from this state of the recipes, if one was."""
    content = _read_json(_stamp(cache, kind, recipe))
    if content.get("code") != recipe.code or content.get("certificates") != recipe.certificates:
        return None
    path = cache / str(content.get("bundle", ""))
    return path if path.is_file() else None


def recipe_code_of(cache: Path, bundle: Path) -> str:
    """Returns the recipe code a bundle was last stamped with; empty when nobody stamped it."""
    stamps = sorted((cache / "stamps").glob("*.json"), key=lambda p: p.stat().st_mtime)
    for stamp in reversed(stamps):
        content = _read_json(stamp)
        if (cache / str(content.get("bundle", ""))).absolute() == bundle.absolute():
            return str(content.get("code", ""))
    return ""


def unwritable(path: Path, error: OSError) -> BundleError:
    """Returns the error for a cache folder that cannot be written."""
    return BundleError(
        attempted="Writing to",
        subject=str(path),
        seen=error.strerror or str(error),
        expected="a cache folder with free space that this user may write",
        next_step="choose another folder with --cache",
    )


def require_space(folder: Path, needed_bytes: int) -> None:
    """Checks the free space of the file system that holds `folder`.

    Raises:
        BundleError: Less than `needed_bytes` are free.
    """
    existing = next(p for p in (folder.absolute(), *folder.absolute().parents) if p.exists())
    free = shutil.disk_usage(existing).free
    if free < needed_bytes:
        raise BundleError(
            attempted="Making room in",
            subject=str(folder),
            seen=f"{free / 2**30:.1f} GiB are free",
            expected=f"{needed_bytes / 2**30:.1f} GiB of free space",
            next_step="free some space, or choose another folder with --cache",
        )


def _stamp(cache: Path, kind: str, recipe: Recipe) -> Path:
    return cache / "stamps" / f"{kind}-{recipe.id}.json"


def _read_json(path: Path) -> dict[str, object]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}

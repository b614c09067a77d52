"""One context of the user's kubeconfig files, as a kubeconfig of its own.

The current context is never taken silently, and the user's files are only read: whatever renews a
token writes it to the copy. Files are merged as kubectl merges those of $KUBECONFIG (the first one
that has a name counts; relative paths belong to the file they stand in).
Source: Kubernetes "Organizing Cluster Access Using kubeconfig Files".
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from harness.model.errors import UsageError

Object = dict[str, Any]
_PATHS = ("certificate-authority", "client-certificate", "client-key", "tokenFile")
_LISTS = {"contexts": "context", "clusters": "cluster", "users": "user"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """One context by itself."""

    context: str
    server: str
    text: str
    """A kubeconfig with this context alone; it holds credentials."""

    def __repr__(self) -> str:
        return f"Chosen(context={self.context!r}, server={self.server!r})"


def kubeconfig_files(given: Path | None, environment: Mapping[str, str]) -> tuple[Path, ...]:
    """Returns the files to read: the given one, those of $KUBECONFIG, or ~/.kube/config."""
    if given is not None:
        return (given.expanduser(),)
    named = [Path(p) for p in environment.get("KUBECONFIG", "").split(os.pathsep) if p]
    return tuple(named) or (Path.home() / ".kube" / "config",)


def choose_context(files: Iterable[Path], context: str) -> Chosen:
    """Returns a context of some kubeconfig files.

    Raises:
        UsageError: No file can be read, the context is not named or does not exist, or its cluster
            or user does not.
    """
    listed = tuple(files)
    entries = _merged(listed)
    where = ", ".join(str(f) for f in listed)
    if not context:
        raise _unnamed(entries["contexts"], where)
    if context not in entries["contexts"]:
        raise _unknown(context, entries["contexts"], where)
    chosen = entries["contexts"][context]
    cluster = _entry(entries, "clusters", chosen, context, where)
    user = _entry(entries, "users", chosen, context, where) if chosen.get("user") else {}
    server = str(cluster.get("server") or "")
    if not server:
        raise _broken(context, where, f"its cluster {chosen.get('cluster')} names no server")
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": context,
        "clusters": [{"name": "cluster", "cluster": cluster}],
        "users": [{"name": "user", "user": user}],
        "contexts": [{"name": context, "context": {"cluster": "cluster", "user": "user"}}],
    }
    return Chosen(context=context, server=server, text=yaml.safe_dump(document))


def _merged(files: tuple[Path, ...]) -> dict[str, dict[str, Object]]:
    """Returns contexts, clusters and users by name; files that do not exist are passed over."""
    found: dict[str, dict[str, Object]] = {name: {} for name in _LISTS}
    present = [f for f in files if f.exists()]
    if not present:
        raise _unreadable(files, "there is no such file")
    for file in present:
        document = _read(file)
        for plural, singular in _LISTS.items():
            for entry in document.get(plural) or []:
                if isinstance(entry, dict) and isinstance(entry.get(singular), dict):
                    anchored = _anchored(entry[singular], file.resolve().parent)
                    found[plural].setdefault(str(entry.get("name")), anchored)
    return found


def _read(file: Path) -> Object:
    try:
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable((file,), type(error).__name__) from error
    except yaml.YAMLError as error:  # its text would quote the file
        raise _unreadable((file,), "it is not YAML") from error
    if not isinstance(document, dict):
        raise _unreadable((file,), "it is no mapping")
    return document


def _anchored(entry: Object, folder: Path) -> Object:
    """Returns an entry whose relative paths are absolute."""
    moved = {k: str(folder / str(v)) if k in _PATHS and v else v for k, v in entry.items()}
    program = moved.get("exec")
    command = str(program.get("command") or "") if isinstance(program, dict) else ""
    if "/" in command:
        moved["exec"] = {**program, "command": str(folder / command)}  # type: ignore[dict-item]
    return moved


def _entry(
    entries: Mapping[str, Mapping[str, Object]],
    plural: str,
    chosen: Object,
    context: str,
    where: str,
) -> Object:
    name = str(chosen.get(_LISTS[plural]) or "")
    if name not in entries[plural]:
        raise _broken(context, where, f"it names {_LISTS[plural]} {name!r}, and there is none")
    return entries[plural][name]


def _unreadable(files: Iterable[Path], seen: str) -> UsageError:
    return UsageError(
        attempted="Reading the kubeconfig",
        subject=", ".join(str(f) for f in files),
        seen=seen,
        expected="a kubeconfig file",
        next_step="--kubeconfig FILE",
    )


def _unnamed(known: Iterable[str], where: str) -> UsageError:
    names = sorted(known)
    return UsageError(
        attempted="Choosing a cluster from",
        subject=where,
        seen=f"no context was named; there are: {', '.join(names) or 'none'}",
        expected="the context written out; the current one is never taken silently",
        next_step=f"--context {names[0] if names else 'NAME'}",
    )


def _unknown(context: str, known: Iterable[str], where: str) -> UsageError:
    names = sorted(known)
    near = difflib.get_close_matches(context, names, n=1, cutoff=0.4)
    return UsageError(
        attempted="Choosing a cluster from",
        subject=where,
        seen=f"there is no context {context}; there are: {', '.join(names) or 'none'}",
        expected="one of these names",
        next_step=f"--context {(near or names or ['NAME'])[0]}",
    )


def _broken(context: str, where: str, seen: str) -> UsageError:
    return UsageError(
        attempted=f"Reading the context {context} of",
        subject=where,
        seen=seen,
        expected="a context with its cluster and its user",
        next_step="kubectl config view",
    )

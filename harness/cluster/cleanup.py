"""Removes what runs left: exactly the containers, networks and folders of those runs.

Nothing is pruned. Runs that live are left alone, kept runs unless asked for. Only runs whose folder
is in our state folder are touched, so that two users of one Docker do not clean each other.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol

from harness.cluster.runs import RunFolder, all_runs
from harness.io.docker import Leftover

LATE_TRIES = 20
LATE_SECONDS = 0.5
CONTROL_PLANE = "control-plane"


class Removable(Protocol):
    """What removal needs of Docker."""

    def ours(self) -> list[Leftover]:
        """Returns containers, networks and images of runs."""

    def cluster_nodes(self) -> dict[str, str]:
        """Returns kind nodes and their clusters."""

    def remove_container(self, name: str) -> None:
        """Removes a container and its anonymous volumes."""

    def remove_network(self, name: str) -> None:
        """Removes a network."""

    def remove_image(self, reference: str) -> None:
        """Removes one name of an image."""


def belongings(docker: Removable, folder: RunFolder) -> list[Leftover]:
    """Returns everything Docker holds of one run: labelled things and the nodes of its cluster."""
    state = folder.state
    found = [item for item in docker.ours() if item.run_id == state.run_id]
    known = {item.name for item in found}
    found += [
        Leftover(kind="container", name=node, run_id=state.run_id)
        for node, cluster in docker.cluster_nodes().items()
        if cluster == state.cluster and node not in known
    ]
    return sorted(found, key=lambda item: (item.kind, item.name))


def remove_belongings(
    docker: Removable, folder: RunFolder, *, wait: Callable[[float], None] = time.sleep
) -> list[str]:
    """Removes everything of one run, containers before networks; returns what was removed.

    Where kind was killed at its work, Docker may still be making the node it was asked for: it is
    waited for.
    """
    removed = _remove_all(docker, folder)
    for _ in range(LATE_TRIES):
        if not _expects_node(folder) or any(CONTROL_PLANE in name for name in removed):
            break
        wait(LATE_SECONDS)
        removed += _remove_all(docker, folder)
    return removed


def _remove_all(docker: Removable, folder: RunFolder) -> list[str]:
    removed = []
    for item in belongings(docker, folder):
        _remove(docker, item)
        removed.append(f"{item.kind} {item.name}")
    return removed


def _expects_node(folder: RunFolder) -> bool:
    """Tells whether kind was started and has not ended: its log is written at its end."""
    return (folder.path / "kind.yaml").exists() and not (folder.path / "kind.log").exists()


def _remove(docker: Removable, item: Leftover) -> None:
    match item.kind:
        case "container":
            docker.remove_container(item.name)
        case "network":
            docker.remove_network(item.name)
        case _:
            docker.remove_image(item.name)


def remove_left_behind(
    docker: Removable,
    base: Path,
    *,
    kept_too: bool = False,
    say: Callable[[str], None] = lambda _: None,
) -> list[str]:
    """Removes the belongings and folders of every run that no process owns any more."""
    removed: list[str] = []
    for folder in _abandoned(all_runs(base), kept_too=kept_too):
        gone = remove_belongings(docker, folder)
        if gone:
            say(f"removed what run {folder.state.run_id} left: {', '.join(gone)}")
        removed += gone
        folder.remove()
    return removed


def _abandoned(folders: Iterable[RunFolder], *, kept_too: bool) -> Iterable[RunFolder]:
    for folder in folders:
        if folder.state.kept and not kept_too:
            continue
        if folder.acquire():
            yield folder

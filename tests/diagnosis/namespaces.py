"""Lets things of a world happen in another namespace than its own: kube-system, argocd."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from harness.model.refs import ObjectRef
from harness.model.timeline import Entry, EntryKind
from tests.diagnosis.world import LISTED_KINDS, START, World


@contextmanager
def inside(world: World, namespace: str) -> Iterator[World]:
    """Within it, the world's calls mean that namespace, whose kinds are listed too."""
    own = world.namespace
    if namespace != "kube-system":
        for kind in LISTED_KINDS:
            ref = ObjectRef(kind, namespace, "")
            world.entries.append(Entry(at=START, kind=EntryKind.LISTED, ref=ref))
    world.namespace = namespace
    try:
        yield world
    finally:
        world.namespace = own

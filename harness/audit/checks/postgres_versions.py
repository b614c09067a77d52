"""Versions of PostgreSQL that do not go together: with the data, or between tool and server. Pure.

A server refuses the data of another major version (G06), so a tag that moves on breaks the day it
does. `pg_dump` refuses a server newer than itself (PostgreSQL documentation, pg_dump, notes).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from harness.audit.checks.server_settings import Server, mounts, servers
from harness.audit.finding import Fault, NotJudged, Severity
from harness.audit.pods import containers
from harness.audit.reading import text, texts
from harness.audit.scope import Scope
from harness.audit.world import PodTemplate, World, separate
from harness.manifests.server_images import major_version, official_postgres
from harness.model.refs import ObjectRef

if TYPE_CHECKING:  # all_checks imports this module
    from harness.audit.checks.all_checks import ScopeCheck

_DUMP = re.compile(r"\bpg_dump(?:all)?\b")


def versions_keep_their_data(scope: Scope) -> Iterable[Fault | NotJudged]:
    """Yields claims that servers of two versions use, and tags that move to the next version."""
    for here in separate(scope):
        users: dict[ObjectRef, list[tuple[Server, int]]] = {}
        for server in servers(here):
            image = official_postgres(server.image)
            if image is None or image.digest:
                continue
            claims = [mount.claim for mount in mounts(here, server)]
            major = major_version(image.tag)
            if major is None and claims and _is_floating(image.tag):
                yield _floating(server, claims[0])
            for claim in claims if major is not None else ():
                ref = ObjectRef("PersistentVolumeClaim", server.template.ref.namespace, claim)
                if server.template.ref.kind != "StatefulSet":
                    users.setdefault(ref, []).append((server, major or 0))
        yield from _shared(users)


def _is_floating(tag: str) -> bool:
    return tag.partition("-")[0] in {"latest", "alpine", "bookworm", "bullseye", "trixie"}


def _floating(server: Server, claim: str) -> Fault:
    return Fault(
        rule="postgres-major-version",
        object=server.template.ref,
        severity=Severity.NOTE,
        cause="G06",
        message=f"{server.place} of {server.template.ref} has the image {server.image} and keeps "
        f"its data in {claim}: the next major version cannot read it",
        expected="a tag with a major version, e.g. postgres:17",
        fix=f"write the major version of the data into {server.field('image')}",
        field=server.field("image"),
        value=server.image,
        source=server.template.declared.source.path,
    )


def _shared(users: dict[ObjectRef, list[tuple[Server, int]]]) -> Iterator[Fault]:
    for claim, found in users.items():
        versions = {major for _, major in found}
        if len(versions) > 1:
            names = ", ".join(f"{s.template.ref} ({s.image})" for s, _ in found)
            yield Fault(
                rule="postgres-major-version",
                object=claim,
                cause="G06",
                message=f"{claim} is used by servers of two major versions: {names}",
                expected="one major version for the data of a claim",
                fix="give each version a claim of its own, or all of them the same version",
                source=found[0][0].template.declared.source.path,
            )


def tools_fit_their_servers(scope: Scope) -> Iterable[Fault | NotJudged]:
    """Yields dumps by a tool that is older than the server it asks."""
    for here in separate(scope):
        majors = dict(_majors(here))
        for template in here.templates:
            for place, image, major in _dumps(template):
                asked = here.graph.needs(ObjectRef.of(template.object))
                newer = [d.server for d in asked if d.server and majors.get(d.server, 0) > major]
                if newer:
                    yield _too_old(here, template, place, image, newer[0])


def _majors(here: World) -> Iterator[tuple[ObjectRef, int]]:
    for server in servers(here):
        image = official_postgres(server.image)
        major = major_version(image.tag) if image else None
        if major is not None:
            yield ObjectRef.of(server.template.object), major


def _dumps(template: PodTemplate) -> Iterator[tuple[str, str, int]]:
    """Yields the containers that dump a database, with their image and its major version."""
    for place, container in containers(template.spec):
        script = " ".join((*texts(container.get("command")), *texts(container.get("args"))))
        name = text(container.get("image"))
        image = official_postgres(name)
        major = major_version(image.tag) if image else None
        if major is not None and _DUMP.search(script):
            yield place, name, major


def _too_old(
    here: World, template: PodTemplate, place: str, image: str, server: ObjectRef
) -> Fault:
    newest = dict(_majors(here))[server]
    field = f"{template.prefix}.{place}.image"
    return Fault(
        rule="postgres-major-version",
        object=template.ref,
        message=f"{place} of {template.ref} dumps with {image}, and {here.real(server)} is of "
        f"{newest}: pg_dump refuses a newer server",
        expected=f"pg_dump of version {newest} or later",
        fix=f"use postgres:{newest} in {field}",
        field=field,
        value=image,
        source=template.declared.source.path,
    )


CHECKS: tuple[ScopeCheck, ...] = (versions_keep_their_data, tools_fit_their_servers)

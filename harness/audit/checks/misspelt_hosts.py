"""Words `name:port` in variables that are a Service's address but for a letter or two. Pure.

A variable like `NEEDS=apis:8080` promises no host by its name, so that an unknown word in it proves
nothing; but where a Service of the namespace is spelt almost so and offers that very port, the
word was meant for it. Words of variables that speak of other things (images, topics, where to
listen) are left out. Hosts in variables that promise one are in `dependencies`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from harness.audit.checks.server_settings import Server, servers
from harness.audit.finding import Fault, NotJudged
from harness.audit.reading import entries, text
from harness.audit.scope import Presence, Scope
from harness.audit.world import World, separate
from harness.connectivity.services import ports_of
from harness.connectivity.variable_names import is_inward, is_secret, says_host, says_other
from harness.model.refs import ObjectRef

if TYPE_CHECKING:  # all_checks imports this module
    from harness.audit.checks.all_checks import ScopeCheck

ALIKE = 0.8
_WORD = re.compile(r"(?P<name>[a-z](?:[-a-z0-9]*[a-z0-9])?):(?P<port>\d{2,5})(?![\d.])")
_BREAKS = re.compile(r"[\s,;]+")


def words_are_services(scope: Scope) -> Iterable[Fault | NotJudged]:
    """Yields the words that almost are the address of a Service."""
    for here in separate(scope):
        for server in servers(here):
            space = server.template.ref.namespace
            if here.pods.reason(space):
                continue
            for variable, name, port in _words(server):
                meant = _meant(here, space, name, port)
                ref = ObjectRef("Service", space, name)
                if meant and scope.presence(ref) is Presence.ABSENT:
                    yield _fault(server, variable, f"{name}:{port}", f"{meant}:{port}")


def _words(server: Server) -> Iterator[tuple[str, str, int]]:
    """Yields variable, name and port of each word in the container's own variables."""
    for entry in entries(server.container.get("env")):
        variable = text(entry.get("name"))
        told = says_host(variable) or says_other(variable)
        if told or is_inward(variable) or is_secret(variable) or "://" in text(entry.get("value")):
            continue
        for word in _BREAKS.split(text(entry.get("value"))):
            found = _WORD.fullmatch(word)
            if found:
                yield variable, found["name"], int(found["port"])


def _meant(here: World, namespace: str, name: str, port: int) -> str:
    """Returns the Service that has the port and is spelt almost alike; empty where none is."""
    local = here.inventory.services_of(namespace)
    if name in local:
        return ""
    likeness = {
        other: SequenceMatcher(None, name, other).ratio()
        for other, service in local.items()
        if port in ports_of(service)
    }
    best = max(likeness, key=lambda other: likeness[other], default="")
    return best if best and likeness[best] >= ALIKE else ""


def _fault(server: Server, variable: str, seen: str, meant: str) -> Fault:
    field = server.field(f"env[{variable}]")
    return Fault(
        rule="dependency-not-deployed",
        object=server.template.ref,
        cause="N09",
        message=f"{variable} of {server.place} of {server.template.ref} is {seen}, and no Service "
        f"has this name; {meant} is one",
        expected=meant,
        fix=f"write {meant} in place of {seen} in {field}",
        field=field,
        value=seen,
        source=server.template.declared.source.path,
    )


CHECKS: tuple[ScopeCheck, ...] = (words_are_services,)

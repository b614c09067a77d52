"""Keeps HAProxy as the live objects say, for as long as the stand-in's container lives.

Runs in that container, where nothing but Python's standard library and these modules exist. Watches
Ingresses, Services, EndpointSlices and IngressClasses; after a change everything is read again, a
configuration that differs is checked, written and loaded. Requests under way are finished by the
process that took them, and what checks have found so far is handed over. Where the API server does
not answer, the last configuration stays.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from harness.prove.haproxy import FOLDER, SOCKET, STATE, configuration
from harness.prove.routes import routing
from harness.prove.routing import Snapshot

SETTINGS = f"{FOLDER}/settings.json"
CONFIG = Path(FOLDER) / "haproxy.cfg"
NETWORKING = "/apis/networking.k8s.io/v1"
COLLECTIONS = {
    "ingresses": f"{NETWORKING}/ingresses",
    "classes": f"{NETWORKING}/ingressclasses",
    "services": "/api/v1/services",
    "slices": "/apis/discovery.k8s.io/v1/endpointslices",
}
NOTHING_FOUND = "1\n"
"""The version of the state's format, and no server."""
GATHER_SECONDS = 0.2
RETRY_SECONDS = 2.0
REFRESH_SECONDS = 20.0
FOLLOWER = 1
"""The process id of the follower: it is the container's first process."""
WATCH_SECONDS = 240
REQUEST_SECONDS = 10.0
ANSWER_SECONDS = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the follower is told: where the API server is, and what is of interest."""

    server: str
    token: str
    ca: str
    """PEM."""
    namespaces: tuple[str, ...]
    nodes: Mapping[str, str]

    @classmethod
    def read(cls, path: Path) -> Settings:
        """Returns the settings of a JSON file."""
        found = json.loads(path.read_text(encoding="utf-8"))
        return cls(**{**found, "namespaces": tuple(found["namespaces"])})


class Api:
    """The API server, with the rights to look at what a load balancer is made from."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._tls = ssl.create_default_context(cadata=settings.ca)

    def list(self, path: str) -> Mapping[str, Any]:
        """Returns a whole collection."""
        with self._open(path, REQUEST_SECONDS) as answer:
            found: Mapping[str, Any] = json.load(answer)
            return found

    def changes(self, path: str) -> Iterator[None]:
        """Yields at each change of a collection, first at once; ends when the server does."""
        version = self.list(f"{path}?limit=1")["metadata"]["resourceVersion"]
        yield None
        query = f"watch=true&resourceVersion={version}&timeoutSeconds={WATCH_SECONDS}"
        with self._open(f"{path}?{query}", WATCH_SECONDS + 15.0) as answer:
            for line in answer:
                if json.loads(line).get("type") == "ERROR":
                    return
                yield None

    def _open(self, path: str, seconds: float) -> Any:
        headers = {"Authorization": f"Bearer {self._settings.token}"}
        request = urllib.request.Request(self._settings.server + path, headers=headers)
        return urllib.request.urlopen(request, timeout=seconds, context=self._tls)


def snapshot(api: Api, settings: Settings) -> Snapshot:
    """Returns everything that counts, read now."""

    def items(name: str) -> tuple[Mapping[str, Any], ...]:
        found = api.list(COLLECTIONS[name]).get("items") or []
        ours = (i for i in found if _is_of_interest(i, settings))
        return tuple(ours)

    read = {name: items(name) for name in COLLECTIONS}
    return Snapshot(**read, nodes=settings.nodes)


def _is_of_interest(item: Mapping[str, Any], settings: Settings) -> bool:
    namespace = item["metadata"].get("namespace")
    return namespace is None or namespace in settings.namespaces


def follow(path: str, name: str, api: Api, changed: threading.Event) -> None:
    """Sets `changed` at each change of a collection, for ever."""
    while True:
        try:
            for _ in api.changes(path):
                changed.set()
        except (OSError, ValueError, KeyError) as error:
            say(f"watching {name}: {error}")
        time.sleep(RETRY_SECONDS)


def load(text: str, haproxy: int, *, afresh: bool = False) -> bool:
    """Makes HAProxy work by another configuration; False where it does not accept it.

    Args:
        text: The configuration.
        haproxy: The process id of HAProxy's master.
        afresh: Forget what the checks have found so far.
    """
    candidate = CONFIG.with_suffix(".new")
    candidate.write_text(text, encoding="utf-8")
    if ended(start("-c", "-q", "-f", str(candidate))) != 0:
        say("HAProxy does not accept the configuration, the last one stays")
        return False
    keep_state("" if afresh else ask("show servers state"))
    candidate.replace(CONFIG)
    os.kill(haproxy, signal.SIGUSR2)
    return True


def start(*arguments: str) -> int:
    """Starts HAProxy and returns its process id; it writes to the container's log."""
    return os.posix_spawnp("haproxy", ["haproxy", *arguments], os.environ)


def ended(process: int) -> int:
    """Waits for a child and returns its exit code."""
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def keep_state(text: str) -> None:
    """Writes what the checks have found so far where the next process reads it."""
    Path(STATE).write_text(text or NOTHING_FOUND, encoding="utf-8")


def ask(command: str) -> str:
    """Returns HAProxy's answer to a command of its runtime interface."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(ANSWER_SECONDS)
        connection.connect(SOCKET)
        connection.sendall(command.encode() + b"\n")
        parts = []
        while part := connection.recv(65536):
            parts.append(part)
    return b"".join(parts).decode(errors="replace")


def say(text: str) -> None:
    """Writes a line to the container's log."""
    sys.stderr.write(f"follower: {' '.join(text.split())}\n")
    sys.stderr.flush()


def run() -> int:
    """Starts HAProxy, follows the cluster, and ends with HAProxy."""
    settings = Settings.read(Path(SETTINGS))
    keep_state("")
    haproxy = start("-W", "-db", "-f", str(CONFIG))
    for number in (signal.SIGTERM, signal.SIGUSR1, signal.SIGINT):
        signal.signal(number, lambda *_: os.kill(haproxy, signal.SIGTERM))
    changed, afresh = threading.Event(), threading.Event()

    def check_anew(*_: object) -> None:
        afresh.set()
        changed.set()

    signal.signal(signal.SIGHUP, check_anew)
    api = Api(settings)
    for name, path in COLLECTIONS.items():
        threading.Thread(target=follow, args=(path, name, api, changed), daemon=True).start()
    reading = partial(snapshot, api, settings)
    threading.Thread(target=keep, args=(reading, haproxy, changed, afresh), daemon=True).start()
    return ended(haproxy)


def keep(
    reading: Callable[[], Snapshot],
    haproxy: int,
    changed: threading.Event,
    afresh: threading.Event,
) -> None:
    """Loads each new configuration, for ever; with `afresh` also the same one, to check anew."""
    current = CONFIG.read_text(encoding="utf-8")
    while True:
        changed.wait()
        time.sleep(GATHER_SECONDS)  # a rollout changes several objects at once
        changed.clear()
        try:
            wanted = configuration(routing(reading()))
            is_asked = afresh.is_set()
            if (wanted != current or is_asked) and load(wanted, haproxy, afresh=is_asked):
                say("loaded a new configuration")
            afresh.clear()
            current = wanted
        except (OSError, ValueError, KeyError) as error:
            say(f"reading the cluster: {error}")
            time.sleep(RETRY_SECONDS)
            changed.set()


def refresh() -> int:
    """Makes the follower read everything again and check every target anew; waits for that."""
    before, end = process(), time.monotonic() + REFRESH_SECONDS
    os.kill(FOLLOWER, signal.SIGHUP)
    while process() in {"", before}:
        if time.monotonic() > end:
            say(f"nothing was loaded within {REFRESH_SECONDS:.0f} s")
            return 1
        time.sleep(GATHER_SECONDS)
    return 0


def process() -> str:
    """Returns the process id of the HAProxy that takes new requests; empty in between."""
    try:
        lines = ask("show info").splitlines()
    except OSError:
        return ""
    return next((line for line in lines if line.startswith("Pid:")), "")


def main(arguments: list[str]) -> int:
    """Runs the stand-in; or checks anew (`refresh`); or prints HAProxy's answer to a command."""
    if not arguments:
        return run()
    if arguments == ["refresh"]:
        return refresh()
    sys.stdout.write(ask(" ".join(arguments)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The command line: ``python -m airgap plan`` and ``python -m airgap build``.

Exit codes: 0 done, 1 a part failed, 2 the command line is wrong, 130 told to stop (Ctrl-C,
SIGTERM). What is built is declared in ``catalogue``; how, in ``building/``.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
import time
from pathlib import Path

from airgap.authorities import find_authorities
from airgap.bundle import bundle_path, write_addon, write_bundle
from airgap.catalogue import make_graph
from airgap.errors import CancelledBuildError, RequestError
from airgap.events import Events, JsonEvents, PlainEvents
from airgap.parts import Graph
from airgap.pins import Pins, read_pins
from airgap.scheduler import Scheduler
from airgap.store import Store

DONE, FAILED, MISUSED, STOPPED = 0, 1, 2, 130


def main(words: list[str] | None = None) -> int:
    """Runs one command and returns the exit code."""
    options = _parser().parse_args(words)
    try:
        pins = read_pins()
        graph = make_graph(pins, find_authorities(options.ca))
        names = _wanted(graph, options.part, options.addon)
        store = Store(options.cache.absolute())
        if options.verb == "plan":
            return _plan(graph, store, names)
        return _build(pins, graph, store, names, options)
    except RequestError as error:
        sys.stderr.write(f"airgap: {error}\n")
        return MISUSED
    except BrokenPipeError:
        return STOPPED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m airgap",
        description="Builds everything that runs in the cluster from package registries alone.",
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    plan = verbs.add_parser("plan", help="print the parts as JSON and which are in the cache")
    build = verbs.add_parser("build", help="build what is not in the cache")
    for verb in (plan, build):
        verb.add_argument("--cache", type=Path, required=True, help="folder of finished parts")
        verb.add_argument("--part", action="append", default=[], help="only this part, repeatable")
        verb.add_argument("--addon", default="", help="only this add-on, which no bundle holds")
        verb.add_argument(
            "--ca", type=Path, action="append", default=[], help="additional CA certificate (PEM)"
        )
    build.add_argument("--events", action="store_true", help="say what happens as JSON lines")
    return parser


def _wanted(graph: Graph, names: list[str], addon: str) -> tuple[str, ...]:
    if addon and addon not in graph.addons:
        msg = f"There is no add-on {addon}. Add-ons are: {', '.join(graph.addons)}."
        raise RequestError(msg)
    names = [*names, *([f"image-{addon}"] if addon else [])]
    unknown = [name for name in names if name not in graph.names]
    if unknown:
        msg = f"There is no part {', '.join(unknown)}. Parts are: {', '.join(graph.names)}."
        raise RequestError(msg)
    return graph.closure(names or graph.bundled)


def _plan(graph: Graph, store: Store, names: tuple[str, ...]) -> int:
    parts = [
        {
            "name": name,
            "key": graph.keys[name],
            "cached": store.find(name, graph.keys[name]) is not None,
            "depends_on": list(graph.part(name).depends_on),
        }
        for name in names
    ]
    sys.stdout.write(json.dumps({"parts": parts}, indent=2) + "\n")
    return DONE


def _build(
    pins: Pins, graph: Graph, store: Store, names: tuple[str, ...], options: argparse.Namespace
) -> int:
    began = time.monotonic()
    events: Events = JsonEvents(sys.stdout) if options.events else PlainEvents(sys.stdout)
    cancelled = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: cancelled.set())
    try:
        results = Scheduler(graph, store, events, cancelled).build(names)
    except CancelledBuildError:
        return STOPPED
    if results is None:
        return FAILED
    if options.addon:
        path = write_addon(pins=pins, graph=graph, store=store, results=results, name=options.addon)
        events.addon(path, time.monotonic() - began)
    elif not options.part:
        write_bundle(pins=pins, graph=graph, store=store, results=results)
        events.bundle(bundle_path(store, graph), time.monotonic() - began)
    return DONE


if __name__ == "__main__":
    sys.exit(main())

"""Stage "bundle": the images and tools the cluster needs are there, built, pulled or loaded."""

from __future__ import annotations

import platform

from harness.bundle.board import Board, Change, amount, duration
from harness.bundle.docker_images import ensure_images
from harness.bundle.effects import Effects, Site, site_from
from harness.bundle.ensure import ensure_bundle
from harness.bundle.progress import PartProgress, PartState
from harness.io.docker_pull import PullingDaemon
from harness.io.download import HttpDownloader
from harness.io.stream import ProcessStreamer
from harness.model.bundle import Bundle
from harness.stages.context import Context
from harness.stages.stage import Voice

NEWS_SECONDS = 10.0
"""A part that only goes on is news this often."""
NODE_ROLES = ("node", "registry", "gate", "loadbalancer")
"""What Docker itself runs; the other images go from the cache straight to the registry."""


def bundle(context: Context, voice: Voice) -> str:
    """Finds or makes the bundle, and has Docker hold what Docker itself runs."""
    examination, options = context.examination.get(), context.options
    site, effects = bundle_site(context), bundle_effects(context, voice)
    found, why = ensure_bundle(
        choice=options.bundle,
        site=site,
        effects=effects,
        registries_reachable=examination.registries_reachable,
        reasons={r.host: r.detail for r in examination.readings.registries if not r.reachable},
    )
    ensure_images(
        found,
        context.docker.get(),
        roles=NODE_ROLES,
        on_load=lambda image: voice.say(f"loading the {image.role} image into Docker"),
    )
    context.bundle.put(found)
    _state_facts(context, found, why)
    return why


def bundle_site(context: Context) -> Site:
    """Returns where bundles and add-ons are made, and from what."""
    return site_from(
        context.options.environment_variables,
        cache=context.options.cache,
        ca_files=context.examination.get().facts.extra_ca_files,
        system=platform.system(),
        machine=platform.machine(),
    )


def bundle_effects(context: Context, voice: Voice) -> Effects:
    """Returns the handles with which they are made; the stage's voice says how it goes."""
    return Effects(
        stream=ProcessStreamer(),
        docker=PullingDaemon.connect,
        download=HttpDownloader(ca_files=bundle_site(context).ca_files),
        clock=context.clock,
        report=_Telling(context, voice).report,
        cancelled=context.stopped,
    )


def _state_facts(context: Context, found: Bundle, why: str) -> None:
    context.run.facts |= {
        "bundle": f"{found.origin} {found.key[:12]}",
        "why this bundle": why,
        "Kubernetes": found.kubernetes,
        "Argo CD": found.argocd_version,
        "slowest parts of the bundle": ", ".join(
            f"{part} {duration(seconds)}"
            for part, seconds in sorted(found.seconds.items(), key=lambda item: -item[1])[:6]
        ),
        **{tool.name: tool.version for tool in found.tools.values()},
        **{
            f"{role} image": f"{found.image(role).built_from} ({found.image(role).image_id[7:19]})"
            for role in NODE_ROLES
        },
    }


class _Telling:
    """Turns the progress of many parts into one line for the stage."""

    def __init__(self, context: Context, voice: Voice) -> None:
        self._board = Board(context.clock)
        self._clock = context.clock
        self._voice = voice
        self._told = 0.0

    def report(self, progress: PartProgress) -> None:
        """Takes one report; says something when it is news."""
        change = self._board.take(progress)
        if change is Change.FINISHED:
            if not progress.cached:
                how = f"failed: {progress.detail}" if progress.state is PartState.FAILED else "done"
                self._say(f"{progress.part} {how} after {duration(progress.seconds)}")
        elif change is Change.STARTED or self._clock.monotonic() - self._told >= NEWS_SECONDS:
            self._say("")

    def _say(self, news: str) -> None:
        self._told = self._clock.monotonic()
        running = [
            f"{p.part} {amount(p) or duration(self._board.running_seconds(p.part))}"
            for p in self._board.in_state(PartState.RUNNING)
        ]
        pieces = [news, f"now {', '.join(running)}" if running else "", self._board.counts]
        logs = [str(p.log) for p in self._board.in_state(PartState.RUNNING) if p.log]
        pieces.append(f"log {logs[0]}" if logs else "")
        self._voice.say("; ".join(piece for piece in pieces if piece))

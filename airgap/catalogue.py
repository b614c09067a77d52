"""Declares the parts: what is built by which builder, from which pins, sources and other parts.

The order is the order of preference: what the last steps wait for comes first. Which parts make a
bundle is decided in ``bundle``; the parts of an add-on are in none.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from airgap.bench import Bench
from airgap.building.images import build_image, build_kafka_jars
from airgap.building.node import build_node_images
from airgap.building.programs import build_program, take_argocd_files, take_kind_files
from airgap.building.rootfs import build_rootfs
from airgap.building.toolchain import build_toolchain
from airgap.errors import RequestError
from airgap.parts import Graph, Lane, Part
from airgap.pins import Pins, Table

Builder = Callable[[Bench], Mapping[str, object]]

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
"""Machine names as the kernel says them, and as Go and image registries do."""

ARGOCD_FILES = (
    "manifests/core-install.yaml",
    "hack/gpg-wrapper.sh",
    "hack/git-verify-wrapper.sh",
    "entrypoint.sh",
)


def make_graph(pins: Pins, authorities: Mapping[str, Path], machine: str | None = None) -> Graph:
    """All parts.

    Raises:
        RequestError: this machine's architecture is not supported.
    """
    machine = machine or platform.machine()
    if machine not in ARCHITECTURES:
        msg = f"Bundles are built on {', '.join(ARCHITECTURES)}, not on {machine}."
        raise RequestError(msg)
    catalogue = _Catalogue(pins, authorities, ARCHITECTURES[machine])
    return Graph(catalogue.parts())


class _Catalogue:
    def __init__(self, pins: Pins, authorities: Mapping[str, Path], architecture: str) -> None:
        self._pins = pins
        self._authorities = authorities
        self._architecture = architecture

    def parts(self) -> Iterator[Part]:
        yield self._toolchain()
        yield from self._file_systems()
        yield from self._module_files()
        yield from self._programs()
        images = self._pins.images
        for name, table in images["layers"].items():
            yield self._recipe(f"layer-{name}", name, table, build_image)
        yield self._recipe("kafka-jars", "kafka-jars", images["kafka-jars"], build_kafka_jars)
        yield self._node_images(images["node-images"])
        for name, table in images["images"].items():
            yield self._recipe(f"image-{name}", name, table, build_image)
        for name, table in images["addons"].items():
            yield replace(self._recipe(f"image-{name}", name, table, build_image), addon=name)

    def _toolchain(self) -> Part:
        return Part(
            name="go-toolchain",
            lane=Lane.FETCH,
            build=build_toolchain,
            settings={"minimum": self._pins.go["minimum"], "architecture": self._architecture},
            sources=(self._pins.home / "pins" / "go-toolchain.txt",),
        )

    def _file_systems(self) -> Iterator[Part]:
        debian = self._pins.debian
        for suite in debian["suites"]:
            yield Part(
                name=f"rootfs-{suite}",
                lane=Lane.FETCH,
                build=self._with_certificates(build_rootfs),
                settings={
                    "suite": suite,
                    "architecture": self._architecture,
                    "authorities": list(self._authorities),
                    **_chosen(debian, "revision", "include", "path_exclude", "path_include"),
                },
            )

    def _with_certificates(self, build: Builder) -> Builder:
        """The key holds what the certificates say; where they lie is for the builder alone."""
        paths = [str(path) for path in self._authorities.values()]

        def build_with(bench: Bench) -> Mapping[str, object]:
            return build(bench.having(certificates=paths))

        return build_with

    def _module_files(self) -> Iterator[Part]:
        yield self._from_module("kind", take_kind_files, {})
        yield self._from_module("argocd", take_argocd_files, {"files": list(ARGOCD_FILES)})

    def _from_module(self, program: str, build: Builder, more: Mapping[str, object]) -> Part:
        return Part(
            name=f"{program}-files",
            lane=Lane.FETCH,
            build=build,
            depends_on=("go-toolchain",),
            settings={**self._program_settings(program), **more, "revision": 1},
            sources=(self._pins.home / "go" / program / "go.mod",),
        )

    def _programs(self) -> Iterator[Part]:
        programs: Table = self._pins.go["programs"]
        for name in sorted(programs, key=lambda name: int(programs[name]["order"])):
            yield Part(
                name=f"go-{name}",
                lane=Lane.COMPILE,
                build=build_program,
                depends_on=("go-toolchain",),
                settings=self._program_settings(name),
                sources=(self._pins.home / "go" / name,),
                addon=programs[name].get("addon", ""),
            )

    def _program_settings(self, name: str) -> dict[str, object]:
        go = self._pins.go
        program: Table = go["programs"][name]
        version = self._pins.module_version(name, program["module"])
        ldflags = [
            flag.format(version=version, bare_version=version.removeprefix("v"))
            for flag in [*go["ldflags"], *program.get("ldflags", [])]
        ]
        return {
            "module": program["module"],
            "version": version,
            "packages": dict(program["packages"]),
            "ldflags": ldflags,
            "architecture": self._architecture,
            **_chosen(go, "flags", "collector_percent"),
        }

    def _recipe(self, part: str, folder: str, table: Table, build: Builder) -> Part:
        inputs: dict[str, str] = dict(table.get("inputs", {}))
        return Part(
            name=part,
            lane=Lane.FETCH,
            build=build,
            depends_on=_below(table.get("base", ""), inputs),
            settings={
                "revision": table["revision"],
                "base": table.get("base", ""),
                "base_argument": table.get("base_argument", "BASE"),
                "inputs": inputs,
                "arguments": dict(table.get("arguments", {})),
                "packages": list(table.get("packages", [])),
            },
            sources=(self._pins.home / "recipes" / folder,),
        )

    def _node_images(self, table: Table) -> Part:
        part = self._recipe("node-images", "node-images", table, build_node_images)
        return Part(
            name=part.name,
            lane=part.lane,
            build=part.build,
            depends_on=tuple(dict.fromkeys([*part.depends_on, "kind-files"])),
            settings={**part.settings, "providers": dict(table["providers"])},
            sources=part.sources,
        )


def _below(base: str, inputs: Mapping[str, str]) -> tuple[str, ...]:
    parts = [base, *(origin.partition("/")[0] for origin in inputs.values())]
    return tuple(name for name in dict.fromkeys(parts) if name)


def _chosen(table: Table, *names: str) -> dict[str, Any]:
    return {name: table[name] for name in names}

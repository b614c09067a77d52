"""A cache folder, an ear for events, and a copy of the pins that a test may change."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from airgap.catalogue import make_graph
from airgap.parts import Graph
from airgap.pins import HOME, read_pins
from airgap.store import Store


class Heard:
    """Events as tuples, in the order they came; numbers, which vary, are kept apart."""

    def __init__(self) -> None:
        self.all: list[tuple[str, ...]] = []
        self.numbers: list[float | None] = []

    def start(self, part: str, key: str, log: Path) -> None:
        assert log.name == f"{part}-{key[:12]}.log"
        self.all.append(("start", part))

    def progress(self, part: str, detail: str, done: int | None, total: int | None) -> None:
        self.all.append(("progress", part, detail))
        self.numbers += [done, total]

    def done(self, part: str, seconds: float, *, cached: bool) -> None:
        self.all.append(("done", part, "cached" if cached else "built"))
        self.numbers.append(seconds)

    def failed(self, part: str, seconds: float, message: str) -> None:
        self.all.append(("failed", part, message))
        self.numbers.append(seconds)

    def bundle(self, path: Path, seconds: float) -> None:
        self.all.append(("bundle", str(path)))
        self.numbers.append(seconds)

    def addon(self, path: Path, seconds: float) -> None:
        self.all.append(("addon", str(path)))
        self.numbers.append(seconds)

    def parts(self, event: str) -> list[str]:
        return [heard[1] for heard in self.all if heard[0] == event]


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "a cache")


@pytest.fixture
def going_on() -> threading.Event:
    """Never set: nobody cancels."""
    return threading.Event()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The pins, recipes and Go sources, to be changed."""
    copy = tmp_path / "airgap"
    for folder in ("pins", "recipes", "go"):
        shutil.copytree(HOME / folder, copy / folder)
    return copy


@pytest.fixture
def graph_of() -> Callable[[Path], Graph]:
    def make(home: Path) -> Graph:
        return make_graph(read_pins(home), {}, machine="x86_64")

    return make

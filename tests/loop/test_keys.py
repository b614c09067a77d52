from __future__ import annotations

import io
import os
import pty
import queue
import termios

import pytest

from harness.loop.keys import DOWN, UP, decoded, key_reader


@pytest.mark.parametrize(
    ("data", "keys"),
    [
        (b"q", ["q"]),
        (b"le?", ["l", "e", "?"]),
        (b"\x1b[A\x1b[B", [UP, DOWN]),
        (b"\x1bOAq", [UP, "q"]),
        (b"\x1b[5~q", []),
        (b"\x1b", []),
        ("ä".encode(), ["ä"]),
        (b"\xff", []),
        (b"", []),
    ],
)
def test_keys_are_read_and_other_sequences_left_out(data: bytes, keys: list[str]) -> None:
    assert list(decoded(data)) == keys


def test_without_a_terminal_nothing_is_read() -> None:
    with io.StringIO() as stream, key_reader(lambda _: None, stream) as reading:
        assert not reading


def test_a_terminal_is_given_back_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    controller, terminal = pty.openpty()
    monkeypatch.setattr(os, "tcgetpgrp", lambda _: os.getpgrp())
    pressed: queue.SimpleQueue[str] = queue.SimpleQueue()
    before = termios.tcgetattr(terminal)
    with os.fdopen(terminal, "r") as stream:
        with key_reader(pressed.put, stream) as reading:
            assert reading
            assert not termios.tcgetattr(terminal)[3] & termios.ICANON
            os.write(controller, b"r")
            assert pressed.get(timeout=5) == "r"
        assert termios.tcgetattr(terminal)[3] == before[3]
    os.close(controller)


def test_a_background_process_leaves_the_terminal_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    controller, terminal = pty.openpty()
    monkeypatch.setattr(os, "tcgetpgrp", lambda _: os.getpgrp() + 1)
    with os.fdopen(terminal, "r") as stream, key_reader(lambda _: None, stream) as reading:
        assert not reading
    os.close(controller)

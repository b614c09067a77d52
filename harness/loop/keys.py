"""Single keys from a terminal, read without waiting for a line; the terminal is given back.

Puts the terminal into cbreak mode (termios(3)): Ctrl-C stays a signal, and output stays as it is.
Without a terminal nothing is read.
"""

from __future__ import annotations

import contextlib
import os
import select
import sys
import termios
import threading
import tty
from collections.abc import Callable, Iterator
from typing import TextIO

ENDING_SECONDS = 2.0
UP, DOWN = "up", "down"
_SEQUENCES = {b"\x1b[A": UP, b"\x1bOA": UP, b"\x1b[B": DOWN, b"\x1bOB": DOWN}


def decoded(data: bytes) -> Iterator[str]:
    """Yields the keys in what was read at once; unknown terminal sequences are left out."""
    rest = data
    while rest:
        arrow = next((s for s in _SEQUENCES if rest.startswith(s)), None)
        if arrow is not None:
            yield _SEQUENCES[arrow]
            rest = rest[len(arrow) :]
        elif rest.startswith(b"\x1b"):
            return  # another sequence: its letters are no keys
        else:
            text = rest.decode(errors="ignore")
            if text:
                yield text[0]
                rest = rest[len(text[0].encode()) :]
            else:
                return


@contextlib.contextmanager
def key_reader(pressed: Callable[[str], None], stream: TextIO | None = None) -> Iterator[bool]:
    """Calls `pressed` with every key, from a thread of its own; gives False without a terminal."""
    stream = sys.stdin if stream is None else stream
    descriptor = _terminal(stream)
    if descriptor is None:
        yield False
        return
    before = termios.tcgetattr(descriptor)
    ending, wake = os.pipe()
    thread = threading.Thread(
        target=_read, args=(descriptor, ending, pressed), name="keys", daemon=True
    )
    try:
        tty.setcbreak(descriptor, termios.TCSANOW)
        thread.start()
        yield True
    finally:
        termios.tcsetattr(descriptor, termios.TCSANOW, before)
        os.write(wake, b".")
        if thread.ident is not None and thread is not threading.current_thread():
            thread.join(ENDING_SECONDS)
        os.close(wake)


def _terminal(stream: TextIO) -> int | None:
    try:
        descriptor = stream.fileno()
        foreground = os.tcgetpgrp(descriptor) == os.getpgrp()
    except (OSError, ValueError):
        return None
    return descriptor if os.isatty(descriptor) and foreground else None


def _read(descriptor: int, ending: int, pressed: Callable[[str], None]) -> None:
    """Reads keys until something is written to the pipe of which `ending` is the end."""
    with os.fdopen(ending, "rb"):
        while True:
            ready, _, _ = select.select([descriptor, ending], [], [])
            if ending in ready:
                return
            try:
                data = os.read(descriptor, 64)
            except OSError:
                return
            if not data:
                return
            for key in decoded(data):
                pressed(key)

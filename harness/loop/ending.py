"""How a loop ends: by which signals, and what becomes of its cluster."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from harness.aftermath import clean_up
from harness.stages.context import Context


@contextmanager
def interruptible(stop: Callable[[], None]) -> Iterator[None]:
    """Calls `stop` at the first Ctrl-C or SIGTERM; a second Ctrl-C ends the program at once."""

    def ask(_number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        stop()

    before = {s: signal.signal(s, ask) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def keep_or_remove(context: Context, note: Callable[[str], None], *, down: bool) -> None:
    """Keeps the cluster for the next loop, or removes everything of the run; says which."""
    if (context.kube.known or context.reused) and not down:
        context.folder.update(kept=True)
        kubeconfig = context.folder.path / "kubeconfig"
        note(f"the cluster is kept: KUBECONFIG={kubeconfig}; harness down removes it")
        context.folder.release()
        return
    for left in clean_up(context, note):
        note(f"left behind: {left}")

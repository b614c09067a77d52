"""Carries announcements from the ledger to Kafka; while Kafka is away they wait in the ledger.

One `step` is what a `chassis.worker.Worker` repeats. A crash between publishing and forgetting
publishes twice, which the consumers expect.
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from chassis.events import EventPublisher

    from order.orders import Ledger

__all__ = ["OutboxRelay"]

log = logging.getLogger(__name__)

_BATCH = 100


class OutboxRelay:
    """Publishes what waits, at once when told of something new and every half second otherwise."""

    def __init__(
        self, ledger: Ledger, publisher: EventPublisher, *, prepare: Callable[[], None]
    ) -> None:
        """`prepare` makes sure that the topic exists; it is called until it succeeds once."""
        self._ledger = ledger
        self._publisher = publisher
        self._prepare = prepare
        self._is_prepared = False
        self._news = threading.Event()

    def wake(self) -> None:
        """Says that something was recorded just now."""
        self._news.set()

    def step(self, stop: threading.Event) -> None:
        """Hands over everything that waits, then rests for half a second or until there is news."""
        if not self._is_prepared:
            self._prepare()
            self._is_prepared = True
        while not stop.is_set():
            sent = self._ledger.hand_over(self._publisher.publish, at_most=_BATCH)
            if not sent:
                break
            log.info("announcements published", extra={"count": sent})
        self._news.wait(0.5)
        self._news.clear()

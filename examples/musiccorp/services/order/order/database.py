"""The ledger of orders in PostgreSQL, with the outbox beside it. All SQL of the service is here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chassis.events import Event
from psycopg.types.json import Jsonb

from order.orders import Order, OrderLine, Status

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from uuid import UUID

    from psycopg import Connection
    from psycopg_pool import ConnectionPool

__all__ = ["PostgresLedger"]


class PostgresLedger:
    """Implements `order.orders.Ledger`; every method is one transaction."""

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool

    def find(self, order_id: UUID) -> Order | None:
        """Returns the order, or None if there is none of that id."""
        with self._pool.connection() as connection:
            return _read(connection, order_id)

    def record(self, order: Order, announcement: Event) -> Order:
        """Stores the order and its announcement together; returns what is stored under that id."""
        with self._pool.connection() as connection:
            is_new = connection.execute(
                "INSERT INTO orders (id, customer_id, currency, total_cents, status, placed_at)"
                " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING RETURNING true",
                (
                    order.id,
                    order.customer_id,
                    order.currency,
                    order.total_cents,
                    order.status.value,
                    order.placed_at,
                ),
            ).fetchone()
            if not is_new:
                return _read(connection, order.id) or order
            _write_lines(connection, order)
            connection.execute(
                "INSERT INTO outbox (topic, key, body) VALUES (%s, %s, %s)",
                (announcement.topic, announcement.key, Jsonb(announcement.body)),
            )
        return order

    def decide(self, order_id: UUID, status: Status, at: datetime) -> bool:
        """Makes a placed order final; returns False if it is unknown or final already."""
        with self._pool.connection() as connection:
            done = connection.execute(
                "UPDATE orders SET status = %s, decided_at = %s WHERE id = %s AND status = %s",
                (status.value, at, order_id, Status.PLACED.value),
            )
            return done.rowcount == 1

    def hand_over(self, publish: Callable[[Sequence[Event]], None], *, at_most: int) -> int:
        """Publishes waiting announcements, forgets them if `publish` returned, and says how many.

        Replicas do not get in each other's way: rows that one of them holds are skipped by the
        others.
        """
        with self._pool.connection() as connection:
            # Waiting for Kafka may take longer than a request is allowed to.
            connection.execute("SET LOCAL idle_in_transaction_session_timeout = '30s'")
            rows = connection.execute(
                "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox ORDER BY id LIMIT %s"
                " FOR UPDATE SKIP LOCKED) RETURNING id, topic, key, body",
                (at_most,),
            ).fetchall()
            if rows:
                publish([Event(topic=t, key=k, body=b) for _, t, k, b in sorted(rows, key=_id)])
            return len(rows)


def _id(row: tuple[Any, ...]) -> int:
    number: int = row[0]
    return number


def _write_lines(connection: Connection, order: Order) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO order_lines (order_id, album_id, title, quantity, price_cents)"
            " VALUES (%s, %s, %s, %s, %s)",
            [
                (order.id, line.album_id, line.title, line.quantity, line.price_cents)
                for line in order.lines
            ],
        )


def _read(connection: Connection, order_id: UUID) -> Order | None:
    row = connection.execute(
        "SELECT customer_id, currency, status, placed_at, decided_at FROM orders WHERE id = %s",
        (order_id,),
    ).fetchone()
    if row is None:
        return None
    lines = connection.execute(
        "SELECT album_id, title, quantity, price_cents FROM order_lines WHERE order_id = %s"
        " ORDER BY album_id",
        (order_id,),
    ).fetchall()
    return Order(
        id=order_id,
        customer_id=row[0],
        currency=row[1],
        lines=tuple(
            OrderLine(album_id=a, title=t, quantity=q, price_cents=p) for a, t, q, p in lines
        ),
        status=Status(row[2]),
        placed_at=row[3],
        decided_at=row[4],
    )

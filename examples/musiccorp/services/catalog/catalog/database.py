"""The shelf in PostgreSQL. All SQL of the catalog is here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg.rows import class_row

from catalog.stock import Album, OutOfStock, ReservedLine, UnknownAlbum, Wish

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from psycopg import Connection
    from psycopg_pool import ConnectionPool

__all__ = ["PostgresShelf"]

_ALBUMS = "SELECT id, artist, title, price_cents, stock FROM albums"


class PostgresShelf:
    """Implements `catalog.stock.Shelf`; every method is one transaction."""

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool

    def albums(self) -> Sequence[Album]:
        """Returns all albums, by id."""
        with (
            self._pool.connection() as connection,
            connection.cursor(row_factory=class_row(Album)) as c,
        ):
            return c.execute(f"{_ALBUMS} ORDER BY id").fetchall()

    def album(self, album_id: int) -> Album:
        """Returns one album.

        Raises:
            UnknownAlbum: there is none of that id.
        """
        with (
            self._pool.connection() as connection,
            connection.cursor(row_factory=class_row(Album)) as c,
        ):
            album = c.execute(f"{_ALBUMS} WHERE id = %s", (album_id,)).fetchone()
        if album is None:
            raise UnknownAlbum(album_id)
        return album

    def reserve(self, order_id: UUID, wishes: Sequence[Wish]) -> Sequence[ReservedLine]:
        """Takes all wishes off the shelf or none.

        Raises:
            UnknownAlbum: a wish names an album that does not exist.
            OutOfStock: fewer copies are left than wished for.
        """
        with self._pool.connection() as connection:
            is_new = connection.execute(
                "INSERT INTO reservations (order_id) VALUES (%s)"
                " ON CONFLICT DO NOTHING RETURNING true",
                (order_id,),
            ).fetchone()
            if is_new:
                # In the order of the ids, so that two reservations cannot wait for each other.
                for wish in sorted(wishes, key=lambda w: w.album_id):
                    _take(connection, order_id, wish)
            return _lines(connection, order_id)

    def release(self, order_id: UUID) -> None:
        """Puts everything of this order back."""
        with self._pool.connection() as connection:
            connection.execute(
                "WITH gone AS (DELETE FROM reservation_lines WHERE order_id = %s"
                " RETURNING album_id, quantity)"
                " UPDATE albums SET stock = stock + gone.quantity"
                " FROM gone WHERE id = gone.album_id",
                (order_id,),
            )
            connection.execute("DELETE FROM reservations WHERE order_id = %s", (order_id,))


def _take(connection: Connection, order_id: UUID, wish: Wish) -> None:
    taken = connection.execute(
        "UPDATE albums SET stock = stock - %(quantity)s"
        " WHERE id = %(album_id)s AND stock >= %(quantity)s RETURNING price_cents",
        {"album_id": wish.album_id, "quantity": wish.quantity},
    ).fetchone()
    if taken is None:
        known = connection.execute(
            "SELECT 1 FROM albums WHERE id = %s", (wish.album_id,)
        ).fetchone()
        raise OutOfStock(wish.album_id, wish.quantity) if known else UnknownAlbum(wish.album_id)
    connection.execute(
        "INSERT INTO reservation_lines (order_id, album_id, quantity, price_cents)"
        " VALUES (%s, %s, %s, %s)",
        (order_id, wish.album_id, wish.quantity, taken[0]),
    )


def _lines(connection: Connection, order_id: UUID) -> Sequence[ReservedLine]:
    with connection.cursor(row_factory=class_row(ReservedLine)) as cursor:
        return cursor.execute(
            "SELECT l.album_id, a.title, l.quantity, l.price_cents FROM reservation_lines l"
            " JOIN albums a ON a.id = l.album_id WHERE l.order_id = %s ORDER BY l.album_id",
            (order_id,),
        ).fetchall()

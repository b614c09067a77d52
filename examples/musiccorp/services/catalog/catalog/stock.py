"""The words of the catalog and what the rest of the service may ask of its storage.

No SQL and no HTTP: `database` implements `Shelf` on PostgreSQL, `routes` speaks to it, tests bring
a shelf in memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

__all__ = ["Album", "OutOfStock", "ReservedLine", "Shelf", "UnknownAlbum", "Wish"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Album:
    """One album as it stands on the shelf."""

    id: int
    artist: str
    title: str
    price_cents: int
    stock: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """So many copies of one album."""

    album_id: int
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReservedLine:
    """Copies taken off the shelf for one order, at the price of that moment."""

    album_id: int
    title: str
    quantity: int
    price_cents: int


class UnknownAlbum(Exception):  # noqa: N818 - an answer to the customer
    """There is no such album."""

    def __init__(self, album_id: int) -> None:
        super().__init__(f"there is no album {album_id}")


class OutOfStock(Exception):  # noqa: N818 - an answer to the customer
    """Fewer copies are left than wished for."""

    def __init__(self, album_id: int, quantity: int) -> None:
        super().__init__(f"album {album_id} has fewer than {quantity} copies left")


class Shelf(Protocol):
    """Where albums are kept."""

    def albums(self) -> Sequence[Album]:
        """Returns all albums, by id."""

    def album(self, album_id: int) -> Album:
        """Returns one album.

        Raises:
            UnknownAlbum: there is none of that id.
        """

    def reserve(self, order_id: UUID, wishes: Sequence[Wish]) -> Sequence[ReservedLine]:
        """Takes all wishes off the shelf or none; a second call returns what the first one did.

        Raises:
            UnknownAlbum: a wish names an album that does not exist.
            OutOfStock: fewer copies are left than wished for.
        """

    def release(self, order_id: UUID) -> None:
        """Puts everything of this order back; does nothing if there is nothing."""

"""The book of customers in PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg.rows import class_row

from customer.routes import Customer

if TYPE_CHECKING:
    from psycopg_pool import ConnectionPool

__all__ = ["PostgresCustomerBook"]


class PostgresCustomerBook:
    """Implements `customer.routes.CustomerBook`."""

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool

    def find(self, customer_id: int) -> Customer | None:
        """Returns the customer, or None if there is none of that id."""
        with (
            self._pool.connection() as connection,
            connection.cursor(row_factory=class_row(Customer)) as c,
        ):
            return c.execute(
                "SELECT id, name, email FROM customers WHERE id = %s", (customer_id,)
            ).fetchone()

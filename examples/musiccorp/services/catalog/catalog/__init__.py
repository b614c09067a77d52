"""The catalog: albums with price and stock, and the reservations that orders take from the stock."""

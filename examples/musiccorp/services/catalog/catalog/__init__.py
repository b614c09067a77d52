"""The catalog: albums with price and stock, and what orders have reserved."""

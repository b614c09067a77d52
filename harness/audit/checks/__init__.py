"""The checks, one module per family; each yields faults and never raises for bad input."""

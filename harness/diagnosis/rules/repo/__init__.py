"""Faults of the repository, as Argo CD or the API server tell of them (R01 to R19)."""

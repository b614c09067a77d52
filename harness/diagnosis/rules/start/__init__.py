"""Containers that do not start, or start and end (P01 to P19)."""

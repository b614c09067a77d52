"""Faults: small patches to a healthy repository, each with the root cause it must lead to."""

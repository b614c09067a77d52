"""Secrets the repository expects the cluster to hold: planned, made, never printed."""

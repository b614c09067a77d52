"""Scenarios run on a real cluster; a run in which none ran is a failure (pytest's exit code 5)."""

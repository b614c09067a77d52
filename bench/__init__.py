"""Measures the harness against other tools on a real cluster; see README.md. Not in the wheel."""

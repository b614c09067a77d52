"""Watches the cluster until everything declared is ready and stays so, or time is over."""

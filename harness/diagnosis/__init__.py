"""From what was seen of a cluster to the root cause: pure functions of a timeline."""

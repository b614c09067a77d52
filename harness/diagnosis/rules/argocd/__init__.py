"""Applications and ApplicationSets on their way to the cluster (A01 to A30, E01 to E05)."""

"""The node, the host's limits, DNS and Argo CD itself (C01 to C08)."""

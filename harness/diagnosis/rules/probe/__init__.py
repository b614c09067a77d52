"""Probes that cannot pass, or do not yet (B01 to B11)."""

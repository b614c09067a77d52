"""Who needs to reach whom and cannot (N01 to N17)."""

"""Pull secrets, Secrets, ConfigMaps and passwords (S01 to S14)."""

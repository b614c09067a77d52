"""Claims and volumes (V01 to V12)."""

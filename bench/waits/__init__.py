"""Programs that wait with a Python library; they run in that library's own environment."""

"""A place to run: the kind cluster of a run, its folder on disk, and its removal."""

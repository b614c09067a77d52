"""The customers: who they are and where they can be reached. Internal; only the order service asks."""

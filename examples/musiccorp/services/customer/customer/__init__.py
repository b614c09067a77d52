"""The customers: who they are and where they can be reached. Only the order service asks."""

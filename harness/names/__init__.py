"""Declared names are true inside the cluster: Git hosts, image registries, their credentials."""

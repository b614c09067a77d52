"""What fields every kind has, by version of Kubernetes: compact data, a reader, a walker. Pure.

The data are made by `collect` from published schemas (`sources.toml`) and from facts that no
schema holds (`facts.toml`); nothing is downloaded when an audit runs.
"""

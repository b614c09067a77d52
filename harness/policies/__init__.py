"""The policy matrix: what the declared policies allow, probed from the workloads' own network.

`survey` is the one call; the words are `harness.model.policies`. Nothing of the user's is changed.
"""

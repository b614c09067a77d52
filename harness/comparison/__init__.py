"""Wires `harness drift`: which cluster, what is declared, which digests and commit are wanted.

`harness.comparison.ask` is the one call; the judgement is `harness.drift`. Nothing is written to
the cluster, to the repository, or to what a run serves.
"""

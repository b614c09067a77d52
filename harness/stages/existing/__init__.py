"""The stages of a run on a cluster that somebody else owns (`--provider existing`).

Everything that needs no ownership of nodes or of Docker: what the cluster has, Argo CD, the
Applications, readiness with the same verdicts as elsewhere, the gap. Read-only unless asked for
more; what a run makes carries its label and is removed by `harness.stages.existing.removal`.
"""

"""What one machine's kind cluster lacks of the cluster an environment is written for.

Manifests stay as they are; the cluster is adapted, as little as possible, and every adaptation is
reported. `plan` decides (pure), `apply` carries out through the Kubernetes API.
"""

"""Reading of Kubernetes manifests, rendered or live: what they contain and refer to. Pure."""

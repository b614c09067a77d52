"""Payment: consumes orders, decides, publishes settlements. Internal; it only answers probes."""

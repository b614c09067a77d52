"""The only door to the outside: processes, clock, Docker, Kubernetes, files."""

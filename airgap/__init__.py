"""Builds everything that runs in the cluster from package registries alone.

Debian packages, Go modules, Python wheels and Maven artifacts become a kind node image, Argo CD, a
registry, bases for workloads and the tools, described by one ``bundle.json``. The program stands by
itself: it imports nothing of ``harness``, which calls it as a child process (see ``__main__``).
"""

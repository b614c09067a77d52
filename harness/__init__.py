"""Proves on a real kind cluster that what a GitOps repository declares really runs.

The command line is `harness.__main__`, the pytest plugin `harness.pytest_plugin`; both stand on
`harness.compose` and `harness.pipeline`. The rooms below them do not know each other.
"""

from __future__ import annotations

__version__ = "0.1.0"
__all__ = ["__version__"]

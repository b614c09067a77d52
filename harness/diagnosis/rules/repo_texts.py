"""The former place of `harness.diagnosis.rules.repo.repo_texts`."""

from __future__ import annotations

from harness.diagnosis.rules.repo.repo_texts import RepoFault, classify

__all__ = ["RepoFault", "classify"]

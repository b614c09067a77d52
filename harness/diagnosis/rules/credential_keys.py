"""The former place of `harness.diagnosis.rules.secret.credential_keys`."""

from __future__ import annotations

from harness.diagnosis.rules.secret.credential_keys import PULL_TYPES, accepts, key_for

__all__ = ["PULL_TYPES", "accepts", "key_for"]

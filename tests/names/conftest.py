from __future__ import annotations

from datetime import UTC, datetime

import pytest

from harness.names.certificates import RunCertificates, make_certificates


@pytest.fixture(scope="session")
def certificates() -> RunCertificates:
    return make_certificates(
        hosts=["github.com", "localhost", "127.0.0.1"], run_id="test", now=datetime.now(UTC)
    )

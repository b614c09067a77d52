"""Asks a URL of ours once; the only use is to see whether a container of the run answers."""

from __future__ import annotations

import requests

DEADLINE_SECONDS = 2.0


def http_status(url: str) -> int:
    """Returns the HTTP status of a GET, or 0 when nothing answered within two seconds."""
    session = requests.Session()
    session.trust_env = False  # a proxy must not stand between us and 127.0.0.1
    try:
        return session.get(url, timeout=DEADLINE_SECONDS, allow_redirects=False).status_code
    except requests.RequestException:
        return 0

"""Replaces a secret value by a stand-in that serves the same purpose in a run. Pure.

Equal values of one archive get equal stand-ins, so that two sides which must agree still do. What
is no secret stays: empty values, names of users and databases, hosts and ports, certificates. Of an
address only the password goes; of a registry's login user and host stay.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
from typing import Any

PREFIX = "stand-in-"
_OPEN_KEY = re.compile(
    r"(user(name)?|login|database|db(_?name)?|host(name)?|port|endpoint|address|region|bucket|"
    r"ca\.crt|tls\.crt|namespace)$",
    re.IGNORECASE,
)
_IN_URL = re.compile(r"(?P<head>://[^\s:/@\"']*:)(?P<password>[^\s\"'@]+)(?=@)")
_CERTIFICATES = re.compile(r"\s*-----BEGIN CERTIFICATE-----(?!.*PRIVATE KEY)", re.DOTALL)


class StandIns:
    """Makes stand-ins and remembers what was replaced."""

    def __init__(self, salt: bytes) -> None:
        """Prepares stand-ins; `salt` is random and stored nowhere, so that none can be undone."""
        self._salt = salt
        self.replaced: set[str] = set()
        """Every value for which a stand-in was made."""

    def of(self, key: str, value: str) -> str:
        """Returns the stand-in of a value that stands under a key of a Secret."""
        if not value.strip() or _OPEN_KEY.search(key) or _CERTIFICATES.match(value):
            return value
        if _IN_URL.search(value):
            return _IN_URL.sub(lambda m: m["head"] + self._plain(m["password"]), value)
        return self._login(value) or self._plain(value)

    def of_base64(self, key: str, text: str) -> str:
        """Returns the stand-in of a value in base64; one that is no base64 stays none."""
        try:
            value = base64.b64decode("".join(text.split()), validate=True).decode()
        except (binascii.Error, ValueError):
            return f"({self._plain(text)})" if text.strip() else text
        changed = self.of(key, value)
        return text if changed == value else base64.b64encode(changed.encode()).decode()

    def _plain(self, value: str) -> str:
        bare = value.rstrip("\r\n")
        if bare.startswith(PREFIX):
            return value
        self.replaced.add(bare)
        digest = hmac.new(self._salt, bare.encode("utf-8", "surrogatepass"), hashlib.sha256)
        if bare.isdecimal():
            digits = str(int(digest.hexdigest(), 16))
            return (digits * (len(bare) // len(digits) + 1))[: len(bare)] + value[len(bare) :]
        size = max(12, len(bare) - len(PREFIX))
        text = digest.hexdigest()
        return PREFIX + (text * (size // len(text) + 1))[:size] + value[len(bare) :]

    def _login(self, value: str) -> str:
        """Returns a docker configuration with stand-ins for passwords; empty for anything else."""
        try:
            found = json.loads(value)
        except ValueError:
            return ""
        auths = found.get("auths") if isinstance(found, dict) else None
        if not isinstance(auths, dict):
            return ""
        return json.dumps({**found, "auths": {h: self._entry(e) for h, e in auths.items()}})

    def _entry(self, entry: Any) -> Any:
        if not isinstance(entry, dict):
            return entry
        user, password = str(entry.get("username") or ""), str(entry.get("password") or "")
        if not password and entry.get("auth"):
            user, password = _decoded_auth(str(entry["auth"]))
        if entry.get("auth"):
            self.replaced.add(str(entry["auth"]))
        return {"username": user, "password": self._plain(password) if password else ""}


def _decoded_auth(text: str) -> tuple[str, str]:
    try:
        user, _, password = base64.b64decode(text).decode().partition(":")
    except (binascii.Error, ValueError):
        return "", text
    return user, password

"""Finds the additional CA certificates that base file systems carry.

Networks that open TLS (companies, some build machines) add their own authority to each host; a
container that fetches packages there needs it as well. Ordinary machines have none.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from airgap.errors import RequestError
from airgap.keys import digest_of_file

HOST_FOLDER = Path("/usr/local/share/ca-certificates")
"""Where Debian and its kin keep what the administrator added (update-ca-certificates(8))."""


def find_authorities(given: Iterable[Path], *, host: Path = HOST_FOLDER) -> dict[str, Path]:
    """The certificates of the host and those given, by the SHA-256 of their content.

    Raises:
        RequestError: a given file cannot be read or is no PEM certificate.
    """
    found = {digest_of_file(path): path.resolve() for path in sorted(host.rglob("*.crt"))}
    for path in given:
        found[_digest_of_given(path)] = path.resolve()
    return dict(sorted(found.items()))


def _digest_of_given(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        msg = f"--ca {path} cannot be read: {error.strerror}."
        raise RequestError(msg) from error
    if b"-----BEGIN CERTIFICATE-----" not in content:
        msg = f"--ca {path} is not a certificate in PEM format."
        raise RequestError(msg)
    return digest_of_file(path)

"""Additional certificates are found once each, by what they say."""

from __future__ import annotations

from pathlib import Path

import pytest

from airgap.authorities import find_authorities
from airgap.errors import RequestError

PEM = "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n"


def test_a_host_without_additions_has_none(tmp_path: Path) -> None:
    assert find_authorities([], host=tmp_path / "absent") == {}


def test_the_same_certificate_twice_counts_once(tmp_path: Path) -> None:
    host = tmp_path / "host"
    host.mkdir()
    (host / "company.crt").write_text(PEM.format("a"))
    given = tmp_path / "given.pem"
    given.write_text(PEM.format("a"))
    other = tmp_path / "other.pem"
    other.write_text(PEM.format("b"))
    found = find_authorities([given, other], host=host)
    assert set(found.values()) == {given, other}


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"absent\.pem cannot be read"):
        find_authorities([tmp_path / "absent.pem"], host=tmp_path)

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from harness.names.certificates import RunCertificates, make_certificates

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def verify(made: RunCertificates, host: str, when: datetime) -> None:
    server, ca = x509.load_pem_x509_certificates(made.server.encode())
    roots = Store([x509.load_pem_x509_certificate(made.ca.encode())])
    builder = PolicyBuilder().store(roots).time(when)
    builder.build_server_verifier(x509.DNSName(host)).verify(server, [ca])


def test_each_declared_host_is_verified_by_the_ca() -> None:
    made = make_certificates(hosts=["github.com", "git.acme.example"], run_id="r1", now=NOW)
    verify(made, "github.com", NOW)
    verify(made, "git.acme.example", NOW)
    with pytest.raises(VerificationError):
        verify(made, "gitlab.com", NOW)


def test_an_address_is_named_as_an_address() -> None:
    made = make_certificates(hosts=["10.0.0.7", "10.0.0.7"], run_id="r1", now=NOW)
    server = x509.load_pem_x509_certificate(made.server.encode())
    names = server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert list(names) == [x509.IPAddress(ipaddress.ip_address("10.0.0.7"))]


@pytest.mark.parametrize(
    ("after", "valid"),
    [
        (timedelta(minutes=-59), True),
        (timedelta(minutes=-61), False),
        (timedelta(days=6), True),
        (timedelta(days=7, seconds=1), False),
    ],
)
def test_it_is_valid_for_seven_days_from_an_hour_ago(after: timedelta, valid: bool) -> None:
    made = make_certificates(hosts=["github.com"], run_id="r1", now=NOW)
    if valid:
        verify(made, "github.com", NOW + after)
        return
    with pytest.raises(VerificationError):
        verify(made, "github.com", NOW + after)


def test_no_key_shows_when_the_certificates_are_printed() -> None:
    made = make_certificates(hosts=["github.com"], run_id="r1", now=NOW)
    assert "PRIVATE KEY" in made.token_key.reveal()
    assert "PRIVATE KEY" not in repr(made)


def test_no_host_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one host"):
        make_certificates(hosts=[], run_id="r1", now=NOW)

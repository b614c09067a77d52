"""Makes the certificates of one run: a CA, the Git hosts' server certificate, the token signer.

Valid for seven days from an hour ago (clocks of host and containers may differ); nothing outside
the run ever trusts them. Argo CD is given the CA in `argocd-tls-certs-cm`, the registry the token
certificate as `rootcertbundle` (`names.registry_config`).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from harness.model.secret import Secret

VALID = timedelta(days=7)
BACKDATED = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCertificates:
    """All in PEM."""

    ca: str
    server: str
    """The server's certificate followed by the CA's."""
    server_key: Secret
    token: str
    """Self-signed; its key signs registry tokens with ES256."""
    token_key: Secret


def make_certificates(*, hosts: Iterable[str], run_id: str, now: datetime) -> RunCertificates:
    """Returns fresh certificates for the declared Git hosts.

    Args:
        hosts: Host names or IP addresses, without ports; duplicates are fine.
        run_id: Part of the common names, so that a person sees whose they are.
        now: In UTC.

    Raises:
        ValueError: No host, or a name that no certificate can hold.
    """
    names = [_general_name(host) for host in dict.fromkeys(hosts)]
    if not names:
        message = "a server certificate needs at least one host"
        raise ValueError(message)
    ca_key, server_key, token_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
    ca_name = _name(f"gitops-harness {run_id} CA")
    ca = _signed(_authority(_started(ca_name, ca_name, ca_key, now)), ca_key, ca_key)
    draft = _started(_name(f"gitops-harness {run_id}"), ca_name, server_key, now)
    draft = draft.add_extension(x509.SubjectAlternativeName(names), critical=False)
    server = _signed(_server(draft), server_key, ca_key)
    token_name = _name(f"gitops-harness {run_id} registry tokens")
    draft = _authority(_started(token_name, token_name, token_key, now))
    token = _signed(draft, token_key, token_key)
    return RunCertificates(
        ca=_pem(ca),
        server=_pem(server) + _pem(ca),
        server_key=_key_pem(server_key),
        token=_pem(token),
        token_key=_key_pem(token_key),
    )


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _started(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + VALID)
    )


def _authority(draft: x509.CertificateBuilder) -> x509.CertificateBuilder:
    return draft.add_extension(
        x509.BasicConstraints(ca=True, path_length=0), critical=True
    ).add_extension(_usage(signs_certificates=True), critical=True)


def _server(draft: x509.CertificateBuilder) -> x509.CertificateBuilder:
    return (
        draft.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _signed(
    draft: x509.CertificateBuilder,
    key: ec.EllipticCurvePrivateKey,
    signer: ec.EllipticCurvePrivateKey,
) -> x509.Certificate:
    """Signs with the two key identifiers that strict verification asks for (RFC 5280, 4.2.1)."""
    subject = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
    complete = draft.add_extension(subject, critical=False).add_extension(authority, critical=False)
    return complete.sign(signer, hashes.SHA256())


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()


def _key_pem(key: ec.EllipticCurvePrivateKey) -> Secret:
    return Secret(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode())

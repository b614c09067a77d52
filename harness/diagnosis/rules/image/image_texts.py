"""Reads why a pull failed from the words of kubelet, containerd and registry. Pure.

The first pattern that matches decides, the particular ones before the general ones: "no match for
platform in manifest: not found" is about the platform, and a token that could not be fetched for
lack of a connection refuses nobody. The word "anonymous" proves that no credential matched the
host; "oauth" that one was sent; "pull access denied" and a bare 401 or 403 tell neither. Sources:
containerd's resolver and authorizer, kubelet `image_manager.go`, containerd#11103, keda
http-add-on#48; an unreadable credential: credentialprovider `config.go`.
"""

from __future__ import annotations

import re
from enum import StrEnum

from harness.model.wording import cut


class PullError(StrEnum):
    """Why a pull failed, as far as its text tells."""

    RATE_LIMIT = "rate limit"
    THROTTLED = "throttled by the kubelet"
    CREDENTIAL_FORM = "unreadable credential"
    DISK = "disk full"
    PLATFORM = "no variant for the platform"
    TLS = "TLS"
    SIGNATURE = "signature"
    UNREACHABLE = "not reachable"
    SERVER = "server error"
    INTERRUPTED = "interrupted"
    ANONYMOUS = "refused without a credential"
    REFUSED = "credential refused"
    DENIED = "denied"
    """Refused, and the text does not tell whether a credential was sent."""
    INCOMPLETE = "incomplete image"
    MISSING = "not found"
    INSPECTION = "image cannot be inspected"
    OTHER = "other"
    UNTOLD = "no text"


_PATTERNS = tuple(
    (error, re.compile(pattern, re.IGNORECASE))
    for error, pattern in (
        (PullError.RATE_LIMIT, r"\b429\b|toomanyrequests|too many requests|pull rate limit"),
        (PullError.THROTTLED, r"pull QPS exceeded"),
        (
            PullError.CREDENTIAL_FORM,
            r"^(?:invalid character .+ (?:looking for|after|in) "
            r"|illegal base64 data|unexpected end of JSON input|unable to parse auth field"
            r"|json: cannot unmarshal)",
        ),
        (PullError.DISK, r"no space left on device"),
        (PullError.PLATFORM, r"no match for platform in manifest|no matching manifest for \S+"),
        (
            PullError.TLS,
            r"x509: |HTTP response to HTTPS client|remote error: tls: |tls: failed to verify"
            r"|does not look like a TLS handshake",
        ),
        (PullError.SIGNATURE, r"signature ?validation ?failed"),
        (
            PullError.UNREACHABLE,
            r"dial tcp|no such host|i/o timeout|connection refused|connection reset"
            r"|TLS handshake timeout|server misbehaving|try again|network is unreachable"
            r"|no route to host|Client\.Timeout exceeded|: EOF\b",
        ),
        (PullError.SERVER, r": 5\d\d |registry is unavailable|RegistryUnavailable"),
        (
            PullError.INTERRUPTED,
            r"context canceled|context deadline exceeded|unexpected EOF|code = DeadlineExceeded",
        ),
        (
            PullError.ANONYMOUS,
            r"failed to fetch anonymous token.*\b(?:401|403)\b|no basic auth credentials",
        ),
        (
            PullError.REFUSED,
            r"failed to fetch oauth token.*(?:\b401\b|\b403\b|denied)|denied: permission_denied"
            r"|read_package|incorrect username or password",
        ),
        (
            PullError.DENIED,
            r"pull access denied|insufficient_scope|authorization failed|failed to authorize"
            r"|\b40[13] (?:unauthorized|forbidden)|\bdenied: |\bunauthorized: ",
        ),
        (PullError.INCOMPLETE, r"could not fetch content descriptor"),
        (
            PullError.MISSING,
            r": not found|manifest unknown|name unknown|repository name not known"
            r"|code = NotFound|\b404 not found",
        ),
        (PullError.INSPECTION, r"failed to inspect image"),
    )
)
_KUBELET = re.compile(
    r"^(?:Failed to pull image \"[^\"]*\":? ?|Back-off pulling image \"[^\"]*\":? ?"
    r"|(?:ErrImagePull|Error): ?)+"
)
_WRAPPING = re.compile(
    r"^(?:rpc error: code = (?!NotFound)\w+ desc = "
    r"|failed to (?:pull and unpack image|resolve reference|resolve image) \"[^\"]*\": )+"
)
_NOT_FOUND_WRAPPING = re.compile(r"^rpc error: code = NotFound desc = (?=.*not found)")


def reason_of(text: str) -> str:
    """Returns the error inside a kubelet message; empty when it only tells of backing off."""
    return _KUBELET.sub("", text.strip()).strip()


def pull_error(text: str) -> PullError:
    """Returns what kind of failure a kubelet message or its inner error tells of."""
    reason = reason_of(text)
    if not reason:
        return PullError.UNTOLD
    return next((error for error, p in _PATTERNS if p.search(reason)), PullError.OTHER)


def decisive(text: str) -> str:
    """Returns the innermost part of a kubelet message, for quoting."""
    reason, before = reason_of(text), ""
    while reason != before:
        before = reason
        reason = _WRAPPING.sub("", _NOT_FOUND_WRAPPING.sub("", reason))
    return cut(reason)

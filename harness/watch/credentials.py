"""Finds credentials in names and texts: which variable holds one, and where a text shows one.

Works on words and patterns only, so it can miss a credential that looks like nothing; values that
the harness knows are masked elsewhere (`harness.model.secret.redact`). References such as `$(NAME)`
and `${NAME}` are not credentials and stay, because a diagnosis follows them. Pure.
"""

from __future__ import annotations

import functools
import re

from harness.model.secret import MASK

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_SECRET_WORD = re.compile(
    r".*(?:password|passwd|passphrase|secret|token|credential)s?"
    r"|(?:access|secret|private|signing|encryption|api)?keys?"
    r"|pass|pgpass|pwd|authorization|cookie"
)
# A variable that ends so tells about a credential (where it is, how long it lives), not its value.
_ABOUT = re.compile(
    r"file|path|dir|directory|location|name|url|uri|host|port|endpoint|issuer|type|class|format|"
    r"serializer|deserializer|converter|algorithm|length|size|ttl|lifetime|timeout|seconds|minutes|"
    r"hours|days|expiry|expiration|enabled|required|count|prefix|field|header|store"
)
_REFERENCE = re.compile(r"[\"']?(?:\$\(\w+\)|\$\{[\w.-]+\}|\$\w+)[\"']?")
_IN_URL = re.compile(
    r"(?P<head>://[^\s:/@\"']*:)(?!\d+(?:[/,;?\s\"']|$))(?P<value>[^\s\"']{1,256}?)"
    r"(?=@[^\s\"'@,/]*(?:[\s\"',/]|$))"
)
_PARAMETER = re.compile(r"(?P<head>[?&;](?P<name>[\w.-]+)=)(?P<value>[^&;\s\"']+)")
_ASSIGNMENT = re.compile(
    r"(?P<head>(?<![\w.])(?P<name>[\w.-]+)=)(?!\$\()(?P<value>\"[^\"]*\"|'[^']*'|[^\s&;,\"']+)"
)
_LINE = re.compile(
    r"^(?P<head>[ \t]*[\"']?(?P<name>[\w.-]+)[\"']?[ \t]*[:=][ \t]*)"
    r"(?P<value>[^\s,{\[|>].*?)(?=,?$)",
    re.MULTILINE,
)
_SQL = re.compile(r"(?P<head>\b(?:PASSWORD|IDENTIFIED BY)\s+)(?P<value>'[^']+')", re.IGNORECASE)


@functools.lru_cache(maxsize=4096)
def is_credential_name(name: str) -> bool:
    """Tells whether a variable of this name holds a password, secret, token or key."""
    words = [word.lower() for word in _WORDS.findall(name)]
    if not words or _ABOUT.fullmatch(words[-1]):
        return False
    return any(_SECRET_WORD.fullmatch(word) for word in words)


def is_reference(value: str) -> bool:
    """Tells whether a text is nothing but a reference to another variable."""
    return _REFERENCE.fullmatch(value) is not None


def without_url_credentials(text: str) -> str:
    """Returns a text with the passwords of URLs masked, in `user:password@` and in parameters."""
    if "://" not in text:
        return text
    return _PARAMETER.sub(_masked, _IN_URL.sub(_masked, text))


def without_assigned_credentials(text: str) -> str:
    """Returns a command line or script with `--password=…`, `TOKEN=…` and SQL passwords masked."""
    text = without_url_credentials(text)
    if "=" in text:
        text = _ASSIGNMENT.sub(_masked, text)
    return _SQL.sub(_masked, text)


def without_configured_credentials(text: str) -> str:
    """Returns a configuration file's text with the values of `password: …` lines masked."""
    return _LINE.sub(_masked, without_assigned_credentials(text))


def _masked(match: re.Match[str]) -> str:
    found = match.groupdict()
    named = "name" not in found or is_credential_name(found["name"])
    if not named or is_reference(found["value"]):
        return match[0]
    return f"{found['head']}{MASK}"

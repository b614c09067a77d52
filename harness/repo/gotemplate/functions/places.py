"""Sprig's functions on paths and URLs.

Source: Masterminds sprig v3.3.0 `functions.go`, `url.go`; Go `path`.
"""

from __future__ import annotations

import posixpath
import re
import urllib.parse
from typing import Any

from harness.repo.gotemplate.errors import TemplateError, UnresolvableError
from harness.repo.gotemplate.signatures import MAP, STRING, Function, of


def clean(path: str) -> str:
    """Returns the shortest path that names the same: Go's `path.Clean`."""
    return (
        "/" + posixpath.normpath(path).lstrip("/") if path[:1] == "/" else posixpath.normpath(path)
    )


def base(path: str) -> str:
    """Returns the last part of a path; `.` for none, `/` for the root."""
    if not path:
        return "."
    return path.rstrip("/").rpartition("/")[2] or "/"


def folder(path: str) -> str:
    """Returns the folder of a path: Go's `path.Dir`."""
    return clean(path.rpartition("/")[0] + "/" if "/" in path else "")


def _extension(path: str) -> str:
    name = path.rpartition("/")[2]
    return f".{name.rpartition('.')[2]}" if "." in name else ""


def _is_absolute(path: str) -> bool:
    return path.startswith("/")


def _url_parse(text: str) -> dict[str, Any]:
    if not re.fullmatch(r"[a-z][a-z0-9+.-]*://[A-Za-z0-9._~:@/?#=&%+,;!$()*\[\]-]*", text):
        message = f"urlParse of {text!r}"
        raise UnresolvableError(message)
    parts = urllib.parse.urlsplit(text)
    user, _, host = parts.netloc.rpartition("@")
    return {
        "scheme": parts.scheme,
        "host": host,
        "hostname": re.sub(r":\d*\Z", "", host).strip("[]"),
        "path": urllib.parse.unquote(parts.path),
        "query": parts.query,
        "opaque": "",
        "fragment": urllib.parse.unquote(parts.fragment),
        "userinfo": user,
    }


def _url_join(parts: dict[str, Any]) -> str:
    known: dict[str, str] = {}
    for key in ("scheme", "host", "path", "query", "opaque", "fragment", "userinfo"):
        part = parts.get(key, "")
        if not isinstance(part, str):
            message = f"unable to parse {key} key, must be of type string"
            raise TemplateError(message)
        known[key] = part
    if known["opaque"] or not all(re.fullmatch(r"[A-Za-z0-9._~:/=&-]*", v) for v in known.values()):
        message = "urlJoin of these parts"
        raise UnresolvableError(message)
    user = f"{known['userinfo']}@" if known["userinfo"] else ""
    path = known["path"] if known["path"][:1] in {"", "/"} else f"/{known['path']}"
    return urllib.parse.urlunsplit(
        (known["scheme"], user + known["host"], path, known["query"], known["fragment"])
    )


FUNCTIONS: dict[str, Function] = {
    "base": of(base, STRING),
    "dir": of(folder, STRING),
    "clean": of(clean, STRING),
    "ext": of(_extension, STRING),
    "isAbs": of(_is_absolute, STRING),
    "osBase": of(base, STRING),
    "osDir": of(folder, STRING),
    "osClean": of(clean, STRING),
    "osExt": of(_extension, STRING),
    "osIsAbs": of(_is_absolute, STRING),
    "urlParse": of(_url_parse, STRING),
    "urlJoin": of(_url_join, MAP),
}

"""Declared Secrets whose values cannot be taken as they are: no base64, a stub, still encrypted.

`data` that is no base64 is refused by the API server (R17); SOPS-encrypted values are applied as
they are unless the engine decrypts, which Argo CD does only with a plugin. Keys outside of the
API's alphabet and objects above 1 MiB are refused too (API validation `ValidateSecret`,
`ValidateConfigMap`). No value is ever shown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from harness.audit.api_groups import is_of
from harness.audit.finding import Fault, NotJudged
from harness.audit.reading import annotations_of, is_placeholder, mapping
from harness.audit.scope import Declared, Scope
from harness.audit.secret_data import is_encrypted, is_stub, readable_values

LARGEST = 1024 * 1024
"""Bytes of all values of a Secret or ConfigMap together."""
_KEY = re.compile(r"[-._a-zA-Z0-9]{1,253}")


def unreadable_values(scope: Scope) -> Iterator[Fault | NotJudged]:
    """Yields `secret-data-invalid` and `secret-placeholder-value`, one per Secret and rule."""
    for declared in _core(scope, "Secret"):
        if is_encrypted(declared.object) or _is_templated(declared):
            continue
        found = list(readable_values(declared.object))
        yield from _no_base64(declared, [key for _, key, value in found if value is None])
        yield from _stubs(declared, [(f, k) for f, k, v in found if v is not None and is_stub(v)])


def _core(scope: Scope, *kinds: str) -> Iterator[Declared]:
    for declared in scope.of_kind(*kinds):
        if is_of(declared.object, "", *kinds):
            yield declared


def _is_templated(declared: Declared) -> bool:
    """Tells whether the Argo CD Vault plugin, or a webhook, replaces the values later."""
    return any(mark.startswith(("avp.", "vault.")) for mark in annotations_of(declared.object))


def _no_base64(declared: Declared, keys: list[str]) -> Iterator[Fault]:
    if not keys:
        return
    yield Fault(
        rule="secret-data-invalid",
        object=declared.ref,
        message=f"data of {declared.ref} is no base64 under {', '.join(sorted(keys))}, so the API "
        "server refuses the Secret",
        expected="values encoded in base64, or plain values under stringData",
        fix=f"Move {', '.join(sorted(keys))} of {declared.ref} from data to stringData",
        cause="R17",
        field=f"data[{keys[0]}]",
        source=declared.source.path,
    )


def _stubs(declared: Declared, found: list[tuple[str, str]]) -> Iterator[Fault]:
    if not found:
        return
    field, key = found[0]
    names = ", ".join(sorted(key for _, key in found))
    yield Fault(
        rule="secret-placeholder-value",
        object=declared.ref,
        message=f"{declared.ref} still has a stub instead of a value under {names}",
        expected="the real value, encrypted or from a secret store",
        fix=f"Replace the stub under {names} of {declared.ref}",
        cause="R17",
        field=f"{field}[{key}]",
        source=declared.source.path,
    )


def invalid_keys(scope: Scope) -> Iterator[Fault | NotJudged]:
    """Yields `config-key-invalid` for keys that the API server refuses."""
    for declared in _core(scope, "ConfigMap", "Secret"):
        for field in ("data", "stringData", "binaryData"):
            for key in map(str, mapping(declared.object.get(field))):
                if not is_placeholder(key) and not _KEY.fullmatch(key):
                    yield _invalid_key(declared, field, key)


def _invalid_key(declared: Declared, field: str, key: str) -> Fault:
    return Fault(
        rule="config-key-invalid",
        object=declared.ref,
        message=f"{declared.ref} has the key {key[:80]!r}, which the API server refuses",
        expected="at most 253 letters, digits, dashes, underscores and dots",
        fix=f"Rename the key in {declared.ref}; a path belongs into items[].path of the volume",
        cause="A13",
        field=f"{field}[{key}]",
        source=declared.source.path,
    )


def too_large(scope: Scope) -> Iterator[Fault | NotJudged]:
    """Yields `config-too-large` for ConfigMaps and Secrets above 1 MiB."""
    for declared in _core(scope, "ConfigMap", "Secret"):
        size = _size(declared)
        if size > LARGEST:
            yield Fault(
                rule="config-too-large",
                object=declared.ref,
                message=f"{declared.ref} holds {size} bytes, and the API server takes {LARGEST}",
                expected=f"at most {LARGEST} bytes in all values together",
                fix=f"Split {declared.ref}, or put the content into the image or a volume",
                cause="A13",
                source=declared.source.path,
            )


def _size(declared: Declared) -> int:
    is_secret = declared.ref.kind == "Secret"
    encoded, plain = ("data", "stringData") if is_secret else ("binaryData", "data")
    inside = sum(len(value) * 3 // 4 - value.count("=") for value in _texts(declared, encoded))
    return inside + sum(len(value.encode(errors="replace")) for value in _texts(declared, plain))


def _texts(declared: Declared, field: str) -> Iterator[str]:
    for value in mapping(declared.object.get(field)).values():
        if isinstance(value, str):
            yield value


def undecrypted(scope: Scope) -> Iterator[Fault | NotJudged]:
    """Yields `sops-decryption-missing` for SOPS-encrypted Secrets that Argo CD deploys."""
    for declared in _core(scope, "Secret"):
        deployer = declared.source.deployer
        if is_encrypted(declared.object) and deployer and deployer.kind == "Application":
            yield Fault(
                rule="sops-decryption-missing",
                object=deployer,
                message=f"{deployer} deploys {declared.ref}, which SOPS has encrypted, and names "
                "no plugin that decrypts",
                expected="a config management plugin such as KSOPS in the repo-server",
                fix="Render the Secret with the KSOPS generator, or use a SealedSecret or "
                "ExternalSecret",
                user=declared.ref,
                field="sops",
                source=declared.source.path,
            )


CHECKS: tuple[Callable[[Scope], Iterator[Fault | NotJudged]], ...] = (
    unreadable_values,
    invalid_keys,
    too_large,
    undecrypted,
)

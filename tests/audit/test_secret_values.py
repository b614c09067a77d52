"""Declared Secrets and ConfigMaps that cannot be taken as they are."""

from __future__ import annotations

import base64

import pytest

from harness.audit.checks.secret_values import (
    invalid_keys,
    too_large,
    undecrypted,
    unreadable_values,
)
from harness.model.refs import ObjectRef
from tests.audit.scopes import faults, rules_found, scope, source


def secret(data: str, more: str = "") -> str:
    return f"apiVersion: v1\nkind: Secret\nmetadata: {{name: db{more}}}\n{data}"


def encoded(value: str) -> str:
    return base64.b64encode(value.encode()).decode()


def test_data_that_is_no_base64_is_refused_by_the_api_server() -> None:
    [found] = faults(unreadable_values, secret("data: {password: 'not base64!', user: YQ==}"))

    assert (found.rule, found.cause) == ("secret-data-invalid", "R17")
    assert found.field == "data[password]"
    assert "user" not in found.message
    assert "not base64!" not in f"{found}"


@pytest.mark.parametrize(
    "value",
    [
        "YQ==",
        "",
        "ENC[AES256_GCM,data:x]",
        "${PASSWORD}",
        "<path:kv#key>",
        "vault:kv#key",
        "Y\\nQ==",
    ],
)
def test_what_is_base64_or_becomes_it_later_is_fine(value: str) -> None:
    assert faults(unreadable_values, secret(f'data: {{password: "{value}"}}')) == []


def test_plain_values_need_no_base64() -> None:
    assert faults(unreadable_values, secret("stringData: {password: 'p@ss word'}")) == []


@pytest.mark.parametrize("stub", ["CHANGEME", "change-me-please", "TODO", "your-password", "xxxx"])
def test_a_stub_is_a_note(stub: str) -> None:
    plain = faults(unreadable_values, secret(f"stringData: {{password: {stub}}}"))
    inside = faults(unreadable_values, secret(f"data: {{password: {encoded(stub)}}}"))

    assert rules_found(plain) == rules_found(inside) == ["secret-placeholder-value"]
    assert inside[0].field == "data[password]"
    assert stub not in f"{plain}"


@pytest.mark.parametrize("value", ["todo", "todolist", "xx", "hunter2", "placeholders+=", "a.b"])
def test_values_that_only_look_alike_are_no_stubs(value: str) -> None:
    assert faults(unreadable_values, secret(f"stringData: {{database: '{value}'}}")) == []


@pytest.mark.parametrize(
    ("data", "more"),
    [
        ("stringData: {password: CHANGEME}\nsops: {mac: x}", ""),
        ("stringData: {password: CHANGEME}", ", annotations: {avp.kubernetes.io/path: kv/db}"),
    ],
)
def test_an_encrypted_or_templated_secret_is_not_judged(data: str, more: str) -> None:
    assert faults(unreadable_values, secret(data, more)) == []


@pytest.mark.parametrize("field", ["data", "stringData", "binaryData"])
def test_a_key_with_a_slash_is_refused(field: str) -> None:
    text = (
        f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c}}\n{field}: {{conf/app.ini: YQ==}}"
    )

    [found] = faults(invalid_keys, text)

    assert (found.rule, found.field) == ("config-key-invalid", f"{field}[conf/app.ini]")


@pytest.mark.parametrize("key", ["app.ini", "_A-b.9", "'{{ key }}/a'", "123"])
def test_ordinary_keys_and_placeholders_are_fine(key: str) -> None:
    text = f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c}}\ndata: {{{key}: a}}"

    assert faults(invalid_keys, text) == []


@pytest.mark.parametrize(("size", "expected"), [(1024 * 1024, 0), (1024 * 1024 + 1, 1)])
def test_a_config_map_above_one_mebibyte_is_refused(size: int, expected: int) -> None:
    config = {
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"},
        "data": {"a": "x" * (size - 10), "b": "y" * 10},
    }  # fmt: skip
    one = scope(source("", namespace=""))
    with_config = scope(type(one.sources[0])(path=".", objects=(config,)))

    assert len(list(too_large(with_config))) == expected


def test_the_size_of_a_secret_is_that_of_what_it_encodes() -> None:
    text = encoded("x" * 1024 * 1024)

    assert faults(too_large, secret(f"data: {{a: {text}}}")) == []
    assert len(faults(too_large, secret(f"data: {{a: {text}}}\nstringData: {{b: 'xxxx'}}"))) == 1


ENCRYPTED = secret("stringData: {password: 'ENC[AES256_GCM,data:x]'}\nsops: {mac: x}")


def test_argo_cd_does_not_decrypt_sops_by_itself() -> None:
    application = ObjectRef("Application", "argocd", "shop")

    [found] = undecrypted(scope(source(ENCRYPTED, deployer=application)))

    assert getattr(found, "rule", "") == "sops-decryption-missing"
    assert getattr(found, "object", None) == application


@pytest.mark.parametrize("deployer", [None, ObjectRef("Kustomization", "flux-system", "shop")])
def test_flux_and_people_decrypt_themselves(deployer: ObjectRef | None) -> None:
    assert list(undecrypted(scope(source(ENCRYPTED, deployer=deployer)))) == []


def test_a_plain_secret_needs_no_decryption() -> None:
    application = ObjectRef("Application", "argocd", "shop")
    plain = source(secret("stringData: {password: a}"), deployer=application)

    assert list(undecrypted(scope(plain))) == []

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
import yaml

from harness.reproduction.ordinary import searched
from harness.reproduction.stand_ins import PREFIX, StandIns
from harness.reproduction.tree_secrets import without_secret_values

SALT = b"0123456789abcdef"


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def plain(text: str) -> str:
    return base64.b64decode(text).decode()


def changed(name: str, text: str, **others: str) -> tuple[str, StandIns]:
    stand_ins = StandIns(SALT)
    files = {name: text, **{k.replace("_", "."): v for k, v in others.items()}}
    return without_secret_values(files, stand_ins).get(name, text), stand_ins


def secret(**data: Any) -> str:
    return yaml.safe_dump({"apiVersion": "v1", "kind": "Secret", **data}, sort_keys=False)


def test_the_values_of_a_secret_become_stand_ins() -> None:
    text, stand_ins = changed(
        "a.yaml", secret(data={"key": b64("hunter2!")}, stringData={"token": "hunter2!"})
    )

    found = yaml.safe_load(text)
    assert plain(found["data"]["key"]) == found["stringData"]["token"]
    assert found["stringData"]["token"].startswith(PREFIX)
    assert stand_ins.replaced == {"hunter2!"}


def test_every_other_byte_and_every_line_stays() -> None:
    text = (
        "# ours\nkind: Secret  # yes\nmetadata: {name: a}\nstringData:\n"
        "  password: &pw hunter2!  # comment\n  again: *pw\n  pem: |\n    first line\n    second\n"
        "  quoted: 'it''s'\n---\nkind: ConfigMap\ndata: {password: open}\n"
    )

    found, _ = changed("a.yaml", text)

    lines = found.splitlines()
    assert len(lines) == len(text.splitlines())
    assert lines[:4] == text.splitlines()[:4]
    assert lines[4].startswith('  password: &pw "stand-in-')
    assert lines[4].endswith("  # comment")
    assert lines[-2:] == text.splitlines()[-2:]
    first, second = yaml.safe_load_all(found)
    values = first["stringData"]
    assert values["again"] == values["password"]
    assert values["pem"].endswith("\n"), "a last newline is often the fault"
    assert second == {"kind": "ConfigMap", "data": {"password": "open"}}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("username", "postgres"),
        ("POSTGRES_DB", "orders"),
        ("host", "db.internal"),
        ("empty", ""),
        ("ca.crt", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"),
    ],
)
def test_what_is_no_secret_stays(key: str, value: str) -> None:
    text = secret(stringData={key: value})

    assert changed("a.yaml", text)[0] == text


def test_of_an_address_only_the_password_goes() -> None:
    value = StandIns(SALT).of("dsn", "postgres://ada:hunter2!@db:5432/orders?sslmode=disable")

    assert value.startswith(f"postgres://ada:{PREFIX}")
    assert value.endswith("@db:5432/orders?sslmode=disable")


def test_a_registry_login_keeps_hosts_and_users() -> None:
    entry = {"username": "ada", "password": "hunter2!", "auth": b64("ada:hunter2!")}
    value = json.dumps({"auths": {"ghcr.io": entry, "quay.io": {"auth": b64("bob:hunter2!")}}})

    auths = json.loads(StandIns(SALT).of(".dockerconfigjson", value))["auths"]

    assert {host: e["username"] for host, e in auths.items()} == {
        "ghcr.io": "ada",
        "quay.io": "bob",
    }
    assert "hunter2!" not in json.dumps(auths)
    assert b64("ada:hunter2!") not in json.dumps(auths)


def test_a_value_that_is_no_base64_stays_wrong() -> None:
    value = StandIns(SALT).of_base64("key", "not base64!")

    with pytest.raises(ValueError, match=r"base64|padding|alphabet|Only"):
        base64.b64decode(value, validate=True)
    assert "not base64" not in value


def test_digits_stay_digits_of_the_same_length() -> None:
    value = StandIns(SALT).of("pin", "123456")

    assert value.isdecimal()
    assert len(value) == 6
    assert value != "123456"


def test_generators_of_a_kustomization_are_followed() -> None:
    stand_ins = StandIns(SALT)
    files = {
        "base/kustomization.yaml": "secretGenerator:\n- name: a\n  literals:\n  - pw=hunter2!\n"
        "  envs: [a.env]\n  files: [key=files/key.txt]\nconfigMapGenerator:\n"
        "- {name: b, literals: [pw=open]}\n",
        "base/a.env": "# login\nTOKEN=hunter3!\nUSERNAME=ada\n",
        "base/files/key.txt": "hunter4!\n",
        "base/other.env": "TOKEN=open\n",
    }

    found = without_secret_values(files, stand_ins)

    assert set(found) == set(files) - {"base/other.env"}
    assert "pw=open" in found["base/kustomization.yaml"]
    assert found["base/a.env"].splitlines()[0::2] == ["# login", "USERNAME=ada"]
    assert stand_ins.replaced == {"hunter2!", "hunter3!", "hunter4!"}


def test_literal_secrets_of_the_settings_become_stand_ins() -> None:
    text = '[secrets.a.data]\npw = "hunter2!"\nfrom = "env:PW"\nnew = "generate"\nuser = "ada"\n'

    found, stand_ins = changed("harness.toml", text)

    assert stand_ins.replaced == {"hunter2!"}
    assert [line for line in found.splitlines() if "stand-in" not in line] == [
        line for line in text.splitlines() if "hunter2" not in line
    ]


@pytest.mark.parametrize(
    "text",
    [
        "kind: Secret\nstringData: {pw: ENC[AES256_GCM]}\nsops: {version: 3}\n",
        "kind: SealedSecret\nspec: {encryptedData: {pw: AgBy3i4OJSWK}}\n",
        "kind: Secret\nstringData:\n  pw: {{ .Values.password }}\n",
        "kind: ExternalSecret\nspec: {secretStoreRef: {kind: SecretStore}}\n",
    ],
)
def test_what_is_encrypted_or_no_manifest_stays(text: str) -> None:
    assert changed("a.yaml", text)[0] == text


def test_a_word_that_files_use_is_not_searched_for_and_that_is_said() -> None:
    found = searched({"postgres", "s3cr3t-Value", "app"}, [b"image: library/postgres:17"])

    assert found.values == {"s3cr3t-Value"}
    assert found.told == (
        "1 secret values of fewer than 6 characters",
        "1 secret values that are also words of the files",
    )
    assert searched({"changeme"}, [b"image: postgres"]).values == {"changeme"}

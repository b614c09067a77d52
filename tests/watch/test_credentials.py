from __future__ import annotations

import pytest

from harness.model.secret import MASK
from harness.watch.credentials import (
    is_credential_name,
    without_assigned_credentials,
    without_configured_credentials,
    without_url_credentials,
)


@pytest.mark.parametrize(
    "name",
    [
        *("DB_PASSWORD", "PGPASSWORD", "dbPassword", "API_KEY", "JWT_SECRET", "AWS_ACCESS_KEY_ID"),
        *("GITHUB_TOKEN", "ca.key", "APIKEY", "MYSQL_PWD", "Authorization"),
    ],
)
def test_a_variable_that_holds_a_credential_is_known_by_its_name(name: str) -> None:
    assert is_credential_name(name)


@pytest.mark.parametrize(
    "name",
    [
        *("KEYCLOAK_URL", "POSTGRES_PASSWORD_FILE", "TOKEN_URL", "SECRET_NAME", "CLUSTER_ID"),
        *("KAFKA_KEY_SERIALIZER", "DATABASE_URL", "COMPASS", "MONKEY", "tokenizer", ""),
    ],
)
def test_a_variable_that_only_tells_about_a_credential_keeps_its_value(name: str) -> None:
    assert not is_credential_name(name)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("postgresql://app:hunter2@db:5432/x", f"postgresql://app:{MASK}@db:5432/x"),
        ("redis://:hunter2@redis:6379", f"redis://:{MASK}@redis:6379"),
        ("amqp://u:hun@ter2@mq/v", f"amqp://u:{MASK}@mq/v"),
        ("amqp://u:hun/ter2@mq", f"amqp://u:{MASK}@mq"),
        ("http://a:hunter2@x,http://b:hunter2@y", f"http://a:{MASK}@x,http://b:{MASK}@y"),
        ("mongodb://u:hunter2@a:1,b:2/d", f"mongodb://u:{MASK}@a:1,b:2/d"),
        ("jdbc:x://h:5432/d?user=u&password=hunter2", f"jdbc:x://h:5432/d?user=u&password={MASK}"),
    ],
)
def test_the_password_in_a_url_is_masked(text: str, kept: str) -> None:
    assert without_url_credentials(text) == kept
    assert without_url_credentials(kept) == kept


@pytest.mark.parametrize(
    "text",
    [
        "http://host:8080/mail?to=a@b.example",
        "https://registry.example:5000/v2/app@sha256:0a1b",
        "postgresql://$(DB_USER):$(DB_PASSWORD)@db/x",
        "postgresql://u:${DB_PASSWORD}@db/x",
        "failed to fetch oauth token: GET https://ghcr.io/token?service=ghcr.io: 403 Forbidden",
        "a password without any address",
    ],
)
def test_a_url_without_a_literal_password_stays(text: str) -> None:
    assert without_url_credentials(text) == text


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("psql --password=hunter2 -h db", f"psql --password={MASK} -h db"),
        ("PGPASSWORD='hunter 2' psql", f"PGPASSWORD={MASK} psql"),
        ("CREATE USER a PASSWORD 'hunter2';", f"CREATE USER a PASSWORD {MASK};"),
        ("TOKEN=$(cat /run/token) run", "TOKEN=$(cat /run/token) run"),
        ("until nc -z db 5432; do sleep 1; done", "until nc -z db 5432; do sleep 1; done"),
    ],
)
def test_a_credential_in_a_command_is_masked(text: str, kept: str) -> None:
    assert without_assigned_credentials(text) == kept


def test_a_credential_in_a_configuration_file_is_masked_line_by_line() -> None:
    text = 'a.password=hunter 2\nurl: x\n  token: hunter2\n  key: ${K}\n "apiKey": "h",\nkeys:\n'

    kept = without_configured_credentials(text)

    expected = f"a.password={MASK}\nurl: x\n  token: {MASK}\n  key: ${{K}}\n "
    assert kept == expected + f'"apiKey": {MASK},\nkeys:\n'


@pytest.mark.parametrize("piece", ["://a:", "a=b", "password", "k: v\n", "a.", "PASSWORD ", " '"])
def test_a_long_text_is_looked_through_in_time(piece: str) -> None:
    text = piece * (60_000 // len(piece))

    assert len(without_configured_credentials(text)) > 20_000

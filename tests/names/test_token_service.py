from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography import x509

from harness.model.registry import RegistryRepository
from harness.model.secret import Secret
from harness.names.certificates import RunCertificates
from harness.names.gate_settings import SETTINGS, GateSettings, write_folder
from harness.names.registry_config import TokenAuthority
from harness.names.token_service import SettingsFile, asked_repositories, token_application
from harness.names.tokens import token_supplier

AUTHORITY = TokenAuthority(realm="http://gate:5001/token", service="registry", issuer="harness")
PRIVATE = "repository:ghcr.io/acme/shop:pull"
PUBLIC = "repository:ghcr.io/acme/open:pull"
HUB_PUBLIC = "repository:docker.io/library/postgres:pull"
HUB_PRIVATE = "repository:docker.io/acme/shop:pull"


def gate(**users: str) -> GateSettings:
    return GateSettings(
        authority=AUTHORITY,
        users={name: Secret(password) for name, password in users.items()},
        public=("ghcr.io/acme/open", "docker.io/library/*"),
    )


@pytest.fixture
def folder(tmp_path: Path, certificates: RunCertificates) -> Path:
    write_folder(tmp_path, settings=gate(josh="pass:word"), certificates=certificates)
    return tmp_path


class Client:
    """Calls the WSGI application as containerd would over HTTP."""

    def __init__(self, folder: Path) -> None:
        self.application = token_application(SettingsFile(folder / SETTINGS))

    def ask(
        self, *scopes: str, login: str = "", path: str = "/token", method: str = "GET"
    ) -> tuple[int, Any]:
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "QUERY_STRING": "&".join(["service=registry", *(f"scope={s}" for s in scopes)]),
        }
        if login:
            encoded = base64.b64encode(login.encode()).decode()
            environ["HTTP_AUTHORIZATION"] = f"Basic {encoded}"
        status, body = self.call(environ)
        return status, json.loads(body) if path == "/token" else body

    def call(self, environ: dict[str, str]) -> tuple[int, bytes]:
        seen: list[str] = []
        body = b"".join(self.application(environ, lambda status, _: seen.append(status)))
        return int(seen[0].split()[0]), body


@pytest.fixture
def client(folder: Path) -> Client:
    return Client(folder)


def claims(answer: Any, certificates: RunCertificates) -> dict[str, Any]:
    certificate = x509.load_pem_x509_certificate(certificates.token.encode())
    key: Any = certificate.public_key()
    return dict(
        jwt.decode(
            answer["token"], key, algorithms=["ES256"], audience="registry", issuer="harness"
        )
    )


def names(found: Iterable[dict[str, Any]]) -> list[tuple[str, list[str]]]:
    return [(entry["name"], entry["actions"]) for entry in found]


def test_anybody_may_pull_what_is_public(client: Client, certificates: RunCertificates) -> None:
    status, answer = client.ask(PUBLIC)
    assert status == 200
    assert answer["token"] == answer["access_token"]
    assert names(claims(answer, certificates)["access"]) == [("ghcr.io/acme/open", ["pull"])]


def test_nobody_asking_for_a_private_repository_is_answered_as_by_ghcr(client: Client) -> None:
    assert client.ask(PRIVATE) == (
        401,
        {"errors": [{"code": "UNAUTHORIZED", "message": "authentication required"}]},
    )


def test_a_private_repository_beside_a_public_one_is_still_refused(client: Client) -> None:
    assert client.ask(PUBLIC, PRIVATE)[0] == 401


def test_a_known_user_may_pull_everything(client: Client, certificates: RunCertificates) -> None:
    status, answer = client.ask(PRIVATE, login="josh:pass:word")
    assert status == 200
    found = claims(answer, certificates)
    assert found["sub"] == "josh"
    assert names(found["access"]) == [("ghcr.io/acme/shop", ["pull"])]


def test_no_user_may_push(client: Client, certificates: RunCertificates) -> None:
    _, answer = client.ask("repository:ghcr.io/acme/shop:pull,push", login="josh:pass:word")
    assert names(claims(answer, certificates)["access"]) == [("ghcr.io/acme/shop", ["pull"])]


@pytest.mark.parametrize("login", ["josh:wrong", "josh", "nobody:pass:word", ":"])
@pytest.mark.parametrize("scope", [PRIVATE, PUBLIC])
def test_wrong_credentials_are_denied_even_for_public_repositories_as_by_ghcr(
    client: Client, login: str, scope: str
) -> None:
    assert client.ask(scope, login=login) == (
        403,
        {"errors": [{"code": "DENIED", "message": "denied"}]},
    )


def test_docker_hub_gives_nobody_a_token_that_allows_nothing(
    client: Client, certificates: RunCertificates
) -> None:
    status, answer = client.ask(HUB_PRIVATE)
    assert status == 200
    assert claims(answer, certificates)["access"] == []
    assert names(claims(client.ask(HUB_PUBLIC)[1], certificates)["access"]) == [
        ("docker.io/library/postgres", ["pull"])
    ]


def test_docker_hub_answers_wrong_credentials_with_401(client: Client) -> None:
    assert client.ask(HUB_PUBLIC, login="josh:wrong")[0] == 401


def test_a_login_without_scope_is_checked(client: Client) -> None:
    assert client.ask(login="josh:pass:word")[0] == 200
    assert client.ask(login="josh:wrong")[0] == 403


def test_what_is_not_basic_credentials_is_denied(client: Client) -> None:
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/token"}
    for header in ("Bearer abc", "Basic %%%", "Basic /w==", "nonsense"):
        answer = client.call({**environ, "HTTP_AUTHORIZATION": header})
        assert answer[0] == 403


def test_post_is_refused_so_that_containerd_falls_back_to_get(client: Client) -> None:
    assert client.ask(PRIVATE, method="POST")[0] == 405


def test_it_says_that_it_is_alive_and_nothing_else(client: Client) -> None:
    assert client.ask(path="/healthz") == (200, b"ok\n")
    assert client.ask(path="/token/")[0] == 404


def test_the_name_without_host_that_containerd_adds_is_not_asked_for() -> None:
    assert asked_repositories([PRIVATE, "repository:acme/shop:pull"]) == ["ghcr.io/acme/shop"]


@pytest.mark.parametrize(
    ("scopes", "asked"),
    [
        (["repository:a.io/b:pull repository:c.io/d:pull"], ["a.io/b", "c.io/d"]),
        (["repository(plugin):a.io/b:pull"], ["a.io/b"]),
        (["registry:catalog:*", "nonsense", ""], []),
        (["repository:a.io/b:pull", "repository:a.io/b:pull,push"], ["a.io/b"]),
    ],
)
def test_scopes_are_read_as_the_token_specification_writes_them(
    scopes: list[str], asked: list[str]
) -> None:
    assert asked_repositories(scopes) == asked


def test_users_and_public_repositories_added_later_count_at_once(
    client: Client, folder: Path, certificates: RunCertificates
) -> None:
    assert client.ask(PRIVATE, login="late:x")[0] == 403
    write_folder(folder, settings=gate(late="x"), certificates=certificates)
    assert client.ask(PRIVATE, login="late:x")[0] == 200
    assert client.ask(PRIVATE, login="josh:pass:word")[0] == 403


def test_a_damaged_settings_file_leaves_the_last_settings(client: Client, folder: Path) -> None:
    for content in ("{", "[]", '{"tokens": {"users": []}}', '{"tokens": null}'):
        (folder / SETTINGS).write_text(content)
        assert client.ask(PRIVATE, login="josh:pass:word")[0] == 200
    (folder / SETTINGS).unlink()
    assert client.ask(PRIVATE, login="josh:pass:word")[0] == 200


def test_the_folder_holds_no_password_and_is_readable_by_its_owner_only(folder: Path) -> None:
    for path in folder.iterdir():
        assert path.stat().st_mode & 0o077 == 0
        assert "pass:word" not in path.read_text()
    assert {path.name for path in folder.iterdir()} == {
        "gate.json",
        "server.key",
        "server.pem",
        "token.key",
        "token.pem",
    }


def test_the_certificate_in_the_token_is_the_one_the_registry_trusts(
    client: Client, certificates: RunCertificates
) -> None:
    header = jwt.get_unverified_header(client.ask(PUBLIC)[1]["token"])
    der = base64.b64decode(header["x5c"][0])
    trusted = x509.load_pem_x509_certificate(certificates.token.encode())
    assert x509.load_der_x509_certificate(der) == trusted


def test_the_harness_mints_its_own_push_tokens(certificates: RunCertificates) -> None:
    now = datetime.now(UTC)
    mint = token_supplier(authority=AUTHORITY, certificates=certificates, now=lambda: now)
    wanted = [RegistryRepository(name) for name in ("b.io/c", "a.io/b", "b.io/c")]
    token = mint(wanted)
    found = claims({"token": token.reveal()}, certificates)
    assert names(found["access"]) == [("a.io/b", ["pull", "push"]), ("b.io/c", ["pull", "push"])]
    assert found["exp"] == int(now.timestamp()) + 300
    assert token.reveal() not in f"{token} {token!r}"


def test_a_settings_file_that_cannot_be_read_at_the_start_is_an_error(tmp_path: Path) -> None:
    (tmp_path / SETTINGS).symlink_to("/nowhere")
    with pytest.raises(FileNotFoundError):
        SettingsFile(tmp_path / SETTINGS)

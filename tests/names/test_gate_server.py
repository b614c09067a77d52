from __future__ import annotations

import contextlib
import http.client
import os
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from harness.gitops.source import publish_tree
from harness.io.process import ProcessRunner
from harness.names.certificates import RunCertificates
from harness.names.gate_server import find_repository, servers
from harness.names.gate_settings import SETTINGS, GateSettings, write_folder
from harness.names.registry_config import TokenAuthority


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Gate:
    """A gate on loopback, and a Git client that takes 127.0.0.1 for github.com."""

    folder: Path
    port: int
    token_port: int
    log: list[str] = field(default_factory=list)

    def url(self, path: str) -> str:
        return f"https://github.com:{self.port}/{path}"

    def git(self, *arguments: str, folder: Path | None = None) -> str:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_SSL_CAINFO": str(self.folder / "ca.pem"),
            "GIT_TERMINAL_PROMPT": "0",
        }
        resolved = f"http.curloptResolve=github.com:{self.port}:127.0.0.1"
        done = subprocess.run(
            ("git", "-C", str(folder or self.folder), "-c", resolved, *arguments),
            env=environment, capture_output=True, text=True, timeout=20, check=False,
        )  # fmt: skip
        if done.returncode:
            raise AssertionError(done.stderr)
        return done.stdout

    def get(self, path: str, method: str = "GET", body: bytes | None = None) -> tuple[int, bytes]:
        context = ssl.create_default_context(cafile=str(self.folder / "ca.pem"))
        connection = http.client.HTTPSConnection(
            "localhost", self.port, context=context, timeout=10
        )
        headers = {"Host": f"github.com:{self.port}"}
        if body is not None:
            headers["Content-Type"] = "application/x-git-upload-pack-request"
        connection.request(method, path, body=body, headers=headers)
        answer = connection.getresponse()
        try:
            return answer.status, answer.read()
        finally:
            connection.close()


def publish(gate: Gate, tree: Path) -> str:
    bare = gate.folder / "git" / "github.com" / "acme" / "shop.git"
    return publish_tree(tree=tree, bare=bare, runner=ProcessRunner(), deadline_seconds=20).revision


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("source") / "tree"
    (folder / "deploys").mkdir(parents=True)
    for number in range(20):
        (folder / "deploys" / f"{number}.yaml").write_text(f"n: {number}\n" * 50)
    return folder


@pytest.fixture(scope="module")
def gate(
    tmp_path_factory: pytest.TempPathFactory, certificates: RunCertificates, tree: Path
) -> Iterator[Gate]:
    folder = tmp_path_factory.mktemp("gate")
    found = Gate(folder=folder, port=free_port(), token_port=free_port())
    write_folder(
        folder / "gate",
        settings=GateSettings(
            authority=TokenAuthority(realm="http://gate/token", service="s", issuer="i"),
            users={},
            public=(),
            https_ports=(found.port,),
            token_port=found.token_port,
            git_root=str(folder / "git"),
        ),
        certificates=certificates,
    )
    (folder / "ca.pem").write_text(certificates.ca)
    publish(found, tree)
    running = servers(folder / "gate" / SETTINGS, found.log.append)
    threads = [threading.Thread(target=server.serve) for server in running]
    for thread in threads:
        thread.start()
    yield found
    for server in running:
        server.stop()
    for thread in threads:
        thread.join(timeout=5)
        assert not thread.is_alive()


@pytest.mark.parametrize("path", ["acme/shop.git", "acme/shop", "Acme/Shop.git"])
def test_the_declared_address_is_cloned_over_https_as_declared(
    gate: Gate, tree: Path, tmp_path: Path, path: str
) -> None:
    gate.git("clone", "--quiet", gate.url(path), str(tmp_path / "clone"))
    for file in (tree / "deploys").iterdir():
        assert (tmp_path / "clone" / "deploys" / file.name).read_bytes() == file.read_bytes()


def test_a_shallow_clone_ends(gate: Gate, tmp_path: Path) -> None:
    gate.git("clone", "--quiet", "--depth=1", gate.url("acme/shop"), str(tmp_path / "clone"))
    assert (tmp_path / "clone" / "deploys" / "7.yaml").is_file()


def test_a_new_commit_is_fetched_without_restart_also_beside_foreign_history(
    gate: Gate, tree: Path, tmp_path: Path
) -> None:
    clone = tmp_path / "clone"
    gate.git("clone", "--quiet", gate.url("acme/shop"), str(clone))
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    for number in range(30):  # enough `have` lines for several, packed requests
        gate.git(*identity, "commit", "--quiet", "--allow-empty", "-m", str(number), folder=clone)
    (tree / "deploys" / "0.yaml").write_text("changed\n")
    revision = publish(gate, tree)
    gate.git("fetch", "--quiet", "--force", "--tags", "--prune", "origin", folder=clone)
    assert gate.git("rev-parse", "origin/main", folder=clone).strip() == revision


def test_a_request_sent_in_chunks_is_understood(gate: Gate, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    gate.git(
        "-c", "http.postBuffer=100", "clone", "--quiet", "--depth=1", gate.url("acme/shop"),
        str(clone),
    )  # fmt: skip
    assert (clone / "deploys").is_dir()


def test_several_clones_at_once_are_all_served(gate: Gate, tmp_path: Path) -> None:
    failed: list[BaseException] = []

    def clone(number: int) -> None:
        try:
            gate.git("clone", "--quiet", gate.url("acme/shop"), str(tmp_path / f"c{number}"))
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=clone, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len(list(tmp_path.glob("c?/deploys/19.yaml"))) == 4


def test_a_connection_that_says_nothing_keeps_nobody_waiting(gate: Gate) -> None:
    silent = [socket.create_connection(("127.0.0.1", gate.port)) for _ in range(3)]
    begun = time.monotonic()
    gate.git("ls-remote", gate.url("acme/shop"))
    for connection in silent:
        connection.close()
    assert time.monotonic() - begun < 8  # cheroot would wait ten seconds for each


def test_a_client_that_speaks_no_tls_is_one_line_in_the_log(gate: Gate) -> None:
    with socket.create_connection(("127.0.0.1", gate.port), timeout=10) as connection:
        connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            assert b"200" not in connection.recv(1000)
    gate.git("ls-remote", gate.url("acme/shop"))
    lost = [line for line in gate.log if line.startswith("connection lost: ")]
    assert lost
    assert "\n" not in "".join(lost)


def test_every_branch_and_the_symbolic_head_are_listed(gate: Gate) -> None:
    listed = gate.git("ls-remote", "--symref", gate.url("acme/shop"))
    assert "ref: refs/heads/main\tHEAD" in listed
    assert "refs/heads/master" in listed


def test_a_client_without_thin_packs_is_served_as_go_git_is_one(gate: Gate) -> None:
    head = gate.git("ls-remote", gate.url("acme/shop"), "HEAD").split()[0]
    want = f"want {head} side-band-64k ofs-delta\n"
    body = f"{len(want) + 4:04x}{want}00000009done\n".encode()
    status, answer = gate.get("/acme/shop.git/git-upload-pack", "POST", body)
    assert status == 200
    assert answer.startswith(b"0008NAK\n")
    assert b"PACK" in answer


def test_an_unknown_repository_is_not_found(gate: Gate) -> None:
    with pytest.raises(AssertionError, match="not found"):
        gate.git("ls-remote", gate.url("acme/other"))


def test_nothing_can_be_pushed(gate: Gate, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    gate.git("clone", "--quiet", gate.url("acme/shop"), str(clone))
    with pytest.raises(AssertionError, match="not found"):
        gate.git("push", "--quiet", "origin", "HEAD:other", folder=clone)
    assert gate.get("/acme/shop.git/git-receive-pack", "POST")[0] == 404


@pytest.mark.parametrize(
    "path",
    ["/acme/shop.git/HEAD", "/acme/shop.git/objects/info/packs", "/acme/shop.git/config", "/"],
)
def test_no_file_of_the_repository_is_served(gate: Gate, path: str) -> None:
    assert gate.get(path)[0] == 404


def test_health_is_told_on_both_ports(gate: Gate) -> None:
    assert gate.get("/healthz") == (200, b"ok\n")
    connection = http.client.HTTPConnection("127.0.0.1", gate.token_port, timeout=10)
    connection.request("GET", "/healthz")
    assert connection.getresponse().status == 200
    connection.close()


def test_the_log_names_requests_and_no_credentials(gate: Gate) -> None:
    address = gate.url("acme/shop").replace("https://", "https://josh:hush-hush@")
    gate.git("ls-remote", address)
    gate.get("/token?password=hush-hush")
    assert any("GET github.com:" in line and "/acme/shop/info/refs" in line for line in gate.log)
    assert "hush" not in "\n".join(gate.log)


@pytest.mark.parametrize(
    ("host", "path"),
    [
        ("github.com", "../github.com/acme/shop.git"),
        ("..", "git/github.com/acme/shop.git"),
        ("github.com", "acme/../acme/shop.git"),
        ("github.com", "acme//shop.git"),
        ("github.com", "acme"),
        ("", ""),
        ("gitlab.com", "acme/shop.git"),
    ],
)
def test_no_path_leads_anywhere_else(tmp_path: Path, host: str, path: str) -> None:
    bare = tmp_path / "git" / "github.com" / "acme" / "shop.git"
    bare.mkdir(parents=True)
    (bare / "HEAD").write_text("ref: refs/heads/main\n")
    assert find_repository(tmp_path / "git", "github.com:8443", "acme/shop.git") == bare
    assert find_repository(tmp_path / "git", host, path) is None

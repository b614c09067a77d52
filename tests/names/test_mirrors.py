from __future__ import annotations

import tomllib

from harness.model.refs import ImageReference
from harness.model.registry import registry_repository
from harness.names.mirrors import UNDECLARED, mirror_files

REGISTRY = "registry:5000"


def test_every_host_is_answered_by_the_local_registry_and_by_nothing_else() -> None:
    files = mirror_files(["ghcr.io", "quay.io"], registry=REGISTRY)
    assert sorted(files) == [
        "_default/hosts.toml",
        "docker.io/hosts.toml",
        "ghcr.io/hosts.toml",
        "quay.io/hosts.toml",
    ]
    for path, content in files.items():
        host = path.removesuffix("/hosts.toml")
        folder = UNDECLARED if host == "_default" else host
        assert tomllib.loads(content) == {
            "server": f"http://registry:5000/v2/{folder}",
            "capabilities": ["pull", "resolve"],
            "override_path": True,
        }


def test_a_host_with_a_port_has_the_folder_that_containerd_looks_for() -> None:
    content = mirror_files(["localhost:5001"], registry=REGISTRY)["localhost_5001_/hosts.toml"]
    assert tomllib.loads(content)["server"] == "http://registry:5000/v2/localhost__5001"


def test_the_registry_holds_an_image_where_the_mirror_of_its_host_looks() -> None:
    for text in ("postgres:17", "ghcr.io/acme/shop:1", "localhost:5001/a/b", "index.docker.io/a/b"):
        reference = ImageReference.parse(text)
        files = mirror_files([reference.host], registry=REGISTRY)
        folders = [tomllib.loads(f)["server"].removeprefix("http://registry:5000/v2/") for f in
                   files.values()]  # fmt: skip
        host, _, repository = registry_repository(reference).partition("/")
        assert host in folders
        assert repository == reference.repository


def test_both_names_of_docker_hub_are_one() -> None:
    assert registry_repository(ImageReference.parse("index.docker.io/library/redis")) == (
        registry_repository(ImageReference.parse("redis"))
    )

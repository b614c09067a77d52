from __future__ import annotations

import pytest

from harness.repo.addresses import addresses, is_own
from tests.repo.application_sets import MemoryFiles

TREE = MemoryFiles(["apps/web/a.yaml", "config/eu.json"])


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/Acme/Shop.git",
        "https://github.com/acme/shop/",
        "git@github.com:acme/shop.git",
        "ssh://git@github.com:22/acme/shop",
        "ssh://git@ssh.github.com:443/acme/shop.git",
        "https://user:word@github.com/acme/shop",
        "github.com/acme/shop",
    ],
)
def test_the_same_repository_has_many_addresses(url: str) -> None:
    assert is_own(url, ["https://github.com/acme/shop"])


def test_azures_two_forms_are_one() -> None:
    https = "https://org@dev.azure.com/org/project/_git/shop"

    assert is_own("git@ssh.dev.azure.com:v3/org/project/shop", [https])


@pytest.mark.parametrize("url", ["", "https://github.com/acme/shop2", "https://x.io/acme/shop"])
def test_another_repository_is_another(url: str) -> None:
    assert not is_own(url, ["https://github.com/acme/shop"])


def test_without_known_addresses_a_path_that_exists_shows_one() -> None:
    objects = [
        {"spec": {"source": {"repoURL": "https://a.io/own", "path": "apps/{{x}}"}}},
        {"git": {"repoURL": "https://b.io/files", "files": [{"path": "config/*.json"}]}},
        {"git": {"repoURL": "https://c.io/other", "directories": [{"path": "charts/*"}]}},
        {"source": {"repoURL": "https://d.io/any", "path": "{{path}}"}},
        {"source": {"repoURL": "https://e.io/chart", "chart": "x", "path": "apps"}},
    ]

    found = addresses((), objects, TREE)

    assert found.own == {"a.io/own", "b.io/files"}
    assert found.has("git@a.io:own.git")


def test_a_fork_counts_where_the_path_exists() -> None:
    objects = [
        {"repoURL": "https://github.com/upstream/shop", "path": "apps/web"},
        {"repoURL": "https://github.com/upstream/infra", "path": "apps/web"},
        {"repoURL": "https://github.com/else/shop", "path": "nowhere"},
    ]

    found = addresses(["git@github.com:me/shop.git"], objects, TREE)

    assert found.own == {"github.com/me/shop", "github.com/upstream/shop"}

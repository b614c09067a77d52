from __future__ import annotations

import pytest

from harness.model.errors import RepositoryError
from harness.names.addresses import GitAddress, git_addresses


def test_with_and_without_suffix_is_one_address() -> None:
    found = git_addresses(["https://GitHub.com/acme/shop.git", "https://github.com/acme/shop"])

    assert found == (GitAddress("github.com", 443, "acme/shop"),)
    assert found[0].folder == "github.com/acme/shop.git"


def test_a_declared_port_is_kept() -> None:
    assert git_addresses(["https://git.acme.example:8443/a/b.git"])[0].port == 8443


@pytest.mark.parametrize("url", ["git@github.com:acme/shop.git", "ssh://git@h/a", "/srv/x", ""])
def test_what_cannot_be_answered_under_its_name_is_refused(url: str) -> None:
    with pytest.raises(RepositoryError) as caught:
        git_addresses([url])

    assert "HTTPS" in caught.value.expected

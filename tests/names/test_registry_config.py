from __future__ import annotations

import yaml

from harness.names.registry_config import TokenAuthority, registry_config


def test_every_request_needs_a_token_of_the_runs_signer_and_nothing_can_be_deleted() -> None:
    authority = TokenAuthority(realm="http://gate:5001/token", service="s", issuer="i")
    config = yaml.safe_load(registry_config(authority=authority, certificate="/etc/token.pem"))
    assert config["auth"] == {
        "token": {
            "realm": "http://gate:5001/token",
            "service": "s",
            "issuer": "i",
            "rootcertbundle": "/etc/token.pem",
        }
    }
    assert config["storage"]["delete"] == {"enabled": False}
    assert config["storage"]["filesystem"] == {"rootdirectory": "/var/lib/registry"}
    assert config["http"]["addr"] == ":5000"
    assert config["version"] == 0.1

"""Mints registry tokens for the harness itself, which holds the signing key.

Pushing therefore needs no user and no token service. What users may do is decided by
`names.token_service`; how a push uses the token is `images.push`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from harness.model.registry import RegistryRepository
from harness.model.secret import Secret
from harness.names.certificates import RunCertificates
from harness.names.registry_config import TokenAuthority
from harness.names.token_service import signed_token

TokenSupplier = Callable[[Iterable[RegistryRepository]], Secret]


def token_supplier(
    *, authority: TokenAuthority, certificates: RunCertificates, now: Callable[[], datetime]
) -> TokenSupplier:
    """Returns a function that mints a token to push to and pull from some repositories.

    A token is valid for `token_service.TOKEN_SECONDS` from when it is minted.
    """

    def mint(repositories: Iterable[RegistryRepository]) -> Secret:
        actions = ["pull", "push"]
        token = signed_token(
            key=certificates.token_key.reveal().encode(),
            certificate=certificates.token.encode(),
            issuer=authority.issuer,
            service=authority.service,
            subject="gitops-harness",
            access=[
                {"type": "repository", "name": name, "actions": actions}
                for name in sorted(set(repositories))
            ],
            now=now().timestamp(),
        )
        return Secret(token)

    return mint

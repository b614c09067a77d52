"""What `harness.toml` says of clusters, pull requests and servers, as the expansion takes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.repo.applicationsets.model import Cluster, Given, PullRequest

if TYPE_CHECKING:  # reading settings is slow to import, and most audits need none
    from harness.config import AuditSettings


def given_by(settings: AuditSettings, own_urls: tuple[str, ...] = ()) -> Given:
    """Returns what is given.

    Args:
        settings: The table `[audit]`.
        own_urls: Addresses of this repository, from `repository.urls` or the checkout's remotes.
    """
    clusters, pulls = settings.clusters, settings.pull_requests
    return Given(
        clusters=None if clusters is None else tuple(Cluster(**c.model_dump()) for c in clusters),
        pull_requests=None
        if pulls is None
        else tuple(PullRequest(**p.model_dump()) for p in pulls),
        parameters={str(name): sets for name, sets in settings.parameters.items()},
        own_urls=own_urls,
        is_new_globbing=settings.new_git_file_globbing,
    )

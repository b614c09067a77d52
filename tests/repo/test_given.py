from __future__ import annotations

from harness.config import AuditSettings
from harness.repo.applicationsets.given import given_by
from harness.repo.applicationsets.model import Cluster, Given, PullRequest


def test_nothing_said_is_nothing_given() -> None:
    assert given_by(AuditSettings()) == Given()


def test_what_is_said_is_given() -> None:
    settings = AuditSettings.model_validate(
        {
            "clusters": [{"name": "a", "server": "s", "labels": {"x": "y"}}],
            "pull_requests": [{"number": 1, "branch": "b", "head_sha": "c", "labels": ["l"]}],
            "parameters": {"plugin": [{"k": "v"}]},
            "new_git_file_globbing": True,
        }
    )

    assert given_by(settings, ("u",)) == Given(
        clusters=(Cluster(name="a", server="s", labels={"x": "y"}),),
        pull_requests=(PullRequest(number=1, branch="b", head_sha="c", labels=("l",)),),
        parameters={"plugin": ({"k": "v"},)},
        own_urls=("u",),
        is_new_globbing=True,
    )

"""Generators that ask a server: pull requests, repositories of an organization, plugins.

They have a result where somebody said what the server would answer. Source: Argo CD v3.5
`applicationset/generators/pull_request.go`, `plugin.go`, `applicationset/services/pull_request`.
"""

from __future__ import annotations

from harness.repo.applicationsets.context import Context, Parameters
from harness.repo.applicationsets.model import PullRequest
from harness.repo.applicationsets.reading import entries, mapping, text, texts
from harness.repo.applicationsets.selectors import flat_texts
from harness.repo.gotemplate import UnresolvableError
from harness.repo.gotemplate.functions.argocd import slug
from harness.repo.gotemplate.functions.patterns import matches
from harness.repo.gotemplate.go_yaml import as_json
from harness.repo.gotemplate.values import StringList

_PROVIDERS = ("github", "gitlab", "gitea", "azuredevops")
_FILTERS = {"branchMatch": "branch", "targetBranchMatch": "target_branch", "titleMatch": "title"}


def pull_request_parameters(generator: Parameters, context: Context) -> list[Parameters]:
    """Returns the parameters of a pull request generator.

    Raises:
        TemplateError: Argo CD reports an error.
        UnresolvableError: Nobody said which pull requests are open.
    """
    if context.given.pull_requests is None:
        message = "the generator asks for open pull requests (audit.pull_requests names them)"
        raise UnresolvableError(message)
    values = texts(generator.get("values"), "pullRequest.values")
    return [
        context.renderer.with_values(values, _parameters(pull, is_go=context.is_go))
        for pull in context.given.pull_requests
        if _is_wanted(pull, generator)
    ]


def _is_wanted(pull: PullRequest, generator: Parameters) -> bool:
    wanted = [
        text(label, "pullRequest.labels")
        for provider in _PROVIDERS
        for label in entries(
            mapping(generator.get(provider), f"pullRequest.{provider}").get("labels"),
            f"pullRequest.{provider}.labels",
        )
    ]
    filters = entries(generator.get("filters"), "pullRequest.filters")
    chosen = [_passes(pull, mapping(f, "pullRequest.filters")) for f in filters]
    return set(wanted) <= set(pull.labels) and (any(chosen) or not chosen)


def _passes(pull: PullRequest, wanted: Parameters) -> bool:
    subjects = {
        "branch": pull.branch,
        "target_branch": pull.target_branch,
        "title": pull.title,
    }
    return all(
        matches(text(wanted[key], f"pullRequest.filters.{key}"), subjects[name])
        for key, name in _FILTERS.items()
        if wanted.get(key) is not None
    )


def _parameters(pull: PullRequest, *, is_go: bool) -> Parameters:
    found: Parameters = {
        "number": str(pull.number),
        "title": pull.title,
        "branch": pull.branch,
        "branch_slug": _slug(pull.branch),
        "target_branch": pull.target_branch,
        "target_branch_slug": _slug(pull.target_branch),
        "head_sha": pull.head_sha,
        "head_short_sha": pull.head_sha[:8],
        "head_short_sha_7": pull.head_sha[:7],
        "author": pull.author,
    }
    return {**found, "labels": StringList(pull.labels)} if is_go else found


def _slug(branch: str) -> str:
    return slug(branch.strip().replace("_", "-"))


def answered_parameters(name: str, generator: Parameters, context: Context) -> list[Parameters]:
    """Returns the parameters that somebody gave for `scmProvider`, `plugin` and their like.

    Raises:
        TemplateError: Argo CD reports an error.
        UnresolvableError: Nobody gave any.
    """
    answers = context.given.parameters.get(name)
    if answers is None:
        message = f"the generator {name} asks a server (audit.parameters.{name} gives its answers)"
        raise UnresolvableError(message)
    values = texts(generator.get("values"), f"{name}.values")
    found = []
    for answer in answers:
        given = as_json(answer)
        parameters = given if context.is_go else flat_texts(given)
        found.append(context.renderer.with_values(values, parameters))
    return found

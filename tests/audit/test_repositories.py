"""Tests of where Applications take their sources from."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from harness.audit.checks.repositories import (
    foreign_copies,
    is_placeholder_url,
    missing_paths,
    missing_value_files,
    other_branches,
    placeholders,
)
from harness.audit.finding import Fault, Severity
from harness.audit.grouping import findings
from harness.audit.repository_urls import address, is_one_of, normalized, sisters
from harness.audit.scope import Scope
from harness.model.refs import ObjectRef
from tests.audit.trees import engine_scope

OWN = "https://github.com/acme/shop.git"
TREE = {
    "overlays/dev/kustomization.yaml": "resources: [x.yaml]\n",
    "overlays/prod/kustomization.yaml": "resources: [x.yaml]\n",
    "charts/web/Chart.yaml": "name: web\n",
    "charts/web/values.yaml": "a: 1\n",
    "values/dev.yaml": "a: 1\n",
}


def app(*sources: dict[str, Any], name: str = "shop") -> dict[str, Any]:
    fields = {"source": sources[0]} if len(sources) == 1 else {"sources": list(sources)}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": name, "namespace": "argocd"},
        "spec": {"project": "default", **fields},
    }


def repository(*apps: dict[str, Any], file: str = "argocd/apps.yaml", **more: Any) -> Scope:
    more.setdefault("repo_urls", (OWN,))
    text = yaml.safe_dump_all(apps, sort_keys=False)
    return engine_scope({**TREE, file: str(text)}, **more)


def source(path: str = "overlays/dev", url: str = OWN, **more: Any) -> dict[str, Any]:
    return {"repoURL": url, "path": path, **more}


def missing(*apps: dict[str, Any], **more: Any) -> list[Fault]:
    return list(missing_paths(repository(*apps, **more)))


def test_a_path_that_is_not_there_is_a_defect_at_its_line() -> None:
    (fault,) = missing(app(source("overlay/dev")))
    assert (fault.rule, fault.cause) == ("argocd-path-missing", "R01")
    assert (fault.file, fault.line) == ("argocd/apps.yaml", 10)
    assert fault.fix == "set spec.source.path to overlays/dev"


def test_a_path_that_is_a_file_is_a_defect() -> None:
    (fault,) = missing(app(source("charts/web/values.yaml")))
    assert "is a file" in fault.message


def test_the_address_counts_in_any_form() -> None:
    assert missing(app(source("x", "git@github.com:Acme/Shop.git")))


@pytest.mark.parametrize(
    "found",
    [
        source("overlays/dev"),
        source("./overlays/dev/"),
        source("."),
        source("x", "https://github.com/other/thing"),
        source("x", targetRevision="v1.2.3"),
        source("x", targetRevision="release"),
        source("apps/{{path}}"),
        source("apps/*"),
        source("${ENV}"),
        source(".hidden/x"),
        {"repoURL": OWN, "chart": "web", "path": "x", "targetRevision": "1"},
    ],
)
def test_paths_that_exist_or_cannot_be_known_are_silent(found: dict[str, Any]) -> None:
    assert not missing(app(found))


def test_the_checked_out_branch_is_judged() -> None:
    assert missing(app(source("x", targetRevision="release")), branch="release")


def test_without_remotes_the_other_paths_tell_whose_repository_it_is() -> None:
    others = (app(source("overlays/dev"), name="a"), app(source("overlays/prod"), name="b"))
    assert missing(*others, app(source("x")), repo_urls=())
    assert not missing(app(source("x")), repo_urls=())


def test_a_path_that_a_patch_sets_is_not_said_to_be_where_the_base_sets_another() -> None:
    scope = repository(app(source("overlays/dev")), engine=(app(source("overlays/qa")),))
    (fault,) = missing_paths(scope)
    assert (fault.file, fault.line) == ("", 0)
    assert fault.value == "overlays/qa"


def test_paths_that_an_application_set_makes_are_left_to_its_expansion() -> None:
    maker = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "ApplicationSet",
        "metadata": {"name": "shops"},
        "spec": {"template": {"metadata": {"name": "{{name}}"}, "spec": {}}},
    }
    assert not list(missing_paths(repository(maker, engine=(app(source("x")),))))


def test_one_of_several_sources_is_named_by_its_field() -> None:
    (fault,) = missing(app(source("overlays/dev"), source("x")))
    assert fault.field == "spec.sources[1].path"


def values(*sources: dict[str, Any]) -> list[Fault]:
    return list(missing_value_files(repository(app(*sources))))


HELM = {"repoURL": "https://charts.acme.io", "chart": "web", "targetRevision": "1"}


def helm(*files: str, **more: Any) -> dict[str, Any]:
    return {"helm": {"valueFiles": list(files), **more}}


def test_a_value_file_that_is_not_there_is_a_defect() -> None:
    (fault,) = values({**HELM, **helm("$own/values/dve.yaml")}, {"repoURL": OWN, "ref": "own"})
    assert (fault.rule, fault.cause) == ("argocd-values-file-missing", "A03")
    assert "values/dev.yaml" in fault.expected
    assert fault.line == 14


def test_value_files_of_a_chart_in_this_repository_are_beside_it() -> None:
    assert len(values(source("charts/web", **helm("values-dev.yaml")))) == 1
    assert not values(source("charts/web", **helm("values.yaml", "../../values/dev.yaml")))
    assert not values(source("charts/web", **helm("/values/dev.yaml")))


@pytest.mark.parametrize(
    "found",
    [
        {**HELM, **helm("values-prod.yaml")},
        source("charts/web", **helm("x.yaml", ignoreMissingValueFiles=True)),
        source("charts/web", **helm("https://acme.io/x.yaml")),
        source("charts/web", **helm("values-*.yaml")),
        source("charts/web", **helm("values-{{env}}.yaml")),
        source("charts/web", **helm("$unknown/x.yaml")),
        source("charts/web", targetRevision="v1", **helm("x.yaml")),
        source("charts/web", helm={"valueFiles": "x.yaml"}),
        source("charts/web", helm=[]),
    ],
)
def test_value_files_that_cannot_be_known_are_silent(found: dict[str, Any]) -> None:
    assert not values(found)


def test_a_reference_to_another_repository_is_silent() -> None:
    other = {"repoURL": "https://github.com/other/values", "ref": "far"}
    assert not values({**HELM, **helm("$far/x.yaml")}, other)


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/<your-org>/shop.git",
        "https://github.com/YOUR_USERNAME/shop",
        "git@github.com:your-org/shop.git",
        "https://github.com/CHANGEME/shop",
        "https://git.example.com/team/shop.git",
        "https://github.com/org/repo",
        "https://github.com/my-org/shop",
        "https://github.com/example/shop",
    ],
)
def test_placeholders_for_a_person_are_found(url: str) -> None:
    assert is_placeholder_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        OWN,
        "https://github.com/argoproj/argocd-example-apps",
        "https://github.com/${OWNER}/shop",
        "https://github.com/{{ owner }}/shop",
        "https://gitlab.com/acme/team/shop.git",
        "https://github.com/yourbase/shop",
        "registry-1.docker.io/bitnamicharts",
        "https://charts.organization-x.io",
    ],
)
def test_real_addresses_and_what_a_program_fills_in_are_not(url: str) -> None:
    assert not is_placeholder_url(url)


def test_a_placeholder_of_two_applications_is_one_finding() -> None:
    url = "https://github.com/your-org/shop"
    apps = (app(source(url=url), name="a"), app(source(url=url), name="b"))
    (finding,) = findings(placeholders(repository(*apps)), lambda _: ("", 0))
    assert finding.object == ObjectRef("Repository", "", url)
    assert [u.name for u in finding.users] == ["a", "b"]


def test_placeholders_of_examples_and_of_this_very_repository_are_silent() -> None:
    bad = app(source(url="https://github.com/example/shop"))
    assert list(placeholders(repository(bad)))
    assert not list(placeholders(repository(bad, file="examples/app.yaml")))
    assert not list(placeholders(repository(bad, repo_urls=("git@github.com:example/shop",))))


UPSTREAM = "https://github.com/upstream/shop"


def foreign(*apps: dict[str, Any], **more: Any) -> list[Fault]:
    return list(foreign_copies(repository(*apps, **more)))


def test_one_application_that_takes_the_template_s_copy_is_a_defect() -> None:
    (fault,) = foreign(app(source(), name="a"), app(source(url=UPSTREAM), name="b"))
    assert (fault.rule, fault.severity) == ("argocd-repo-foreign", None)
    assert fault.fix == f"set repoURL to {OWN}"


def test_a_fork_whose_applications_all_follow_the_other_copy_is_a_note() -> None:
    (fault,) = foreign(app(source(url=UPSTREAM)))
    assert fault.severity is Severity.NOTE


@pytest.mark.parametrize(
    ("url", "path", "remotes"),
    [
        (UPSTREAM, "elsewhere", (OWN,)),
        ("https://github.com/upstream/other", "overlays/dev", (OWN,)),
        ("https://gitlab.com/upstream/shop", "overlays/dev", (OWN,)),
        (UPSTREAM, "overlays/dev", ()),
        (UPSTREAM, "overlays/dev", (OWN, UPSTREAM)),
    ],
)
def test_other_repositories_and_unknown_remotes_are_silent(
    url: str, path: str, remotes: tuple[str, ...]
) -> None:
    assert not foreign(app(source(path, url)), repo_urls=remotes)


def branches(revision: str, branch: str = "main", url: str = OWN) -> list[Fault]:
    found = app(source(url=url, targetRevision=revision))
    return list(other_branches(repository(found, branch=branch)))


def test_another_branch_than_the_one_looked_at_is_a_note() -> None:
    (fault,) = branches("production")
    assert (fault.rule, fault.cause) == ("argocd-revision-elsewhere", "E02")
    assert fault.object == ObjectRef("Branch", "", "production")


@pytest.mark.parametrize("revision", ["", "HEAD", "main", "master", "v1.2", "1.*", "0a1b2c3d"])
def test_the_same_branch_tags_and_commits_are_silent(revision: str) -> None:
    assert not branches(revision)


def test_an_unknown_branch_or_another_repository_is_silent() -> None:
    assert not branches("production", branch="")
    assert not branches("production", url="https://github.com/other/thing")


def test_addresses_are_compared_by_host_owner_and_name() -> None:
    forms = (
        "https://github.com/acme/shop",
        "https://user@github.com/Acme/shop.git/",
        "git@github.com:acme/shop.git",
        "ssh://git@github.com:22/acme/shop",
    )
    assert len({address(form) for form in forms}) == 1
    assert address("https://gitlab.com/a/b/shop").owner == "a/b"
    assert is_one_of(forms[0], forms[2:])
    assert not is_one_of("", ("",))
    assert sisters(UPSTREAM, (OWN,)) == (OWN,)


def test_argo_cd_s_own_comparison_keeps_the_scheme() -> None:
    assert normalized("https://GitHub.com/acme/shop.git") == "https://github.com/acme/shop"
    assert normalized("git@github.com:acme/shop.git") == "git@github.com/acme/shop"
    assert normalized("ssh://git@github.com/acme/shop") == "git@github.com/acme/shop"

from __future__ import annotations

from typing import Any

import pytest

from harness.repo.applicationsets import Cluster, Given, ProblemKind, PullRequest
from tests.repo.application_sets import (
    URL,
    MemoryFiles,
    Parameters,
    application_set,
    elements,
    files,
    folders,
    generated,
    matrix,
    merged,
    names,
    told,
)

CONFIG = {
    "config/east.json": '{"region": {"name": "east", "zone": 3}, "parts": ["a", "b"]}',
    "config/deep/west.json": '{"region": {"name": "west", "zone": 1000000}, "parts": []}',
    "config/teams.yaml": "- team: north\n  folder: apps/web\n- team: south\n",
    "config/two.yaml": "team: first\n---\nteam: never\n",
    "config/wrong.txt": "just text\n",
}
TREE = MemoryFiles(
    {
        **CONFIG,
        "apps/web/a.yaml": "",
        "apps/db_one/a.yaml": "",
        "apps/db_one/inner/a.yaml": "",
        "apps/.hidden/a.yaml": "",
        "teams/red/a.yaml": "",
    }
)
ERROR, UNRESOLVABLE = ProblemKind.TEMPLATE_ERROR, ProblemKind.NOT_RESOLVABLE


def _plain(*generators: Parameters, name: str, **more: Any) -> Parameters:
    return application_set(*generators, name=name, is_go=False, **more)


def test_a_list_keeps_structure_for_go_templates() -> None:
    generator = elements({"name": "a", "to": {"tier": "x"}, "port": 8080})

    assert names(application_set(generator, name="{{.name}}-{{.to.tier}}-{{.port}}")) == [
        "a-x-8080"
    ]


def test_a_list_takes_only_strings_for_plain_templates() -> None:
    fine = elements({"name": "a", "values": {"tier": "x"}})
    assert names(_plain(fine, name="{{name}}-{{values.tier}}")) == ["a-x"]

    for entry in ({"name": 1}, {"name": {"x": "y"}}, {"values": {"tier": 1}}):
        assert "error parsing value as string" in told(
            _plain(elements(entry), name="{{name}}"), ERROR
        )


def test_elements_may_come_as_yaml() -> None:
    generator = elements({"name": "a"}, elementsYaml="- name: b\n- {name: c}\n")

    assert names(application_set(generator)) == ["a", "b", "c"]


def test_folders_are_chosen_and_excluded_and_hidden_ones_never_count() -> None:
    generator = folders("apps/*", "teams/*", "!teams/r*")
    obj = application_set(generator, name="{{.path.basenameNormalized}}", path="{{.path.path}}")

    found = generated(obj, TREE).applications

    assert [(a.name, a.sources[0].path) for a in found] == [
        ("db-one", "apps/db_one"),
        ("web", "apps/web"),
    ]


@pytest.mark.parametrize(
    ("is_go", "prefix", "name"),
    [
        (True, "", "{{.path.path}}|{{index .path.segments 1}}|{{.path.basenameNormalized}}"),
        (False, "", "{{path}}|{{path[1]}}|{{ path.basenameNormalized }}"),
        (True, "at", "{{.at.path.path}}|{{index .at.path.segments 1}}|{{.at.path.basename}}"),
        (False, "at", "{{at.path}}|{{at.path[1]}}|{{at.path.basename}}"),
    ],
)
def test_the_parameters_of_a_folder(is_go: bool, prefix: str, name: str) -> None:
    generator = folders("teams/*", pathParamPrefix=prefix)
    metadata = {"name": "x", "annotations": {"is": name}}
    obj = application_set(generator, name="x", is_go=is_go, metadata=metadata)

    found = generated(obj, TREE).applications[0]

    assert found.object["metadata"]["annotations"]["is"] == "teams/red|red|red"


def test_files_are_matched_greedily_and_the_content_gives_parameters() -> None:
    generator = files("config/*.json")
    name = "{{.region.name}}-{{.path.filename}}"

    assert names(application_set(generator, name=name), TREE) == [
        "west-west.json",
        "east-east.json",
    ]


def test_files_are_matched_strictly_where_argo_cd_was_told_to() -> None:
    given = Given(own_urls=(URL,), is_new_globbing=True)

    assert names(application_set(files("config/*.json"), name="{{.region.name}}"), TREE, given) == [
        "east"
    ]


def test_plain_templates_get_the_content_flattened_and_numbers_as_go_prints_them() -> None:
    generator = files("config/*.json", "!config/nothing/*")
    metadata = {"name": "x", "annotations": {"is": "{{region.name}} {{region.zone}} {{parts.1}}"}}
    found = generated(_plain(generator, name="x", metadata=metadata), TREE)

    assert [a.object["metadata"]["annotations"]["is"] for a in found.applications] == [
        "west 1e+06 {{parts.1}}",
        "east 3 b",
    ]


def test_a_file_may_hold_a_list_and_only_its_first_document_counts() -> None:
    assert names(application_set(files("config/teams.yaml"), name="{{.team}}"), TREE) == [
        "north",
        "south",
    ]
    assert names(application_set(files("config/two.yaml"), name="{{.team}}"), TREE) == ["first"]


def test_a_file_without_parameters_is_an_error() -> None:
    assert "unable to process file 'config/wrong.txt'" in told(
        application_set(files("config/wrong.txt")), ERROR, TREE
    )
    assert "outside repository" in told(application_set(files("/config/*")), ERROR, TREE)


def test_values_are_filled_with_the_generators_own_parameters() -> None:
    go = folders("teams/*", values={"space": "{{.path.basename}}-x", "fixed": "y"})
    plain = folders("teams/*", values={"space": "{{path.basename}}-x"})

    assert names(application_set(go, name="{{.values.space}}-{{.values.fixed}}"), TREE) == [
        "red-x-y"
    ]
    assert names(_plain(plain, name="{{values.space}}"), TREE) == ["red-x"]


def test_a_git_generator_of_another_repository_is_not_resolvable() -> None:
    obj = application_set(folders("apps/*", repoURL="https://github.com/acme/infra"))

    assert "reads https://github.com/acme/infra" in told(obj, UNRESOLVABLE, TREE)


def test_a_git_generator_of_a_pinned_commit_is_not_resolvable() -> None:
    obj = application_set(folders("apps/*", revision="0123456789abcdef"))

    assert "revision 0123456789abcdef" in told(obj, UNRESOLVABLE, TREE)


def test_a_matrix_multiplies_and_the_first_fills_the_second() -> None:
    generator = matrix(
        elements({"folder": "apps"}, {"folder": "teams"}),
        folders("{{.folder}}/*", values={"is": "{{.folder}}", "base": "{{.path.basename}}"}),
    )

    name = "{{.values.is}}-{{.values.base | normalize}}"
    assert names(application_set(generator, name=name), TREE) == [
        "apps-db-one",
        "apps-web",
        "teams-red",
    ]


def test_a_value_that_needs_both_generators_at_once_is_an_error() -> None:
    generator = matrix(
        elements({"folder": "teams"}), folders("teams/*", values={"x": "{{.folder}}{{.path.path}}"})
    )

    assert 'values.x: "{{.folder}}{{.path.path}}": map has no entry for key "folder"' in told(
        application_set(generator), ERROR, TREE
    )


def test_a_matrix_of_files_and_a_list_out_of_each_file() -> None:
    generator = matrix(files("config/east.json"), elements(elementsYaml=_EACH_PART))

    assert names(application_set(generator, name="{{.region.name}}-{{.part}}"), TREE) == [
        "east-a",
        "east-b",
    ]


_EACH_PART = "{{ range .parts }}\n- part: {{ . }}\n{{ end }}"


def test_in_a_matrix_the_first_generator_wins_for_go_templates() -> None:
    generator = matrix(
        elements({"name": "a", "to": {"x": "1"}}),
        elements({"name": "b", "to": {"x": "2", "y": "3"}}),
    )

    assert names(application_set(generator, name="{{.name}}-{{.to.x}}-{{.to.y}}")) == ["a-1-3"]


def test_in_a_matrix_the_same_key_twice_is_an_error_for_plain_templates() -> None:
    two = matrix(folders("apps/web"), folders("teams/*"))
    apart = matrix(folders("apps/web"), folders("teams/*", pathParamPrefix="team"))

    assert "found duplicate key path" in told(_plain(two, name="{{path}}"), ERROR, TREE)
    assert names(_plain(apart, name="{{path.basename}}-{{team.path.basename}}"), TREE) == [
        "web-red"
    ]


def test_a_matrix_may_hold_one_more_level() -> None:
    inner = matrix(elements({"a": "1"}), elements({"b": "2"}))
    outer = matrix(elements({"c": "3"}), inner)
    too_deep = matrix(elements({"c": "3"}), matrix(inner, elements({"d": "4"})))

    assert names(application_set(outer, name="{{.a}}{{.b}}{{.c}}")) == ["123"]
    assert "child generator generated no parameters" in told(application_set(too_deep), ERROR)


@pytest.mark.parametrize(
    ("generator", "reason"),
    [
        (matrix(elements({"a": "1"})), "less than two generators"),
        (matrix(*[elements({"a": "1"})] * 3), "more than two generators"),
        (matrix({}, elements({"a": "1"})), "generated no parameters"),
        (merged(["a"], elements({"a": "1"})), "Merge requires two or more"),
        (merged([], *[elements({"a": "1"})] * 2), "no merge keys"),
        (merged(["b"], elements({"a": "1"}, {"a": "2"}), elements({})), "not unique"),
        ({"list": {"elements": ["text"]}}, "is a string, and must be a mapping"),
        ({"git": {"repoURL": URL}}, "neither directories nor files"),
    ],
)
def test_generators_that_argo_cd_refuses(generator: Parameters, reason: str) -> None:
    assert reason in told(application_set(generator), ERROR)


def test_merge_overrides_the_base_by_key_and_takes_nothing_else() -> None:
    generator = merged(
        ["name"],
        elements({"name": "a", "size": "s"}, {"name": "b", "size": "s", "to": {"x": "1"}}),
        elements({"name": "b", "size": "l", "to": {"y": "2"}}, {"name": "c", "size": "l"}),
    )
    name = '{{.name}}-{{.size}}-{{ dig "to" "x" "0" . }}{{ dig "to" "y" "0" . }}'

    assert names(application_set(generator, name=name)) == ["a-s-00", "b-l-12"]
    plain = merged(
        ["name"], elements({"name": "a", "size": "s"}), elements({"name": "a", "size": ""})
    )
    assert names(_plain(plain, name="{{name}}-x{{size}}")) == ["a-x"]


def test_merge_of_a_matrix_changes_what_its_sets_share_as_in_argo_cd() -> None:
    base = matrix(
        elements({"region": "eu", "log": {"is": "info"}}), elements({"n": "a"}, {"n": "b"})
    )
    generator = merged(
        ["region", "n"], base, elements({"region": "eu", "n": "b", "log": {"is": "x"}})
    )

    assert names(application_set(generator, name="{{.n}}-{{.log.is}}")) == ["a-x", "b-x"]


def test_a_selector_filters_by_the_flattened_parameters() -> None:
    listed = elements(
        {"name": "a", "to": {"x": "1"}}, {"name": "b", "to": {"x": "2"}}, {"name": "c"}
    )

    def chosen(selector: Parameters) -> list[str]:
        return names(application_set({**listed, "selector": selector}))

    assert chosen({"matchLabels": {"to.x": "2"}}) == ["b"]
    assert chosen({"matchExpressions": [{"key": "to.x", "operator": "DoesNotExist"}]}) == ["c"]
    assert chosen(
        {"matchExpressions": [{"key": "name", "operator": "NotIn", "values": ["a"]}]}
    ) == ["b", "c"]
    assert chosen({}) == ["a", "b", "c"]


@pytest.mark.parametrize(
    "selector",
    [
        {"matchExpressions": [{"key": "a", "operator": "Gt", "values": ["1"]}]},
        {"matchExpressions": [{"key": "a", "operator": "In"}]},
        {"matchLabels": {"path[0]": "x"}},
    ],
)
def test_a_selector_that_argo_cd_refuses(selector: Parameters) -> None:
    obj = application_set({**elements({"name": "a"}), "selector": selector})

    assert "error parsing label selector" in told(obj, ERROR)


CLUSTERS = Given(
    own_urls=(URL,),
    clusters=(
        Cluster(name="Dev_1", server="https://1.2.3.4", labels={"env": "dev"}),
        Cluster(name="prod", server="https://5.6.7.8", labels={"env": "prod"}, project="p"),
    ),
)


def test_clusters_are_known_only_where_somebody_names_them() -> None:
    obj = application_set({"clusters": {}}, name="{{.nameNormalized}}")

    assert "audit.clusters" in told(obj, UNRESOLVABLE)
    assert names(obj, given=CLUSTERS) == ["dev-1", "prod", "in-cluster"]
    assert names(obj, given=Given(clusters=())) == ["in-cluster"]


def test_a_selector_of_clusters_leaves_argo_cds_own_out() -> None:
    generator = {"clusters": {"selector": {"matchLabels": {"env": "prod"}}}}

    assert names(
        application_set(generator, name="{{.name}}-{{.metadata.labels.env}}-{{.project}}"),
        given=CLUSTERS,
    ) == ["prod-prod-p"]
    assert names(_plain(generator, name="{{name}}-{{metadata.labels.env}}"), given=CLUSTERS) == [
        "prod-prod"
    ]


def test_values_and_a_flat_list_of_clusters() -> None:
    generator = {"clusters": {"flatList": True, "values": {"is": "{{.name}}!"}}}
    name = "{{ range .clusters }}{{ .values.is }}{{ end }}"
    obj = application_set(generator, name="x", metadata={"name": "x", "labels": {"all": name}})

    found = generated(obj, given=CLUSTERS).applications

    assert [a.object["metadata"]["labels"]["all"] for a in found] == ["Dev_1!prod!in-cluster!"]


def test_a_map_merged_over_a_generators_values_makes_argo_cd_panic() -> None:
    generator = merged(
        ["server"],
        {"clusters": {"values": {"k": "0"}}},
        elements({"server": "https://1.2.3.4", "values": {"k": "1"}}),
    )

    assert "panic" in told(application_set(generator), ERROR, given=CLUSTERS)


PULLS = Given(
    pull_requests=(
        PullRequest(
            number=7, branch="feature/Big_Thing", head_sha="0123456789", labels=("deploy",)
        ),
        PullRequest(number=8, branch="fix", head_sha="abcdef", title="[skip] it"),
    )
)


def test_pull_requests_are_known_only_where_somebody_names_them() -> None:
    obj = application_set(
        {"pullRequest": {"github": {"labels": []}, "values": {"n": "pr-{{.number}}"}}},
        name="{{.values.n}}-{{.branch_slug}}-{{.head_short_sha_7}}-{{.target_branch}}",
    )

    assert "audit.pull_requests" in told(obj, UNRESOLVABLE)
    assert names(obj, given=PULLS) == [
        "pr-7-feature-big-thing-0123456-main",
        "pr-8-fix-abcdef-main",
    ]


def test_labels_and_filters_choose_pull_requests() -> None:
    by_label = {"pullRequest": {"github": {"labels": ["deploy"]}}}
    by_filter = {"pullRequest": {"filters": [{"branchMatch": "^fix$", "titleMatch": "skip"}]}}

    assert names(application_set(by_label, name="n{{.number}}"), given=PULLS) == ["n7"]
    assert names(_plain(by_filter, name="n{{number}}"), given=PULLS) == ["n8"]


@pytest.mark.parametrize("kind", ["scmProvider", "clusterDecisionResource", "plugin"])
def test_what_asks_a_server_has_a_result_only_with_given_parameters(kind: str) -> None:
    obj = application_set({kind: {"values": {"x": "{{.name}}!"}}}, name="{{.name}}")
    given = Given(parameters={kind: ({"name": "a"}, {"name": "b"})})

    assert f"audit.parameters.{kind}" in told(obj, UNRESOLVABLE)
    assert names(obj, given=given) == ["a", "b"]


def test_too_many_sets_of_parameters_are_not_worked_out() -> None:
    many = elements(*[{"name": str(n)} for n in range(200)])

    assert "more than 10000" in told(application_set(matrix(many, many)), UNRESOLVABLE)

"""ApplicationSets: which key, which pattern, whose Applications; and sets of somebody else."""

from __future__ import annotations

import copy

import pytest

from harness.model.finding import Finding
from tests.diagnosis.samples import application_sets
from tests.diagnosis.world import World


def only(made: World, at: float) -> Finding:
    (found,) = made.diagnose(at).findings
    return found


def test_a_template_error_names_the_key_and_those_that_exist() -> None:
    found = only(application_sets.a_template_uses_a_key_that_is_not_there(), 10)

    assert "'basname'" in found.seen
    assert ".path.basename" in found.expected


def test_a_generator_without_match_is_told_within_ten_seconds() -> None:
    made = application_sets.a_generator_matches_nothing()

    found = only(made, 10)

    assert found.field == "spec.generators[0].git.directories"
    assert "/deploy/overlays/dev/* at revision HEAD" in found.seen
    assert found.fix == "write the path '/deploy/overlays/dev/*' without '/' in front"


@pytest.mark.parametrize(
    ("path", "fix"),
    [
        ("./deploy/*", "without './' in front"),
        ("deploy/", "without the '/' at its end"),
        ("deploy", "end it with /*"),
        ("deploi/*", "correct the path 'deploi/*'"),
    ],
)
def test_what_is_wrong_with_a_pattern_is_guessed_from_its_form(path: str, fix: str) -> None:
    generator = {"git": {"directories": [{"path": path}]}}
    made = application_sets.application_set(World(), generator=generator)

    assert fix in only(made, 20).fix


def test_without_known_names_an_empty_set_of_a_run_still_counts() -> None:
    made = application_sets.application_set(World())
    made.expected_applications = []

    assert not made.diagnose(150).findings
    assert only(made, 210).cause == "A23"


def test_a_set_that_lists_its_applications_has_made_them() -> None:
    """They are watched apart from it and may come later."""
    made = application_sets.application_set(World(), resources=application_sets.EXPECTED)

    assert not [f for f in made.diagnose(100).findings if f.cause == "A23"]


def test_a_destination_of_a_template_may_be_known_a_moment_later() -> None:
    made = application_sets.application_set(
        World(),
        reason="ApplicationValidationError",
        message="application destination spec is invalid: there are no clusters with this name: x",
    )

    assert not made.diagnose(12).findings
    assert only(made, 30).field == "spec.template.spec.destination"


def test_any_other_invalid_application_is_certain() -> None:
    made = application_sets.application_set(
        World(),
        reason="ApplicationValidationError",
        message="ApplicationSet shop contains an application with no name",
    )

    assert only(made, 5).cause == "A25"


def test_a_project_of_a_set_may_still_be_declared_elsewhere() -> None:
    made = application_sets.a_set_names_a_project_that_nobody_declares()
    made.declared.clear()

    assert not made.diagnose(30).findings
    assert only(made, 40).cause == "A25"


def test_an_empty_set_of_somebody_else_is_left_alone() -> None:
    made = application_sets.application_set(World())
    made.expected_applications, made.revision = [], ""

    assert not made.diagnose(900).findings


def test_a_set_that_owns_a_judged_application_is_judged() -> None:
    made = application_sets.a_placeholder_stays_in_the_path()
    made.revision = ""

    assert [f.cause for f in made.diagnose(60).findings] == ["A22"]


def test_a_set_that_owns_nothing_here_is_somebody_elses() -> None:
    made = application_sets.two_applications_of_one_name()
    made.application("shop", at=5)
    made.expected_applications, made.revision = ["shop"], ""

    assert not made.diagnose(600).findings


def test_an_unfilled_placeholder_blames_the_set_and_not_the_path() -> None:
    found = application_sets.a_placeholder_stays_in_the_path().diagnose(10)

    assert [f.cause for f in found.findings] == ["A22"]
    assert found.findings[0].field == "spec.template.spec.source.path"


def test_an_application_that_is_declared_by_itself_is_not_asked_of_a_set() -> None:
    made = application_sets.application_set(World(), resources=application_sets.EXPECTED[:1])
    application_sets.generated(made, application_sets.EXPECTED[0])
    made.declare({"kind": "Application", "metadata": {"name": "shop-services"}}, application="")

    assert not made.diagnose(600).findings


def test_a_set_that_shares_no_name_with_what_is_missing_is_not_asked() -> None:
    made = application_sets.application_set(World(), name="platform-{{ .path.basename }}")

    assert not made.diagnose(600).findings


def with_another_set(
    made: World, template: str, *, at: float = 4, makes: tuple[str, ...] = (), done: bool = True
) -> World:
    """Adds the ApplicationSet `other`, which has made these Applications."""
    obj = copy.deepcopy(made.live("ApplicationSet", "shop"))
    obj["metadata"] = {"name": "other", "namespace": "argocd"}
    obj["spec"]["template"]["metadata"]["name"] = template
    obj["status"]["resources"] = [{"kind": "Application", "name": name} for name in makes]
    if not done:
        obj["status"]["conditions"] = []
    made.put(obj, at)
    return made


def incomplete() -> World:
    """One of two expected Applications is made by the set `shop`."""
    return application_sets.one_of_two_expected_applications_is_never_made()


def named(made: World, at: float) -> list[tuple[str, str]]:
    return [(f.cause, f.object.name) for f in made.diagnose(at).findings]


def test_one_missing_application_is_laid_to_one_set_only() -> None:
    """The set that makes nothing is meant, not the one that makes another Application."""
    made = with_another_set(incomplete(), "{{ .path.basename }}")

    assert named(made, 420) == [("A23", "other")]


def test_a_set_whose_template_gives_other_names_is_not_blamed() -> None:
    made = with_another_set(incomplete(), "infra-{{ .path.basename }}", makes=("infra-dns",))

    assert named(made, 420) == [("E05", "shop")]


@pytest.mark.parametrize(
    ("template", "blamed"),
    [
        ("{{ .path.basename }}", "shop"),
        ("shop-{{ .path.basename }}ices", "other"),
        ("{{ if .x }}shop{{ else }}test{{ end }}-services", "shop"),
    ],
)
def test_of_two_sets_that_make_some_the_template_that_fits_better_is_blamed(
    template: str, blamed: str
) -> None:
    made = with_another_set(incomplete(), template, makes=("another",))

    assert named(made, 420) == [("E05", blamed)]


def test_an_application_that_a_set_at_work_may_still_make_is_not_missing() -> None:
    made = with_another_set(incomplete(), "{{ .path.basename }}", done=False)

    assert not named(made, 420)

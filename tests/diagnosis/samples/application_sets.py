"""Timelines of ApplicationSets: errors of templates and generators, generators without match."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.sample import sample
from tests.diagnosis.world import World, stamp

SET = "ApplicationSet argocd/shop"
DONE = "All applications have been generated successfully"
EXPECTED = ("shop-databases", "shop-services")
GIT = {
    "git": {
        "repoURL": "https://git.test/shop.git",
        "revision": "HEAD",
        "directories": [{"path": "deploy/overlays/dev/*"}],
    }
}


def conditions(at: float, *, reason: str = "", message: str = DONE) -> list[dict[str, Any]]:
    """What the controller writes after a pass; with a reason the pass has failed."""
    failed = bool(reason)
    generated = not failed or reason not in {
        "RenderTemplateParamsError",
        "ApplicationGenerationFromParamsError",
    }

    def one(kind: str, *, holds: bool, because: str) -> dict[str, Any]:
        return {
            "type": kind, "status": str(holds), "reason": because, "message": message,
            "lastTransitionTime": stamp(at),
        }  # fmt: skip

    because = reason or "ApplicationSetUpToDate"
    return [
        one("ErrorOccurred", holds=failed, because=because),
        one("ParametersGenerated", holds=generated, because="ParametersGenerated"),
        one("ResourcesUpToDate", holds=not failed, because=because),
    ]


def application_set(
    made: World, at: float = 4, *, reason: str = "", message: str = DONE,
    since: float | None = None,
    generator: dict[str, Any] | None = None, name: str = "shop-{{ .path.basename }}",
    resources: tuple[str, ...] = (),
) -> World:  # fmt: skip
    made.expected_applications = list(EXPECTED)
    made.declare({"kind": "ConfigMap", "metadata": {"name": "flags"}}, application=EXPECTED[0])
    obj: dict[str, Any] = {
        "kind": "ApplicationSet",
        "metadata": {"name": "shop", "namespace": "argocd"},
        "spec": {
            "goTemplate": True,
            "generators": [generator or GIT],
            "template": {"metadata": {"name": name}, "spec": {"project": "shop"}},
        },
    }
    made.put(obj, 1)
    status: dict[str, Any] = {
        "conditions": conditions(at if since is None else since, reason=reason, message=message)
    }
    if resources:
        status["resources"] = [{"kind": "Application", "name": r} for r in resources]
    made.put({**obj, "status": status}, at)
    return made


def generated(made: World, name: str, at: float = 4.2, **source: Any) -> World:
    spec = {
        "source": {"repoURL": "https://git.test/shop.git", "path": "deploy", **source},
        "destination": {"server": "https://kubernetes.default.svc", "namespace": "shop"},
    }
    made.application(name, at, spec=spec, resources=[{"kind": "ConfigMap", "name": "flags"}])
    obj = made.live("Application", name)
    obj["metadata"]["ownerReferences"] = [
        {"kind": "ApplicationSet", "name": "shop", "controller": True, "uid": "x"}
    ]
    made.put(obj, at)
    made.expected_applications = [n for n in made.expected_applications if n in EXPECTED]
    return made


def both(made: World, at: float = 4.2) -> World:
    for name in EXPECTED:
        generated(made, name, at)
    return made


@sample(("A22", SET), within=5, victims=("Application argocd/shop-services",))
def a_template_uses_a_key_that_is_not_there() -> World:
    return application_set(
        World(),
        reason="RenderTemplateParamsError",
        message="failed to execute go template shop-{{ .path.basname }}: template: :1:13: "
        'executing "" at <.path.basname>: map has no entry for key "basname"',
        name="shop-{{ .path.basname }}",
    )


@sample(("A22", SET), within=5)
def a_placeholder_stays_in_the_path() -> World:
    made = application_set(World(), resources=("shop-databases",))
    generated(made, "shop-databases", path="deploy/overlays/<no value>/databases")
    generated(made, "shop-services")
    obj = made.live("Application", "shop-databases")
    text = (
        "Failed to load target state: failed to generate manifest for source 1 of 1: rpc error: "
        "code = Unknown desc = deploy/overlays/<no value>/databases: app path does not exist"
    )
    failed = {"type": "ComparisonError", "message": text, "lastTransitionTime": stamp(4)}
    made.put({**obj, "status": {"sync": {"status": "Unknown"}, "conditions": [failed]}}, 4.5)
    return made


@sample(
    ("A23", SET), within=70, not_before=8,
    victims=("Application argocd/shop-databases", "Application argocd/shop-services"),
)  # fmt: skip
def a_generator_matches_nothing() -> World:
    generator = {"git": {**GIT["git"], "directories": [{"path": "/deploy/overlays/dev/*"}]}}
    return application_set(World(), generator=generator)


@sample(("A23", SET), within=70, not_before=30)
def a_generator_that_matched_nothing_before_the_run() -> World:
    return application_set(World(), since=-400)


@sample(within=60)
def a_set_that_sees_the_push_after_its_refresh() -> World:
    made = application_set(World(), since=-400)
    application_set(made, 8, resources=EXPECTED)
    return both(made, 8.5)


@sample(within=300)
def a_set_whose_applications_are_watched_a_moment_later() -> World:
    return both(application_set(World(), resources=()), 6)


@sample(within=300)
def a_set_for_another_environment_may_be_empty() -> World:
    made = both(application_set(World(), resources=EXPECTED))
    obj = {
        **made.live("ApplicationSet", "shop"),
        "metadata": {"name": "prod", "namespace": "argocd"},
    }
    obj["spec"] = {**obj["spec"], "template": {"metadata": {"name": "prod-{{ .path.basename }}"}}}
    made.put({**obj, "status": {"conditions": conditions(2)}}, 2)
    return made


NO_READ = (
    "error generating params from git: error getting directories from repo: error retrieving Git "
    "Directories: rpc error: code = Internal desc = unable to checkout git repo "
    "https://git.test/shop.git with revision HEAD pattern : authentication required: Repository "
    "not found."
)


@sample(("A24", SET), within=45, not_before=20)
def a_generator_may_not_read_its_repository() -> World:
    return application_set(World(), reason="ApplicationGenerationFromParamsError", message=NO_READ)


@sample(within=170)
def a_generator_asks_a_git_host_that_starts_late() -> World:
    text = NO_READ.partition("authentication")[0] + (
        'failed to list refs: Get "https://git.test/shop.git/info/refs?service=git-upload-pack": '
        "dial tcp 10.96.12.7:443: connect: connection refused"
    )
    made = World()
    application_set(made, reason="ApplicationGenerationFromParamsError", message=text)
    application_set(made, 160, resources=EXPECTED)
    return both(made, 160.5)


@sample(("A25", SET), within=5)
def two_applications_of_one_name() -> World:
    return application_set(
        World(),
        reason="ApplicationValidationError",
        message="ApplicationSet shop contains applications with duplicate name: shop",
        name="shop",
    )


@sample(("A25", "AppProject argocd/shop"), within=5, victims=(SET,))
def a_set_names_a_project_that_nobody_declares() -> World:
    return application_set(
        World(),
        reason="ApplicationValidationError",
        message="application references project shop which does not exist (and 1 more)",
    )


@sample(("A26", SET), within=5)
def an_application_name_that_the_api_server_refuses() -> World:
    return application_set(
        World(),
        reason="CreateApplicationError",
        message='Application.argoproj.io "shop-Order_API" is invalid: metadata.name: Invalid '
        'value: "shop-Order_API": a lowercase RFC 1123 subdomain must consist of lower case '
        "alphanumeric characters, '-' or '.'",
    )


@sample(within=300)
def a_write_conflict_of_the_controller() -> World:
    made = World()
    application_set(
        made,
        reason="UpdateApplicationError",
        message='Operation cannot be fulfilled on applications.argoproj.io "shop-services": the '
        "object has been modified; please apply your changes to the latest version and try again",
        resources=EXPECTED,
    )
    return both(made)


@sample(("E05", SET), within=370, not_before=240, victims=("Application argocd/shop-services",))
def one_of_two_expected_applications_is_never_made() -> World:
    made = application_set(World(), resources=EXPECTED[:1])
    return generated(made, EXPECTED[0])

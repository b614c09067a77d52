from __future__ import annotations

from harness.drift.fields import Item
from harness.drift.ownership import applying_manager, owner_of, owners
from tests.drift.objects import EARLIER, TIME, deployment, entry, live

IMAGE = "spec/template/spec/containers/name=web/image"
WEB = Item("web", 0, {"name": "web", "image": "x"})
IMAGE_PATH = ("spec", "template", "spec", "containers", WEB, "image")


def test_the_owner_of_a_field_in_a_list_item_is_found_by_the_key_of_the_item() -> None:
    obj = live(deployment(), entry("kubectl-edit", IMAGE), entry("argocd-controller", "spec/x"))

    found = owner_of(obj, IMAGE_PATH)

    assert found is not None
    assert (found.manager, found.how, found.time) == ("kubectl-edit", "Update", TIME)


def test_the_latest_of_several_owners_counts() -> None:
    obj = live(
        deployment(),
        entry("argocd-controller", "spec/replicas", operation="Apply", time=EARLIER),
        entry("kubectl-edit", "spec/replicas"),
    )

    found = owner_of(obj, ("spec", "replicas"))

    assert found is not None
    assert found.manager == "kubectl-edit"


def test_whoever_owns_an_atomic_field_owns_what_is_in_it() -> None:
    obj = live(deployment(), entry("kubectl-edit", "spec/ingress"))

    found = owner_of(obj, ("spec", "ingress", Item("0", 0, {"from": []}), "from"))

    assert found is not None


def test_nobody_owns_what_no_entry_names() -> None:
    obj = live(deployment(), entry("kubectl-edit", "spec/replicas"))

    assert owner_of(obj, ("spec", "paused")) is None
    assert owner_of(obj, ("metadata", "labels", "app")) is None
    assert owner_of(deployment(), ("spec", "replicas")) is None


def test_the_status_has_owners_of_its_own_that_do_not_count() -> None:
    obj = live(deployment(), entry("kube-controller-manager", "status/x", subresource="status"))

    assert owners(obj) == ()


def test_scaling_is_told_as_such() -> None:
    obj = live(deployment(), entry("kubectl", "spec/replicas", subresource="scale"))

    found = owner_of(obj, ("spec", "replicas"))

    assert found is not None
    assert found.how == "Update scale"
    assert not found.is_applier


def test_an_item_of_a_set_is_found_by_its_value() -> None:
    obj = live(deployment(), entry("x", "metadata/finalizers/v=keep"))

    assert owner_of(obj, ("metadata", "finalizers", Item("keep", 0, "keep"))) is not None
    assert owner_of(obj, ("metadata", "finalizers", Item("other", 0, "other"))) is None


def test_the_engine_that_applies_server_side_is_preferred_to_people_who_do() -> None:
    both = live(
        deployment(),
        entry("kubectl", "spec/replicas", operation="Apply"),
        entry("argocd-controller", "spec/paused", operation="Apply", time=EARLIER),
    )

    assert applying_manager(both) == "argocd-controller"
    updating = live(
        deployment(),
        entry("gitops-harness", "metadata/labels/x", operation="Apply"),
        entry("argocd-controller", "spec/paused"),
    )
    assert applying_manager(updating) == ""
    assert applying_manager(live(deployment(), entry("argocd-controller", "spec/x"))) == ""

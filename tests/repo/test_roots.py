"""How an Application's source is rendered, and what a repository's roots are."""

from __future__ import annotations

from typing import Any

import pytest

from harness.audit.source import SourceKind, Tree
from harness.repo.inclusion import is_deployable, waiting
from harness.repo.roots import kind_of

OVERLAY = Tree(kustomizations={"apps": {"resources": ["one.yaml"]}})


@pytest.mark.parametrize("directory", [{}, {"recurse": False}, {"exclude": ""}])
def test_a_directory_that_says_nothing_leaves_the_kind_to_the_folder(
    directory: dict[str, Any],
) -> None:
    assert kind_of("apps", {"directory": directory}, OVERLAY) is SourceKind.KUSTOMIZE


@pytest.mark.parametrize("directory", [{"recurse": True}, {"exclude": "x.yaml"}])
def test_a_directory_that_says_something_is_read_as_manifests(directory: dict[str, Any]) -> None:
    assert kind_of("apps", {"directory": directory}, OVERLAY) is SourceKind.PLAIN


def test_scripts_of_developers_are_not_deployed() -> None:
    assert not is_deployable("hack/bootstrap/cilium")
    assert is_deployable("infrastructure/cilium")


def test_a_base_whose_overlays_are_not_deployed_from_here_waits() -> None:
    overlay = {"resources": ["../../base", "own.yaml"]}
    tree = Tree(
        kustomizations={
            "components/apps/base": {"resources": ["set.yaml"]},
            "components/apps/overlays/default": overlay,
        }
    )
    assert waiting(tree) >= {"components/apps/base/set.yaml"}
    assert "components/apps/overlays/default/own.yaml" not in waiting(tree)


def test_a_base_of_one_deployed_overlay_does_not_wait() -> None:
    tree = Tree(
        kustomizations={
            "apps/base": {"resources": ["set.yaml"]},
            "apps/overlays/dev": {"resources": ["../../base"]},
            "examples/apps": {"resources": ["../../apps/base"]},
        }
    )
    assert "apps/base/set.yaml" not in waiting(tree)

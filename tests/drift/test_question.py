"""What the wiring of `harness drift` decides without a cluster."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.cluster.runs import RunFolder, RunState
from harness.comparison.ask import _check, _was_judged
from harness.comparison.digests import resolved
from harness.comparison.place import find_place, kept
from harness.comparison.question import DriftQuestion
from harness.io.registry_http import RegistryError
from harness.model.drift import ApplicationGap, Gap, Remark
from harness.model.errors import ClusterError, UsageError
from harness.model.refs import ImageReference, ObjectRef
from harness.model.repository import ImageUse
from harness.stages.drift import conceal
from tests.drift.objects import deployment
from tests.drift.test_compare import app, declaration


def question(tmp_path: Path, **more: object) -> DriftQuestion:
    known: dict[str, object] = {
        "repository": tmp_path / "shop",
        "runs": tmp_path / "runs",
        "cache": tmp_path,
    }
    return DriftQuestion(**{**known, **more})  # type: ignore[arg-type]


def run(tmp_path: Path, name: str, *, environment: str = "dev", is_kept: bool = True) -> RunFolder:
    folder = RunFolder(tmp_path / "runs" / name)
    folder.path.mkdir(parents=True)
    folder.write(
        RunState(
            run_id=name,
            repository=str(tmp_path / "shop"),
            environment=environment,
            created="now",
            kept=is_kept,
        )
    )
    return folder


def test_the_kept_run_of_this_repository_and_environment_is_found_and_not_locked(
    tmp_path: Path,
) -> None:
    mine = run(tmp_path, "mine")
    run(tmp_path, "other", environment="prod")
    run(tmp_path, "ended", is_kept=False)
    mine.acquire()

    found = kept(tmp_path / "runs", tmp_path / "shop", "dev")

    assert found is not None
    assert found.path == mine.path
    assert not RunFolder(mine.path).acquire(), "looking takes no lock and frees none"
    mine.release()


def test_without_a_kept_cluster_a_paragraph_says_what_to_do(tmp_path: Path) -> None:
    run(tmp_path, "other", environment="prod")

    with pytest.raises(UsageError) as caught:
        find_place(question(tmp_path))

    assert caught.value.next_step == "harness up, or harness drift --kubeconfig FILE"


def test_a_kubeconfig_that_cannot_be_read_is_a_paragraph(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Connecting to the cluster of"):
        find_place(question(tmp_path, kubeconfig=tmp_path / "none", context="c"))


def test_unknown_names_are_told_with_the_nearest(tmp_path: Path) -> None:
    declared = declaration(app(deployment()))

    _check(question(tmp_path, application="web-dev", namespaces=("shop",)), declared)
    with pytest.raises(UsageError) as wrong_app:
        _check(question(tmp_path, application="web-dve"), declared)
    with pytest.raises(UsageError) as wrong_namespace:
        _check(question(tmp_path, namespaces=("shpo",)), declared)

    assert wrong_app.value.next_step == "--application web-dev"
    assert wrong_namespace.value.next_step == "--namespace shop"


def test_nothing_that_could_be_read_is_an_error_and_not_a_gap() -> None:
    unread = Remark(object=ObjectRef("Secret", "shop", "a"), reason="403 may not")

    def one(exact: int) -> Gap:
        counted = ApplicationGap(name="a", title="a", exact=exact, not_judged=1)
        return Gap(applications=(counted,), not_judged=(unread,))

    _was_judged(one(1))
    with pytest.raises(ClusterError, match="403 may not"):
        _was_judged(one(0))


def use(image: str) -> ImageUse:
    return ImageUse(
        reference=ImageReference.parse(image), declared=image, users=(), pull_secrets=()
    )


def test_digests_are_told_by_declared_name_and_silence_is_noted() -> None:
    def resolve(reference: ImageReference) -> str:
        if reference.tag == "gone":
            message = "404"
            raise RegistryError(message)
        return "sha256:1"

    found = resolved([use("ghcr.io/shop/app:1"), use("shop/app:gone")], resolve)

    assert found.known == {"ghcr.io/shop/app:1": "sha256:1"}
    assert found.notes == ("digest not told by a registry, so not compared: shop/app:gone",)


@pytest.mark.parametrize(
    ("name", "text", "shown"),
    [
        ("DB_PASSWORD", "s3cret", "(hidden)"),
        ("DB_PASSWORD", "$(OTHER)", "$(OTHER)"),
        ("DB_PASSWORD", "", ""),
        ("DB_HOST", "db", "db"),
        ("URL", "postgres://u:s3cret@db/x", "postgres://u:********@db/x"),
    ],
)
def test_credentials_are_concealed(name: str, text: str, shown: str) -> None:
    assert conceal(name, text) == shown

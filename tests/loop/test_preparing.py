from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.images.plan import Origin, PlannedImage
from harness.loop.delivering import remember
from harness.loop.preparing import check_engine_files
from harness.loop.rolling import wanted_digests
from harness.loop.session import Session
from harness.model.errors import RepositoryError
from harness.model.refs import ImageReference
from harness.model.repository import ImageUse
from harness.model.run import ImageDelivery
from harness.stages.context import Context
from harness.stages.names import Names
from tests.loop.worlds import loop_context

ENGINE = "apiVersion: argoproj.io/v1alpha1\nkind: Application\n"


def planned(name: str) -> PlannedImage:
    use = ImageUse(reference=ImageReference.parse(name), declared=name, users=(), pull_secrets=())
    return PlannedImage(use=use, origin=Origin.PULLED, build_args={})


def delivery(name: str, digest: str = "sha256:1") -> ImageDelivery:
    return ImageDelivery(declared=name, origin="pulled", source="", digest=digest)


@pytest.fixture
def context(tmp_path: Path) -> Iterator[Context]:
    context = loop_context(tmp_path)
    yield context
    context.folder.release()


@pytest.fixture
def session(context: Context) -> Session:
    return Session(base=context, shared=Names())


def test_a_half_written_application_is_refused_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "app.yaml").write_text(f"{ENGINE}metadata\n  name: x\n")
    with pytest.raises(RepositoryError, match=r"app\.yaml.*line"):
        check_engine_files(tmp_path, ("app.yaml",))


@pytest.mark.parametrize("text", [ENGINE, "a: [", f"{{{{- if x }}}}\n{ENGINE}b: ["])
def test_other_files_are_left_to_the_rendering(tmp_path: Path, text: str) -> None:
    (tmp_path / "app.yaml").write_text(text)
    check_engine_files(tmp_path, ("app.yaml", "gone.yaml", "app.py"))


def test_a_failed_image_is_due_again_and_its_neighbour_is_not(session: Session) -> None:
    plan = [planned("a:1"), planned("b:1")]
    remember(session, plan, [delivery("a:1"), delivery("b:1", "")], {"a:1": "p", "b:1": "q"})
    assert session.prints() == {"a:1": "p"}


def test_an_image_that_was_carried_over_keeps_its_print(session: Session) -> None:
    plan = [planned("a:1")]
    first = delivery("a:1")
    remember(session, plan, [first], {"a:1": "old"})
    remember(session, plan, [first], {"a:1": "new"})
    assert session.prints() == {"a:1": "old"}


def test_an_image_that_was_delivered_anew_gets_the_new_print(session: Session) -> None:
    plan = [planned("a:1")]
    remember(session, plan, [delivery("a:1")], {"a:1": "old"})
    remember(session, plan, [delivery("a:1", "sha256:2")], {"a:1": "new"})
    assert session.prints() == {"a:1": "new"}


def test_images_that_are_no_longer_planned_are_forgotten(session: Session) -> None:
    remember(session, [planned("a:1")], [delivery("a:1")], {"a:1": "p"})
    remember(session, [planned("a:2")], [delivery("a:2")], {"a:2": "p"})
    assert set(session.delivered) == {"a:2"}


def test_a_new_context_knows_nothing_of_the_round_before(session: Session) -> None:
    first = session.new_context(session.base.settings)
    first.revision.put("a")
    first.run.notes.append("x")
    second = session.new_context(session.base.settings)
    assert not second.revision.known
    assert not second.declaration.known
    assert not second.run.notes
    assert second.reused
    assert second.docker is session.base.docker


def test_only_declared_images_are_compared(context: Context) -> None:
    context.run.images = [delivery("quay.io/argoproj/argocd:v3")]
    assert wanted_digests(context) == {}

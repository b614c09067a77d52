"""The gap of a run: at its own commit, with the digests it delivered, in one sentence."""

from __future__ import annotations

import pytest

from harness.model.drift import ApplicationGap, DriftKind, Gap
from harness.model.run import ImageDelivery
from harness.stages.drift import one_sentence, run_gap
from tests.drift.api import FakeApi
from tests.drift.gaps import gap
from tests.drift.objects import deployment
from tests.drift.test_compare import COMMIT, OLDER, cluster, declaration


def delivered(declared: str) -> ImageDelivery:
    return ImageDelivery(
        declared=declared, origin="built here", source="web", digest="sha256:" + "b" * 64
    )


def test_a_run_whose_cluster_is_as_declared_has_no_gap() -> None:
    found = run_gap(cluster(), declaration(), (), COMMIT)

    assert found.findings == ()
    assert one_sentence(found) == "4 of 4 declared objects run exactly as declared"


def test_an_application_at_another_commit_than_the_published_one_is_a_difference() -> None:
    found = run_gap(cluster(), declaration(), (), OLDER)

    assert {f.kind for f in found.findings} == {DriftKind.REVISION}


def test_what_somebody_removed_after_the_sync_is_missing() -> None:
    api: FakeApi = cluster()
    api.remove("ConfigMap", "settings")

    found = run_gap(api, declaration(), (delivered(_image()),), COMMIT)

    assert [(f.kind, f.object.name) for f in found.findings] == [(DriftKind.MISSING, "settings")]
    assert one_sentence(found).endswith(
        "3 of 4 declared objects run exactly as declared; 1 difference"
    )


def _image() -> str:
    return str(deployment()["spec"]["template"]["spec"]["containers"][0]["image"])


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        (Gap(), "nothing is declared"),
        (
            Gap(applications=(ApplicationGap(name="a", title="a", exact=2, extra=1),)),
            "2 of 2 declared objects run exactly as declared",
        ),
        (gap(), "9 of 12 declared objects run exactly as declared; 6 differences"),
    ],
)
def test_the_sentence_counts_objects_and_differences(seen: Gap, said: str) -> None:
    assert one_sentence(seen) == said

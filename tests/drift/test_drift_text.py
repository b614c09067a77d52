from __future__ import annotations

from dataclasses import replace

import pytest

from harness.model.drift import Gap
from harness.report.drift_text import drift_lines, drift_text, percent
from tests.drift.gaps import EDITED, gap

TEXT = """\
web-dev  62.5 %
  5 of 8 declared objects exactly as declared, 1 different, 1 missing, 1 not judged, Argo CD says
    OutOfSync at aaaaaaaa

  revision   Application argocd/web-dev  status.sync.revision
    declared: cccccccccccccccccccccccccccccccccccccccc
    live: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa (2 commits older)
    fix: argocd app get web-dev --refresh

  different  Deployment shop/web  spec.replicas
    base/web.yaml:6
    declared: 1
    applied last: 2
    live: 3
    by kubectl-edit (Update) at 2025-11-22 12:03:11 UTC; Argo CD says OutOfSync
    fix: to undo it: argocd app sync web-dev; to keep it: write it at base/web.yaml:6

  different  Deployment shop/web  metadata.labels.team
    declared: nothing
    live: red
    fix: to undo it: kubectl edit deployment web
"""


def test_the_text_names_object_field_values_who_and_what_to_do() -> None:
    assert drift_text(gap()).startswith(TEXT)


def test_the_end_says_how_it_was_compared_what_was_not_and_the_whole() -> None:
    assert drift_text(gap()).endswith(
        """\
shared namespaces: shop  0 %
  1 object that nobody declares

  extra      Secret shop/by-hand
    nobody declares it
    by kubectl-create (Update) at 2025-11-22 11:59:00 UTC
    fix: kubectl delete secret by-hand --namespace shop, or declare it in the repository

Compared without dry run, by declared fields only:
  Deployment shop/web: 400 webhook x does not support dry run

Not judged:
  Secret shop/login: 403 may not

Note: 2 differences left out, as ignoreDifferences asks

6 differences. Honesty 69.2 %: 9 of 12 declared objects run exactly as declared, 1 extra.
"""
    )


def test_without_a_gap_the_text_says_so() -> None:
    fine = Gap(applications=gap().applications[1:2])

    assert drift_text(fine) == (
        "net-dev  100 %\n"
        "  4 of 4 declared objects exactly as declared, Argo CD says Synced\n"
        "\n"
        "No gap. Honesty 100 %: 4 of 4 declared objects run exactly as declared.\n"
    )


def test_nothing_compared_is_not_called_fine() -> None:
    assert drift_text(Gap()) == "Nothing is declared here, so nothing was compared.\n"


def test_control_characters_of_a_cluster_never_reach_the_terminal() -> None:
    nasty = replace(EDITED, live="\x1b[31mred\x1b[0m\x07")
    app = replace(gap().applications[0], findings=(nasty,))

    text = drift_text(Gap(applications=(app,)))

    assert "\x1b" not in text
    assert "\x07" not in text
    assert "live: red" in text


def test_long_lines_are_wrapped_and_styles_are_named() -> None:
    lines = drift_lines(gap(), width=60)

    assert max(len(line.text) for line in lines if line.text.startswith("    fix")) <= 60
    assert {line.style for line in lines} >= {"bold", "red", "bold red", "yellow", "magenta"}


@pytest.mark.parametrize(
    ("value", "text"), [(100.0, "100 %"), (99.9, "99.9 %"), (0.0, "0 %"), (None, "not known")]
)
def test_percentages_are_said_as_they_are(value: float | None, text: str) -> None:
    assert percent(value) == text

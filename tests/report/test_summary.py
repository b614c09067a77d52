from __future__ import annotations

import re

from harness.model.run import RunRecord
from harness.report.redaction import presentable
from harness.report.summary import summary_markdown


def test_the_verdict_is_the_first_line(any_run: RunRecord) -> None:
    first = summary_markdown(any_run).splitlines()[0]
    assert re.match(r"# \W+ (Passed|Failed|Interrupted): dev", first)


def test_every_row_of_a_table_has_as_many_cells_as_its_head(any_run: RunRecord) -> None:
    width = 0
    for line in summary_markdown(presentable(any_run)).splitlines():
        if not line.startswith("|"):
            width = 0
            continue
        cells = len(re.findall(r"(?<!\\)\|", line)) - 1
        width = width or cells
        assert cells == width, line


def test_foreign_text_is_no_markup(awkward_run: RunRecord) -> None:
    text = summary_markdown(presentable(awkward_run))
    outside = re.sub(r"(?ms)^  ```+text.*?^  ```+$", "", text)
    outside = re.sub(r"(?<!`)(`+)(?!`)[^\n]*?(?<!`)\1(?!`)", "", outside.replace("\\`", ""))
    assert not re.search(r"(?<!\\)<script", outside)
    assert not re.search(r"(?<!\\)\]\(", outside)


def test_long_lists_are_folded_and_short_ones_are_not(
    unready_run: RunRecord, passed_run: RunRecord
) -> None:
    folded = summary_markdown(unready_run)
    assert "<summary><b>Ready: 192 of 200 workloads</b></summary>" in folded
    assert "## Not ready: 8 of 200 workloads" in folded
    assert "## Ready: 9 of 9 workloads" in summary_markdown(passed_run)


def test_details_are_opened_and_closed_alike(any_run: RunRecord) -> None:
    text = summary_markdown(any_run)
    assert text.count("<details>") == text.count("</details>") == text.count("<summary>")


def test_the_summary_fits_the_job_summary_of_github(unready_run: RunRecord) -> None:
    assert len(summary_markdown(unready_run).encode()) < 1024 * 1024


def test_the_output_of_a_proof_cannot_leave_its_block(passed_run: RunRecord) -> None:
    proof = passed_run.proofs[0]
    passed_run.proofs = [
        type(proof)(name="p", passed=True, seconds=1.0, output="```\n# not a heading\n````")
    ]
    text = summary_markdown(passed_run)
    assert "  `````text\n  ```\n  # not a heading\n  ````\n  `````" in text


def test_the_gap_and_the_policies_stand_with_their_differences(broken_run: RunRecord) -> None:
    text = summary_markdown(broken_run)
    assert "## ❌ Network policies: 108 of 110 pairs as declared, 2 differences" in text
    assert "| ❌ open | `notification -> order-db TCP 5432` | denied | answered |" in text
    assert "## The gap: 90.6 % runs as declared" in text
    assert "| ❌ missing | `NetworkPolicy musiccorp-dev/order-db` |" in text


def test_what_is_as_declared_is_said_in_one_line_and_a_table(pictured_run: RunRecord) -> None:
    text = summary_markdown(pictured_run)
    assert "## ✅ Network policies: 122 of 122 pairs as declared\n\n" in text
    assert "## The gap: 100 % runs as declared" in text
    assert "❌" not in text

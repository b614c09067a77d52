from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from itertools import pairwise

from harness.model.run import RunRecord
from harness.report.html import html_report
from harness.report.redaction import presentable

XHTML = "{http://www.w3.org/1999/xhtml}"


def page(run: RunRecord) -> ET.Element:
    """Returns the parsed page; parsing proves that it is well-formed."""
    return ET.fromstring(html_report(presentable(run)))  # noqa: S314 -- our own output


def test_the_page_is_well_formed_whatever_the_run_holds(any_run: RunRecord) -> None:
    assert page(any_run).tag == f"{XHTML}html"


def test_the_page_needs_nothing_from_elsewhere(passed_run: RunRecord) -> None:
    text = html_report(passed_run)
    assert text.replace('xmlns="http://www.w3.org/1999/xhtml"', "").count("http") == 1
    assert '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'' in text
    assert set(re.findall(r"url\((.)", text)) <= {"#"}
    assert "@import" not in text


def test_no_attribute_names_an_address_whatever_the_run_holds(any_run: RunRecord) -> None:
    for element in page(any_run).iter():
        assert element.tag not in {f"{XHTML}{tag}" for tag in ("script", "link", "img", "iframe")}
        assert "src" not in element.attrib
        assert element.get("href", "#").startswith("#")
        assert not [name for name in element.attrib if name.startswith("on")]


def test_every_link_leads_somewhere_and_no_id_is_used_twice(any_run: RunRecord) -> None:
    root = page(any_run)
    ids = [element.attrib["id"] for element in root.iter() if "id" in element.attrib]
    targets = {element.attrib["href"][1:] for element in root.iter() if "href" in element.attrib}
    assert len(ids) == len(set(ids))
    assert targets <= set(ids)
    assert {e.attrib["aria-labelledby"] for e in root.iter() if "aria-labelledby" in e.attrib} <= (
        set(ids)
    )


def test_foreign_text_stays_text(awkward_run: RunRecord) -> None:
    text = html_report(awkward_run)
    assert "<script" not in text
    assert "&lt;script&gt;" in text


def test_the_verdict_comes_before_everything_else(any_run: RunRecord) -> None:
    first = next(e for e in page(any_run).iter() if e.tag in {f"{XHTML}h1", f"{XHTML}h2"})
    assert first.tag == f"{XHTML}h1"


def drawn(run: RunRecord) -> Iterator[ET.Element]:
    """Yields what is drawn, without the definitions of stripes."""
    root = page(run)
    skipped = {id(element) for defs in root.iter(f"{XHTML}defs") for element in defs.iter()}
    yield from (element for element in root.iter() if id(element) not in skipped)


def test_nothing_in_the_picture_lies_outside_it(any_run: RunRecord) -> None:
    for element in drawn(any_run):
        for name in ("x", "cx", "x1", "x2"):
            value = element.get(name, "0")
            number = float(value.rstrip("%"))
            assert 0 <= number <= 100.001, (element.tag, name, value)
        if element.tag.endswith("rect"):
            end = float(element.attrib["x"].rstrip("%")) + float(
                element.attrib["width"].rstrip("%")
            )
            assert end <= 100.001


def test_every_stage_that_ran_has_a_bar(any_run: RunRecord) -> None:
    bars = [e for e in page(any_run).iter() if e.get("class") == "bar"]
    assert len(bars) == sum(s.state in {"passed", "failed", "running"} for s in any_run.stages)


def test_two_hundred_workloads_get_a_curve_and_a_bounded_number_of_rows(
    unready_run: RunRecord,
) -> None:
    root = page(unready_run)
    assert [e for e in root.iter() if e.get("class") == "area"]
    dots = [e for e in root.iter() if (e.get("class") or "").startswith("dot ")]
    rows = [e for e in root.iter() if (e.get("class") or "").split()[:1] == ["dot"]]
    assert len(dots) == 8
    assert len(rows) == 24


def test_a_few_workloads_get_a_row_each_and_no_curve(passed_run: RunRecord) -> None:
    root = page(passed_run)
    assert not [e for e in root.iter() if e.get("class") == "area"]
    rows = [e for e in root.iter() if (e.get("class") or "").split()[:1] == ["dot"]]
    assert len(rows) == len(passed_run.objects)


def test_headings_go_down_by_one_level_at_a_time(any_run: RunRecord) -> None:
    levels = [int(e.tag[-1]) for e in page(any_run).iter() if re.fullmatch(r".*}h[1-6]", e.tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))


def test_every_column_of_a_table_has_a_heading_for_its_scope(any_run: RunRecord) -> None:
    for table in page(any_run).iter(f"{XHTML}table"):
        heads = list(table.iter(f"{XHTML}th"))
        assert heads
        assert {head.get("scope") for head in heads} <= {"col", "row", "colgroup"}


def test_whatever_scrolls_can_be_reached_and_has_a_name(broken_run: RunRecord) -> None:
    wide = [e for e in page(broken_run).iter() if e.get("class") == "wide"]
    assert wide
    for element in wide:
        assert element.get("tabindex") == "0"
        assert element.get("role") == "region"
        assert element.get("aria-labelledby")


def test_the_first_thing_the_keyboard_reaches_skips_to_the_picture(any_run: RunRecord) -> None:
    links = [e for e in page(any_run).iter() if e.tag == f"{XHTML}a"]
    assert (links[0].text, links[0].get("href")) == ("Skip to the timeline", "#timeline")


def test_two_hundred_workloads_with_six_hundred_pods_make_a_small_page(
    large_run: RunRecord,
) -> None:
    text = html_report(presentable(large_run))
    assert len(text) < 2_000_000
    root = ET.fromstring(text)  # noqa: S314 -- our own output
    rows = [e for e in root.iter() if (e.get("class") or "").startswith("row")]
    assert len(rows) < 500
    assert "205 pods more, which run.json tells about." in text


def test_a_finding_shows_its_line_and_marks_the_one_that_is_meant(broken_run: RunRecord) -> None:
    figures = [e for e in page(broken_run).iter() if e.get("class") == "excerpt"]
    meant = [e for e in figures[0].iter() if e.get("class") == "meant"]
    assert ["".join(e.itertext()) for e in meant] == ["12    newTag: v9.9.9"]


def test_each_pod_has_a_row_with_its_phases_in_shapes_and_in_words(broken_run: RunRecord) -> None:
    root = page(broken_run)
    phases = [e for e in root.iter() if (e.get("class") or "").startswith("phase ")]
    heights = {e.attrib["class"]: e.attrib["height"] for e in phases}
    climb = [int(heights[f"phase {p}"]) for p in ("pending", "creating", "pulling", "init")]
    assert climb == sorted(set(climb))
    assert heights["phase failing"] > heights["phase starting"]
    assert "failing 7.0 s" in "".join(root.itertext())


def test_each_square_of_the_matrix_says_its_state_in_a_word(broken_run: RunRecord) -> None:
    table = next(e for e in page(broken_run).iter() if e.get("class") == "matrix")
    cells = [e for e in table.iter() if (e.get("class") or "").startswith("cell ")]
    assert broken_run.policies is not None
    assert len(cells) == len(broken_run.policies.cells)
    for cell in cells:
        assert "".join(cell.itertext()).split(" ", 1)[1].strip() in {
            "allowed", "denied", "open", "closed", "not judged",
        }  # fmt: skip


def test_the_bars_of_the_gap_are_told_in_words_too(broken_run: RunRecord) -> None:
    text = "".join(page(broken_run).itertext())
    assert "39 of 42 declared objects exactly as declared, 1 extra" in text
    assert "90.6 %" in text


def test_a_run_without_pods_policies_and_gap_says_nothing_of_them(passed_run: RunRecord) -> None:
    ids = {e.get("id") for e in page(passed_run).iter()}
    assert not ids & {"pods", "policies", "gap", "findings"}


def test_the_times_of_workloads_count_from_where_the_run_began(passed_run: RunRecord) -> None:
    text = "".join(page(passed_run).itertext())
    assert "1 min 42 s ready" in text  # 84.1 s until the waiting began, and 17.4 s


def test_light_and_dark_and_paper_are_provided_for(passed_run: RunRecord) -> None:
    text = html_report(passed_run)
    assert "prefers-color-scheme: dark" in text
    assert "@media print" in text
    variables = re.findall(r"var\((--[\w-]+)\)", text)
    defined = set(re.findall(r"(--[\w-]+):", text))
    assert set(variables) <= defined

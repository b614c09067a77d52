from __future__ import annotations

import re
import xml.etree.ElementTree as ET

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
    assert "url(" not in text
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


def test_nothing_in_the_picture_lies_outside_it(any_run: RunRecord) -> None:
    for element in page(any_run).iter():
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


def test_light_and_dark_and_paper_are_provided_for(passed_run: RunRecord) -> None:
    text = html_report(passed_run)
    assert "prefers-color-scheme: dark" in text
    assert "@media print" in text
    variables = re.findall(r"var\((--[\w-]+)\)", text)
    defined = set(re.findall(r"(--[\w-]+):", text))
    assert set(variables) <= defined

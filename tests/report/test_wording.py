from __future__ import annotations

import pytest

from harness.report.wording import clean, counted, cut, duration, moment, short_digest


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-0.1, "0.0 s"),
        (0.44, "0.4 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.6, "1 min 00 s"),
        (192, "3 min 12 s"),
        (3599.7, "1 h 00 min"),
        (3725, "1 h 02 min"),
    ],
)
def test_a_duration_reads_as_people_say_it(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b]0;title\x07text", "text"),
        ("a\r\nb\rc\td", "a\nb\nc\td"),
        ("\x00\x07\x7f\x9b\ud800\ufffe", "\ufffd" * 6),
        ("naïve ✔ 🎵", "naïve ✔ 🎵"),
    ],
)
def test_foreign_text_loses_what_a_terminal_or_xml_would_obey(text: str, shown: str) -> None:
    assert clean(text) == shown


def test_a_cut_text_is_never_longer_than_allowed() -> None:
    assert cut("one  two\nthree", 8) == "one two…"
    assert cut("short", 8) == "short"


def test_one_thing_has_no_s() -> None:
    assert counted(1, "image") == "1 image"
    assert counted(0, "image") == "0 images"


def test_a_digest_is_cut_to_what_an_eye_compares() -> None:
    assert short_digest("sha256:" + "ab" * 32) == "sha256:abababababab"
    assert short_digest("latest") == "latest"


def test_a_moment_is_told_in_utc_and_odd_text_as_it_is() -> None:
    assert moment("2026-11-22T13:00:04.123+01:00") == "2026-11-22 12:00:04 UTC"
    assert moment("yesterday") == "yesterday"

"""Every text can be read and every mark be told from its ground, in light and in dark.

The numbers are those of WCAG 2.2: 4.5 for texts (1.4.3), 3 for marks (1.4.11).
"""

from __future__ import annotations

import re

import pytest

from harness.report.html import FOLDER

TEXT, MARK = 4.5, 3.0
CSS = (FOLDER / "tones.css").read_text(encoding="utf-8")
LIGHT, _, DARK = CSS.partition("@media screen and (prefers-color-scheme: dark)")


def colours(text: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", text))


PALETTES = {"light": colours(LIGHT), "dark": {**colours(LIGHT), **colours(DARK)}}


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


TEXTS = [
    *((ink, ground) for ink in ("ink", "soft") for ground in ("page", "card", "track")),
    *((tone, f"{tone}-wash") for tone in ("good", "bad", "warn", "calm")),
    *((tone, "card") for tone in ("good", "bad", "warn", "calm")),
    *(("ink", f"{tone}-wash") for tone in ("good", "bad", "warn", "calm")),
    ("soft", "bad-wash"),
    ("calm", "page"),
]
MARKS = ["good-fill", "bad-fill", "warn-fill", "calm-fill", "quiet-fill", "early-fill", "focus"]


def test_the_measure_is_that_of_the_recommendation() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", PALETTES)
@pytest.mark.parametrize(("ink", "ground"), TEXTS)
def test_a_text_can_be_read(scheme: str, ink: str, ground: str) -> None:
    palette = PALETTES[scheme]
    assert contrast(palette[ink], palette[ground]) >= TEXT


@pytest.mark.parametrize("scheme", PALETTES)
@pytest.mark.parametrize("mark", MARKS)
def test_a_mark_can_be_told_from_its_card(scheme: str, mark: str) -> None:
    palette = PALETTES[scheme]
    assert contrast(palette[mark], palette["card"]) >= MARK


@pytest.mark.parametrize("scheme", PALETTES)
@pytest.mark.parametrize("fill", ["good-fill", "bad-fill", "warn-fill"])
def test_the_white_sign_of_a_verdict_can_be_told_from_its_disc(scheme: str, fill: str) -> None:
    assert contrast("#ffffff", PALETTES[scheme][fill]) >= MARK


def test_every_colour_of_the_light_page_has_one_for_the_dark_page() -> None:
    assert set(colours(LIGHT)) == set(colours(DARK))

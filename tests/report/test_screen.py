from __future__ import annotations

import io

import pytest

from harness.report.live_screen import LiveScreen
from harness.report.plain_screen import PlainScreen
from harness.report.screen import choose_screen


class Stream(io.StringIO):
    """A stream that is or is not a terminal, with an encoding."""

    def __init__(self, *, terminal: bool, encoding: str = "utf-8") -> None:
        super().__init__()
        self._terminal = terminal
        self._name = encoding

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._name

    def isatty(self) -> bool:
        return self._terminal


def test_a_terminal_gets_the_live_screen() -> None:
    assert isinstance(choose_screen(Stream(terminal=True), {"TERM": "xterm"}, False), LiveScreen)


@pytest.mark.parametrize(
    "environment", [{"CI": "true"}, {"CI": "1"}, {"TERM": "dumb"}, {"CI": "True", "TERM": "xterm"}]
)
def test_a_terminal_that_should_not_be_redrawn_gets_plain_lines(
    environment: dict[str, str],
) -> None:
    assert isinstance(choose_screen(Stream(terminal=True), environment, False), PlainScreen)


@pytest.mark.parametrize("value", ["", "false", "0"])
def test_ci_switched_off_does_not_count(value: str) -> None:
    assert isinstance(choose_screen(Stream(terminal=True), {"CI": value}, False), LiveScreen)


def test_what_is_no_terminal_gets_plain_lines() -> None:
    assert isinstance(choose_screen(Stream(terminal=False), {}, False), PlainScreen)


def test_a_terminal_that_cannot_show_the_signs_gets_plain_lines() -> None:
    stream = Stream(terminal=True, encoding="iso-8859-1")
    assert isinstance(choose_screen(stream, {}, False), PlainScreen)


def test_quiet_gets_plain_lines_even_on_a_terminal() -> None:
    assert isinstance(choose_screen(Stream(terminal=True), {}, True), PlainScreen)

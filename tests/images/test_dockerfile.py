from __future__ import annotations

from harness.images.dockerfile import Substituted, substitute_bases


def _substitute(text: str) -> Substituted:
    known = {"docker.io/library/python": "local/python:k"}
    return substitute_bases(text, lambda r: known.get(r.name))


def test_a_known_base_gets_its_local_name() -> None:
    found = _substitute("FROM python:3.13-slim\nRUN x\n")

    assert found.text == "FROM local/python:k\nRUN x\n"
    assert found.replaced == {"python:3.13-slim": "local/python:k"}
    assert found.unknown == ()


def test_stages_scratch_and_options_stay_as_they_are() -> None:
    text = (
        "FROM --platform=linux/amd64 python:3.13 AS Build\nFROM build AS next\n"
        "from scratch\nCOPY --from=build /a /a\n"
    )

    found = _substitute(text)

    assert found.text.splitlines() == [
        "FROM --platform=linux/amd64 local/python:k AS Build",
        "FROM build AS next",
        "from scratch",
        "COPY --from=build /a /a",
    ]
    assert found.unknown == ()


def test_a_base_in_a_build_argument_is_resolved() -> None:
    found = _substitute('ARG BASE="python:3.13"\nFROM ${BASE}\nFROM ${OTHER:-python:3.12}\n')

    assert found.text.splitlines()[1:] == ["FROM local/python:k", "FROM local/python:k"]


def test_an_unknown_base_is_named_with_its_line() -> None:
    found = _substitute("# syntax\nFROM node:22\n")

    assert found.unknown == ((2, "node:22"),)
    assert found.text == "# syntax\nFROM node:22\n"

"""Writes the pages of docs/reference that are made from the code: `make reference`.

Commands come from the command line's own declarations, formats from the JSON schemas that the
package holds. Tests compare the pages with what this returns.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import Any

import typer

from harness.__main__ import COMMANDS, application

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "reference"
VALUES: dict[Any, str] = {Path: "PATH", int: "NUMBER", float: "NUMBER"}
SCHEMAS = {
    "harness/report/run.schema.json": "`run.json`, which every run writes; `harness e2e --json`",
    "harness/audit/schema.json": "`harness audit --json`",
    "harness/diagnosis/schema.json": "`harness diagnose --json`",
    "harness/drift/schema.json": "`harness drift --json`",
    "harness/policies/schema.json": "`harness policies --json`",
    "harness/loop/schema.json": "`harness loop --json`",
    "harness/reproduction/schema.json": "`harness reproduce --json`",
    "harness/reproduction/manifest.schema.json": "the manifest in `evidence.tar.gz`",
}


def commands_markdown() -> str:
    """Returns the page of all commands with their arguments and options."""
    group = typer.main.get_command(application([]))
    parts = [
        "# Commands",
        "",
        "Made from the code by `make reference`. `harness COMMAND --help` says the same.",
        "Exit codes: [exit-codes.md](exit-codes.md).",
        "",
        "`harness --version` prints the versions of everything used, with `--json` for machines.",
        "`harness --install-completion` adds completion to the shell that runs it.",
    ]
    for name in COMMANDS:
        parts += list(_command(group.commands[name], f"harness {name}"))
    return "\n".join(parts) + "\n"


def _command(command: Any, name: str) -> Iterator[str]:
    yield from ("", f"## {name}", "", _paragraphs(command.help or ""))
    inner = getattr(command, "commands", None)
    if inner:
        for key, child in inner.items():
            yield from _subcommand(child, f"{name} {key}")
        return
    yield from _parameters(command)


def _subcommand(command: Any, name: str) -> Iterator[str]:
    yield from ("", f"### {name}", "", _paragraphs(command.help or ""))
    yield from _parameters(command)


def _paragraphs(text: str) -> str:
    return re.sub(r"(?<!\n)\n(?!\n)", " ", text.strip())


def _parameters(command: Any) -> Iterator[str]:
    rows = [_row(p) for p in command.params if p.name != "help" and not getattr(p, "hidden", False)]
    if rows:
        yield from ("", "| option | meaning | default |", "|---|---|---|", *rows)


def _row(parameter: Any) -> str:
    is_argument = parameter.param_type_name == "argument"
    names = [*parameter.opts, *parameter.secondary_opts]
    if is_argument:
        shown = f"`{parameter.metavar or parameter.name.upper()}`"
    else:
        value = "" if parameter.is_flag else f" {_metavar(parameter)}"
        shown = ", ".join(f"`{name}{value}`" for name in names)
    return f"| {shown} | {_cell(parameter.help or '')} | {_default(parameter)} |"


def _metavar(parameter: Any) -> str:
    if parameter.metavar:
        return str(parameter.metavar)
    kind = parameter.type_descriptor.annotation
    if isinstance(kind, type) and issubclass(kind, Enum):
        return "\\|".join(str(choice.value) for choice in kind)
    return VALUES.get(kind, "TEXT")


def _default(parameter: Any) -> str:
    value = parameter.default
    if value in (None, "", False) or callable(value) or parameter.required:
        return "required" if parameter.required else ""
    return f"`{getattr(value, 'value', value)}`"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def formats_markdown() -> str:
    """Returns the page of the JSON formats, that of a run with its fields."""
    rows = [
        f"| {what} | `{path}` | {_version(json.loads((ROOT / path).read_text(encoding='utf-8')))} |"
        for path, what in SCHEMAS.items()
        if (ROOT / path).is_file()
    ]
    run = json.loads((ROOT / "harness/report/run.schema.json").read_text(encoding="utf-8"))
    return (
        "\n".join(
            [
                "# run.json and other formats",
                "",
                "Made from the code by `make reference`. Under the same version, fields may",
                "be added; a change of meaning raises it. The schemas are in the package.",
                "",
                "| format | schema | version |",
                "|---|---|---|",
                *rows,
                "",
                "## run.json",
                "",
                *_fields(run),
                *(
                    line
                    for name, part in sorted(run["$defs"].items())
                    for line in _part(name, part)
                ),
            ]
        )
        + "\n"
    )


def _version(schema: Mapping[str, Any]) -> str:
    said = schema.get("properties", {}).get("version", {})
    return str(said.get("const") or said.get("default") or "")


def _part(name: str, part: Mapping[str, Any]) -> Iterator[str]:
    yield from ("", f"### {name}", "")
    if "enum" in part:
        yield "One of " + ", ".join(f"`{word}`" for word in part["enum"]) + "."
        return
    if part.get("description"):
        yield from (_paragraphs(part["description"]).split("  Args:")[0], "")
    yield from _fields(part)


def _fields(part: Mapping[str, Any]) -> Iterator[str]:
    yield from ("| field | type | meaning |", "|---|---|---|")
    required = set(part.get("required", ()))
    for name, field in part.get("properties", {}).items():
        mark = "" if name in required else " (optional)"
        yield f"| `{name}`{mark} | {_type(field)} | {_cell(field.get('description', ''))} |"


def _type(field: Mapping[str, Any]) -> str:
    if "$ref" in field:
        name = str(field["$ref"]).rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "const" in field:
        return f"`{field['const']}`"
    if "anyOf" in field:
        return " or ".join(_type(one) for one in field["anyOf"])
    if field.get("type") == "array":
        return f"list of {_type(field.get('items', {}))}"
    return str(field.get("type", "any"))


PAGES = {"commands.md": commands_markdown, "formats.md": formats_markdown}


def main() -> None:
    """Writes the pages."""
    for name, made in PAGES.items():
        (FOLDER / name).write_text(made(), encoding="utf-8")


if __name__ == "__main__":
    main()

"""The parts of a parsed Go template, as plain data; `str` gives the source an error message shows.

Source: Go `text/template/parse/node.go`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Dot:
    """`.`, the value at hand."""

    def __str__(self) -> str:
        return "."


@dataclass(frozen=True, slots=True)
class Nil:
    """`nil`."""

    def __str__(self) -> str:
        return "nil"


@dataclass(frozen=True, slots=True)
class Bool:
    """`true` or `false`."""

    value: bool

    def __str__(self) -> str:
        return "true" if self.value else "false"


@dataclass(frozen=True, slots=True)
class Number:
    """A number: what it may be taken for depends on where it is used."""

    text: str
    integer: int | None
    floating: float | None
    is_written_as_float: bool

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class String:
    """A quoted or raw string."""

    source: str
    text: str

    def __str__(self) -> str:
        return self.source


@dataclass(frozen=True, slots=True)
class Field:
    """`.path.basename`."""

    names: tuple[str, ...]

    def __str__(self) -> str:
        return "".join(f".{name}" for name in self.names)


@dataclass(frozen=True, slots=True)
class Variable:
    """`$x` or `$x.field`."""

    name: str
    names: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.name + "".join(f".{name}" for name in self.names)


@dataclass(frozen=True, slots=True)
class Identifier:
    """The name of a function."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Chain:
    """`(pipeline).field`."""

    node: Operand
    names: tuple[str, ...]

    def __str__(self) -> str:
        inner = f"({self.node})" if isinstance(self.node, Pipe) else str(self.node)
        return inner + "".join(f".{name}" for name in self.names)


@dataclass(frozen=True, slots=True)
class Command:
    """Operands separated by spaces: a function with its arguments, or one value."""

    operands: tuple[Operand, ...]

    def __str__(self) -> str:
        return " ".join(f"({o})" if isinstance(o, Pipe) else str(o) for o in self.operands)


@dataclass(frozen=True, slots=True)
class Pipe:
    """Commands joined by `|`, perhaps with variables that take the result."""

    commands: tuple[Command, ...]
    declared: tuple[str, ...] = ()
    is_assignment: bool = False

    def __str__(self) -> str:
        sign = " = " if self.is_assignment else " := "
        head = ", ".join(self.declared) + sign if self.declared else ""
        return head + " | ".join(map(str, self.commands))


Operand: TypeAlias = (
    Dot | Nil | Bool | Number | String | Field | Variable | Identifier | Chain | Pipe
)


@dataclass(frozen=True, slots=True)
class Text:
    """Text between actions."""

    text: str


@dataclass(frozen=True, slots=True)
class Action:
    """A pipeline whose value is printed unless it is declared."""

    pipe: Pipe


@dataclass(frozen=True, slots=True)
class If:
    """`{{if}}` with its branches."""

    pipe: Pipe
    body: tuple[Node, ...]
    otherwise: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class With:
    """`{{with}}` with its branches."""

    pipe: Pipe
    body: tuple[Node, ...]
    otherwise: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Range:
    """`{{range}}` with its branches."""

    pipe: Pipe
    body: tuple[Node, ...]
    otherwise: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Invoke:
    """`{{template "name" pipeline}}` and what `{{block}}` leaves in place."""

    name: str
    pipe: Pipe | None


@dataclass(frozen=True, slots=True)
class Break:
    """`{{break}}`."""


@dataclass(frozen=True, slots=True)
class Continue:
    """`{{continue}}`."""


Node: TypeAlias = Text | Action | If | With | Range | Invoke | Break | Continue


@dataclass(frozen=True, slots=True)
class Template:
    """A parsed template: its own nodes and those of the templates it defines."""

    nodes: tuple[Node, ...]
    defined: dict[str, tuple[Node, ...]]

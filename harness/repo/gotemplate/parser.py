"""Turns the tokens of a Go template into its parts, and refuses what Go refuses.

That covers unknown functions and undeclared variables, which Go reports before it runs anything.
Source: Go `text/template/parse/parse.go`.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from typing import NoReturn

from harness.repo.gotemplate.lexer import TokenKind, tokens
from harness.repo.gotemplate.literals import unquoted
from harness.repo.gotemplate.nodes import (
    Action,
    Break,
    Continue,
    If,
    Invoke,
    Node,
    Pipe,
    Range,
    Template,
    Text,
    With,
)
from harness.repo.gotemplate.pipelines import PipelineParser

_Body = tuple[tuple[Node, ...], str]


def parse(text: str, functions: Container[str]) -> Template:
    """Returns the parsed template.

    Args:
        text: The template.
        functions: The names of all functions that Argo CD knows.

    Raises:
        TemplateError: Go would refuse to parse it.
    """
    return _Parser(text, functions).template()


class _Parser(PipelineParser):
    """A descent over the tokens, with the variables that are declared at each point."""

    def __init__(self, text: str, functions: Container[str]) -> None:
        super().__init__(list(tokens(text)), functions)
        self._ranges = 0
        self._defined: dict[str, tuple[Node, ...]] = {}

    def template(self) -> Template:
        """Parses to the end."""
        nodes: list[Node] = []
        while self.peek().kind is not TokenKind.END:
            if self._at_keyword("define"):
                self._definition()
                continue
            node = self._text_or_action()
            if isinstance(node, str):
                self.fail(f"unexpected {{{{{node}}}}}")
            nodes.extend(node)
        return Template(tuple(nodes), self._defined)

    def _at_keyword(self, word: str) -> bool:
        return self.peek().kind is TokenKind.LEFT and self.second() == (TokenKind.KEYWORD, word)

    def _definition(self) -> None:
        self.next()
        self.next_significant()
        name = self._name("define clause")
        self.expect(TokenKind.RIGHT, "define clause")
        self._install(name, "define clause")

    def _install(self, name: str, context: str) -> None:
        outer, self.variables = self.variables, ["$"]
        ranges, self._ranges = self._ranges, 0
        nodes, end = self._list()
        if end != "end":
            self.fail(f"unexpected {{{{{end}}}}} in {context}")
        if _has_content(self._defined.get(name, ())) and _has_content(nodes):
            self.fail(f'template: multiple definition of template "{name}"')
        if _has_content(nodes) or name not in self._defined:
            self._defined[name] = nodes
        self.variables, self._ranges = outer, ranges

    def _list(self) -> _Body:
        nodes: list[Node] = []
        while self.peek_significant().kind is not TokenKind.END:
            node = self._text_or_action()
            if isinstance(node, str):
                return tuple(nodes), node
            nodes.extend(node)
        return self.fail("unexpected EOF")

    def _text_or_action(self) -> list[Node] | str:
        """Returns the nodes, or the word of an `end` or `else`."""
        token = self.next_significant()
        if token.kind is TokenKind.TEXT:
            return [Text(token.text)]
        if token.kind is not TokenKind.LEFT:
            self.unexpected(token, "input")
        if self.peek_significant().kind is TokenKind.KEYWORD:
            return self._control(self.next_significant().text)
        return [Action(self.pipeline("command", TokenKind.RIGHT))]

    def _control(self, word: str) -> list[Node] | str:
        if word == "end":
            self.expect(TokenKind.RIGHT, "end")
            return word
        if word == "else":
            return self._else()
        return [self._controls[word](self)]

    def _else(self) -> str:
        following = self.peek_significant()
        if following.kind is TokenKind.KEYWORD and following.text in {"if", "with"}:
            return f"else {following.text}"
        self.expect(TokenKind.RIGHT, "else")
        return "else"

    def _branches(self, context: str) -> tuple[Pipe, tuple[Node, ...], tuple[Node, ...]]:
        known = len(self.variables)
        pipe = self.pipeline(context, TokenKind.RIGHT)
        self._ranges += context == "range"
        body, end = self._list()
        self._ranges -= context == "range"
        otherwise: tuple[Node, ...] = ()
        if end == f"else {context}":
            self.next_significant()
            otherwise = (self._controls[context](self),)
        elif end != "end":
            otherwise, end = self._list() if end == "else" else self._stray_else()
            if end != "end":
                self.fail(f"expected end; found {{{{{end}}}}}")
        del self.variables[known:]
        return pipe, body, otherwise

    def _stray_else(self) -> NoReturn:
        self.unexpected(self.next_significant(), "else")

    def _if(self) -> Node:
        return If(*self._branches("if"))

    def _with(self) -> Node:
        return With(*self._branches("with"))

    def _range(self) -> Node:
        return Range(*self._branches("range"))

    def _jump(self, word: str, node: Node) -> Node:
        token = self.next_significant()
        if token.kind is not TokenKind.RIGHT:
            self.unexpected(token, f"{{{{{word}}}}}")
        if not self._ranges:
            self.fail(f"{{{{{word}}}}} outside {{{{range}}}}")
        return node

    def _break(self) -> Node:
        return self._jump("break", Break())

    def _continue(self) -> Node:
        return self._jump("continue", Continue())

    def _invoke(self) -> Node:
        name = self._name("template clause")
        if self.peek_significant().kind is TokenKind.RIGHT:
            self.next_significant()
            return Invoke(name, None)
        return Invoke(name, self.pipeline("template clause", TokenKind.RIGHT))

    def _block(self) -> Node:
        name = self._name("block clause")
        pipe = self.pipeline("block clause", TokenKind.RIGHT)
        self._install(name, "block clause")
        return Invoke(name, pipe)

    def _misplaced_define(self) -> NoReturn:
        self.fail('unexpected "define" in command')

    def _name(self, context: str) -> str:
        token = self.next_significant()
        if token.kind not in {TokenKind.STRING, TokenKind.RAW}:
            self.unexpected(token, context)
        return unquoted(token.text)

    _controls: dict[str, Callable[[_Parser], Node]] = {  # noqa: RUF012 # never changed
        "if": _if, "with": _with, "range": _range, "break": _break, "continue": _continue,
        "template": _invoke, "block": _block, "define": _misplaced_define,
    }  # fmt: skip


def _has_content(nodes: tuple[Node, ...]) -> bool:
    return any(not isinstance(node, Text) or node.text.strip() for node in nodes)

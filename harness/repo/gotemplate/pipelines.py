"""Parses what stands inside an action: pipelines, commands, operands.

The control words around them are the business of `harness.repo.gotemplate.parser`. Source: Go
`text/template/parse/parse.go`.
"""

from __future__ import annotations

from collections.abc import Container
from typing import NoReturn

from harness.repo.gotemplate.errors import TemplateError, UnresolvableError
from harness.repo.gotemplate.lexer import Token, TokenKind
from harness.repo.gotemplate.literals import number, unquoted
from harness.repo.gotemplate.nodes import (
    Bool,
    Chain,
    Command,
    Dot,
    Field,
    Identifier,
    Nil,
    Number,
    Operand,
    Pipe,
    String,
    Variable,
)

DEEPEST = 100
"""How deep parentheses may be nested here; Go takes 10,000."""
_STARTS = {
    TokenKind.CHARACTER, TokenKind.DOT, TokenKind.FIELD, TokenKind.WORD, TokenKind.NUMBER,
    TokenKind.RAW, TokenKind.STRING, TokenKind.VARIABLE, TokenKind.OPEN,
}  # fmt: skip


class PipelineParser:
    """A view of the tokens with a place in it, and the grammar of pipelines."""

    def __init__(self, found: list[Token], functions: Container[str]) -> None:
        self._tokens, self._place, self._functions = found, 0, functions
        self._depth = 0
        self.variables = ["$"]

    def peek(self) -> Token:
        """Returns the next token; a token of an error ends the parse."""
        token = self._tokens[min(self._place, len(self._tokens) - 1)]
        if token.kind is TokenKind.ERROR:
            self.fail(token.text)
        return token

    def next(self) -> Token:
        """Returns the next token and goes past it."""
        token = self.peek()
        self._place += 1
        return token

    def peek_significant(self) -> Token:
        """Skips spaces and returns the token after them."""
        while self.peek().kind is TokenKind.SPACE:
            self._place += 1
        return self.peek()

    def next_significant(self) -> Token:
        """Skips spaces, returns the token after them and goes past it."""
        self.peek_significant()
        return self.next()

    def second(self) -> tuple[TokenKind, str]:
        """Returns kind and text of the token after the next, spaces left out."""
        for token in self._tokens[self._place + 1 :]:
            if token.kind is not TokenKind.SPACE:
                return token.kind, token.text
        return TokenKind.END, ""

    def expect(self, kind: TokenKind, context: str) -> None:
        """Goes past a token that must be there."""
        token = self.next_significant()
        if token.kind is not kind:
            self.unexpected(token, context)

    def unexpected(self, token: Token, context: str) -> NoReturn:
        """Refuses a token."""
        self.fail(f"unexpected {token} in {context}")

    def fail(self, text: str) -> NoReturn:
        """Refuses the template."""
        line = self._tokens[min(self._place, len(self._tokens) - 1)].line
        message = f"template: base:{line}: {text}"
        raise TemplateError(message)

    def pipeline(self, context: str, end: TokenKind) -> Pipe:
        """Parses `$x := command | command` up to and with `end`."""
        declared, is_assignment = self._declarations(context)
        commands: list[Command] = []
        while self.peek_significant().kind is not end:
            token = self.peek()
            if token.kind not in _STARTS:
                self.unexpected(token, context)
            commands.append(self._command())
        self.next()
        if not commands:
            self.fail(f"missing value for {context}")
        for place, command in enumerate(commands[1:], 2):
            if isinstance(command.operands[0], Bool | Dot | Nil | Number | String):
                self.fail(f"non executable command in pipeline stage {place}")
        return Pipe(tuple(commands), declared, is_assignment)

    def _declarations(self, context: str) -> tuple[tuple[str, ...], bool]:
        declared: list[str] = []
        while self.peek_significant().kind is TokenKind.VARIABLE:
            kind, text = self.second()
            if kind in {TokenKind.ASSIGN, TokenKind.DECLARE}:
                declared.append(self._declare())
                return tuple(declared), kind is TokenKind.ASSIGN
            if (kind, text) != (TokenKind.OTHER, ","):
                break
            declared.append(self._declare())
            if context != "range" or len(declared) > 1:
                self.fail(f"too many declarations in {context}")
            if self.peek_significant().kind is not TokenKind.VARIABLE:
                self.fail("range can only initialize variables")
        return tuple(declared), False

    def _declare(self) -> str:
        name = self.next_significant().text
        self.next_significant()
        self.variables.append(name)
        return name

    def _command(self) -> Command:
        operands: list[Operand] = []
        while True:
            self.peek_significant()
            operand = self._operand()
            if operand is not None:
                operands.append(operand)
            token = self.peek()
            if token.kind is TokenKind.SPACE:
                continue
            if token.kind is TokenKind.PIPE:
                self.next()
            elif token.kind not in {TokenKind.RIGHT, TokenKind.CLOSE}:
                self.unexpected(token, "operand")
            break
        if not operands:
            self.fail("empty command")
        return Command(tuple(operands))

    def _operand(self) -> Operand | None:
        term = self._term()
        if term is None or self.peek().kind is not TokenKind.FIELD:
            return term
        names: list[str] = []
        while self.peek().kind is TokenKind.FIELD:
            names.append(self.next().text[1:])
        if isinstance(term, Field):
            return Field((*term.names, *names))
        if isinstance(term, Variable):
            return Variable(term.name, (*term.names, *names))
        if isinstance(term, Bool | String | Number | Nil | Dot):
            self.fail(f'unexpected . after term "{term}"')
        return Chain(term, tuple(names))

    def _term(self) -> Operand | None:
        kind, text = self.peek().kind, self.peek().text
        if kind not in _STARTS:
            return None
        self.next()
        match kind:
            case TokenKind.WORD:
                return self._word(text)
            case TokenKind.VARIABLE:
                return self._variable(text)
            case TokenKind.OPEN:
                return self._parenthesis()
        return _constant(kind, text)

    def _word(self, text: str) -> Operand:
        if text in {"true", "false"}:
            return Bool(text == "true")
        if text == "nil":
            return Nil()
        if text not in self._functions:
            self.fail(f'function "{text}" not defined')
        return Identifier(text)

    def _variable(self, name: str) -> Variable:
        if name not in self.variables:
            self.fail(f'undefined variable "{name}"')
        return Variable(name)

    def _parenthesis(self) -> Pipe:
        self._depth += 1
        if self._depth > DEEPEST:
            message = f"parentheses nested more than {DEEPEST} deep"
            raise UnresolvableError(message)
        pipe = self.pipeline("parenthesized pipeline", TokenKind.CLOSE)
        self._depth -= 1
        return pipe


def _constant(kind: TokenKind, text: str) -> Operand:
    if kind is TokenKind.FIELD:
        return Field((text[1:],))
    if kind in {TokenKind.STRING, TokenKind.RAW}:
        return String(text, unquoted(text))
    return Dot() if kind is TokenKind.DOT else number(text)

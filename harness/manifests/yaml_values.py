"""YAML text in, plain values out: quickly, within limits, and with what is wrong named by line.

Values are those that Kubernetes' tools see (`yaml_scalars`). Whatever the text, reading ends soon
and in bounded memory: values are counted while they are composed, aliases as often as they are
used, and depth is limited before any stack is. A key that occurs twice is reported and the last
one counts, as for kubectl (kustomize refuses it). Which files are read at all is `tree_reading`'s.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from harness.manifests.yaml_problems import REDEFINED, YamlProblem, problem_of
from harness.manifests.yaml_scalars import PLAIN, TEXT, scalar

Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's where PyYAML was built with it."""
MAX_VALUES = 500_000
"""Of one text, aliases counted as often as they are used."""
MAX_DEPTH = 200
_MOST_PROBLEMS = 20
_SHARED_LENGTH = 64
_LONGEST_SLOW_TEXT = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class YamlReading:
    """The documents of a text, those before a break, and what is wrong."""

    documents: tuple[Any, ...] = ()
    problems: tuple[YamlProblem, ...] = ()
    values: int = 0
    """How many values were composed."""


class _LimitError(yaml.YAMLError):
    def __init__(self, line: int, message: str, *, is_limit: bool = True) -> None:
        super().__init__(message)
        self.problem = YamlProblem(line=line, message=message, is_limit=is_limit)


class _Counting:
    """What a composer calls for every node: counts values and depth."""

    values = 0
    limit = MAX_VALUES
    _depth = 0

    def descend_resolver(self, parent: Any, _: Any) -> None:
        """Is called for every node before it is composed."""
        self.values += 1
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise _LimitError(_line(parent), f"it nests deeper than {MAX_DEPTH} levels")
        if self.values > self.limit:
            raise _LimitError(_line(parent), "it holds too many values to be read")

    def ascend_resolver(self) -> None:
        """Is called for every node after it was composed."""
        self._depth -= 1


class _NodeComposer(_Counting, Loader):  # type: ignore[misc] # libyaml's loader is untyped
    """libyaml's, with the tags of PyYAML."""


class _PlainTags:
    """Spares a composer PyYAML's search for tags."""

    def resolve(self, kind: Any, _: Any, implicit: Any) -> str:
        """Returns the tag of a node that has none written."""
        return PLAIN if kind is yaml.ScalarNode and implicit[0] else TEXT


class _Composer(_PlainTags, _Counting, Loader):  # type: ignore[misc] # untyped
    """libyaml's, in C."""


class _AnchorComposer(_PlainTags, _Counting, yaml.SafeLoader):
    """PyYAML's own, slow; an anchor that is defined again counts from there on, as in YAML 1.2."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        """Composes the next node, forgetting an earlier anchor of its name."""
        if not self.check_event(yaml.AliasEvent):
            event: Any = self.peek_event()  # type: ignore[no-untyped-call]
            self.anchors.pop(event.anchor, None)
        return super().compose_node(parent, index)


def _line(node: Any) -> int:
    return node.start_mark.line + 1 if node is not None else 1


def compose_yaml(text: str) -> Iterator[Any]:
    """Yields PyYAML's node of each document, within the limits of `read_yaml`.

    Raises:
        yaml.YAMLError: The text breaks or goes beyond a limit.
    """
    composer: Any = _NodeComposer(text)
    try:
        while composer.check_node():
            node = composer.get_node()
            if "&" in text:
                _Expansion(MAX_VALUES).measure(node)
            yield node
    finally:
        composer.dispose()


def read_yaml(
    text: str, *, limit: int = MAX_VALUES, shared: dict[str, str] | None = None
) -> YamlReading:
    """Returns the documents of a text; raises for none.

    Args:
        text: Decoded, without a byte order mark.
        limit: How many values may be composed.
        shared: Short texts seen before; passing one on saves memory over many files.
    """
    shared = {} if shared is None else shared
    found = _read(text, limit, shared, _Composer)
    again = any(p.message == REDEFINED for p in found.problems)
    if again and len(text) <= _LONGEST_SLOW_TEXT:
        return _read(text, limit, shared, _AnchorComposer)
    return found


def _read(text: str, limit: int, shared: dict[str, str], kind: type[_Counting]) -> YamlReading:
    builder = _Builder(limit=limit, shared=shared, aliases="&" in text)
    documents: list[Any] = []
    composer: Any = None
    try:
        composer = kind(text)  # type: ignore[call-arg] # the loader beside it takes the text
        composer.limit = limit
        documents.extend(builder.documents(composer))
    except _LimitError as stopped:
        builder.problems.append(stopped.problem)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        builder.problems.append(problem_of(error, text))
    finally:
        if composer is not None:
            composer.dispose()
    return YamlReading(
        documents=tuple(documents),
        problems=tuple(builder.problems),
        values=composer.values if composer is not None else 0,
    )


@dataclass(slots=True)
class _Builder:
    """Turns composed nodes into values."""

    limit: int
    shared: dict[str, str]
    aliases: bool
    problems: list[YamlProblem] = field(default_factory=list)

    def documents(self, composer: _Composer) -> Iterator[Any]:
        while composer.check_node():
            node = composer.get_node()
            if self.aliases:
                _Expansion(self.limit).measure(node)
            yield self.value(node)

    def value(self, node: Any) -> Any:
        kind = type(node)
        if kind is yaml.ScalarNode:
            return self._scalar(node)
        if kind is yaml.SequenceNode:
            return [self.value(item) for item in node.value]
        return self._mapping(node)

    def _scalar(self, node: Any) -> Any:
        text = node.value
        if node.tag is not TEXT:
            text = scalar(text, node.tag)
        if isinstance(text, str) and len(text) <= _SHARED_LENGTH:
            return self.shared.setdefault(text, text)
        return text

    def _mapping(self, node: Any) -> dict[str, Any]:
        made: dict[str, Any] = {}
        merged: list[Any] = []
        for key, value in node.value:
            name = self._key(key)
            if name == "<<" and key.tag is PLAIN:
                merged.append(value)
                continue
            if name in made:
                self._note_twice(node, key)
            made[name] = self.value(value)
        for value in merged:
            for source in value.value if isinstance(value, yaml.SequenceNode) else (value,):
                for name, inherited in self._merge_source(source).items():
                    made.setdefault(name, inherited)
        return made

    def _key(self, node: Any) -> str:
        if not isinstance(node, yaml.ScalarNode):
            message = "a key is a list or a mapping, as in a template that nobody filled in"
            raise _LimitError(_line(node), message, is_limit=False)
        text: str = node.value
        return self.shared.setdefault(text, text)

    def _merge_source(self, node: Any) -> dict[str, Any]:
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node)
        raise _LimitError(_line(node), "`<<` merges something that is no mapping", is_limit=False)

    def _note_twice(self, node: Any, key: Any) -> None:
        if len(self.problems) >= _MOST_PROBLEMS:
            return
        first = next(_line(k) for k, _ in node.value if k.value == key.value)
        message = f"the key {key.value!r} is already there at line {first}"
        self.problems.append(YamlProblem(line=_line(key), message=message, ends=False))


class _Expansion:
    """Measures a document as it is once its aliases are filled in."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._known: dict[int, tuple[int, int]] = {}
        self._open: set[int] = set()

    def measure(self, node: Any) -> tuple[int, int]:
        """Returns how many values a node has, and how many levels."""
        if isinstance(node, yaml.ScalarNode):
            return 1, 1
        key = id(node)
        if key in self._open:
            raise _LimitError(_line(node), "an anchor contains itself", is_limit=False)
        if key not in self._known:
            self._open.add(key)
            self._known[key] = self._checked(node)
            self._open.discard(key)
        return self._known[key]

    def _checked(self, node: Any) -> tuple[int, int]:
        values, levels = 1, 0
        for child in _children(node):
            more, below = self.measure(child)
            values, levels = values + more, max(levels, below)
        if values > self._limit:
            message = f"its aliases expand to more than {self._limit:,} values"
            raise _LimitError(_line(node), message, is_limit=False)
        if levels >= MAX_DEPTH:
            raise _LimitError(_line(node), f"it nests deeper than {MAX_DEPTH} levels")
        return values, levels + 1


def _children(node: Any) -> Iterator[Any]:
    for child in node.value:
        if isinstance(child, tuple):
            yield from child
        else:
            yield child

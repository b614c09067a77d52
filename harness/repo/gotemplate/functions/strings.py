"""Sprig's functions on strings that a template of names, paths and labels uses.

Go counts and cuts bytes. Where the outcome rests on tables of Unicode or on another library's fine
rules, the answer is "not resolvable here". Source: Masterminds sprig v3.3.0 `strings.go`.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from typing import Any

from harness.repo.gotemplate.errors import TemplateError, UnresolvableError
from harness.repo.gotemplate.formatting import plain, quoted
from harness.repo.gotemplate.signatures import ANY, INT, STRING, Function, of
from harness.repo.gotemplate.values import StringList, StringMap, decoded, encoded

LONGEST = 100_000
"""Characters that `repeat` and `indent` may give."""
_SPACES = " \t\n\v\f\r\x85\xa0"


def text_of(value: Any) -> str:
    """Returns a value as sprig's `toString` prints it."""
    return plain(value)


def strings_of(value: Any) -> StringList:
    """Returns a value as a list of strings: what `join` and `toStrings` make of it."""
    if value is None:
        return StringList()
    if isinstance(value, list):
        return StringList(text_of(item) for item in value if item is not None)
    return StringList([text_of(value)])


def _trunc(count: int, text: str) -> str:
    data = encoded(text)
    if count < 0:
        return decoded(data[count:]) if len(data) + count > 0 else text
    return decoded(data[:count])


def _substr(start: int, end: int, text: str) -> str:
    data = encoded(text)
    if start < 0:
        start = 0
    elif end < 0 or end > len(data):
        end = len(data)
    if not 0 <= start <= end <= len(data):
        message = f"slice bounds out of range [{start}:{end}]"
        raise TemplateError(message)
    return decoded(data[start:end])


def _repeat(count: int, text: str) -> str:
    if count < 0:
        message = "strings: negative Repeat count"
        raise TemplateError(message)
    if count * len(text) > LONGEST:
        message = f"repeat of {count} times {len(text)} characters"
        raise UnresolvableError(message)
    return text * count


def _trim_suffix(suffix: str, text: str) -> str:
    return text.removesuffix(suffix)


def _trim_prefix(prefix: str, text: str) -> str:
    return text.removeprefix(prefix)


def _trim_all(characters: str, text: str) -> str:
    return text.strip(characters) if characters else text


def _trim(text: str) -> str:
    return text.strip(_SPACES)


def _title(text: str) -> str:
    return re.sub(r"(?<![^\W])([^\W\d_])", lambda m: m[1].upper(), text)


def _untitle(text: str) -> str:
    return re.sub(r"(^|\s)(\S)", lambda m: m[1] + m[2].lower(), text)


def _swap_case(text: str) -> str:
    return text.swapcase()


def _no_space(text: str) -> str:
    if not text.isascii():
        message = f"nospace of {text!r}"
        raise UnresolvableError(message)
    return "".join(text.split())


_WORDS = re.compile(r"[a-z]+(?:[-_ ][a-z]+)*")


def _words(name: str, text: str) -> list[str]:
    if text and not _WORDS.fullmatch(text):
        message = f"{name} of {text!r}"
        raise UnresolvableError(message)
    return re.split(r"[-_ ]", text)


def _snake_case(text: str) -> str:
    return "_".join(_words("snakecase", text))


def _kebab_case(text: str) -> str:
    return "-".join(_words("kebabcase", text))


def _camel_case(text: str) -> str:
    return "".join(word.capitalize() for word in _words("camelcase", text))


def _contains(part: str, text: str) -> bool:
    return part in text


def _has_prefix(part: str, text: str) -> bool:
    return text.startswith(part)


def _has_suffix(part: str, text: str) -> bool:
    return text.endswith(part)


def _quote(*values: Any) -> str:
    return " ".join(quoted(text_of(v)) for v in values if v is not None)


def _single_quote(*values: Any) -> str:
    return " ".join(f"'{plain(v)}'" for v in values if v is not None)


def _cat(*values: Any) -> str:
    return " ".join(plain(v) for v in values if v is not None)


def _indent(spaces: int, text: str) -> str:
    if spaces < 0:
        message = "strings: negative Repeat count"
        raise TemplateError(message)
    if spaces * (text.count("\n") + 1) > LONGEST:
        message = f"indent by {spaces} spaces"
        raise UnresolvableError(message)
    pad = " " * spaces
    return pad + text.replace("\n", "\n" + pad)


def _new_indent(spaces: int, text: str) -> str:
    return "\n" + _indent(spaces, text)


def _replace(old: str, new: str, text: str) -> str:
    if text.count(old) * len(new) > LONGEST:
        message = "replace that gives a very long text"
        raise UnresolvableError(message)
    return text.replace(old, new)


def _plural(one: str, many: str, count: int) -> str:
    return one if count == 1 else many


def _join(separator: str, value: Any) -> str:
    return separator.join(strings_of(value))


def _split_list(separator: str, text: str) -> StringList:
    return StringList(text.split(separator) if separator else list(text))


def _split(separator: str, text: str) -> StringMap:
    return _numbered(_split_list(separator, text))


def _split_at_most(separator: str, count: int, text: str) -> StringMap:
    if count == 0 or not separator:
        message = "splitn with 0 parts or an empty separator"
        raise UnresolvableError(message)
    return _numbered(text.split(separator, count - 1 if count > 0 else -1))


def _numbered(parts: list[str]) -> StringMap:
    return StringMap({f"_{number}": part for number, part in enumerate(parts)})


def _abbrev(width: int, text: str) -> str:
    if width < 4 or len(encoded(text)) <= width:
        return text
    return decoded(encoded(text)[: width - 3]) + "..."


def _sha1(text: str) -> str:
    return hashlib.sha1(encoded(text), usedforsecurity=False).hexdigest()


def _sha256(text: str) -> str:
    return hashlib.sha256(encoded(text)).hexdigest()


def _sha512(text: str) -> str:
    return hashlib.sha512(encoded(text)).hexdigest()


def _adler32(text: str) -> str:
    return str(zlib.adler32(encoded(text)))


FUNCTIONS: dict[str, Function] = {
    "hello": of(lambda: "Hello!"),
    "abbrev": of(_abbrev, INT, STRING),
    "trunc": of(_trunc, INT, STRING),
    "trim": of(_trim, STRING),
    "upper": of(str.upper, STRING),
    "lower": of(str.lower, STRING),
    "title": of(_title, STRING),
    "untitle": of(_untitle, STRING),
    "substr": of(_substr, INT, INT, STRING),
    "repeat": of(_repeat, INT, STRING),
    "trimall": of(_trim_all, STRING, STRING),
    "trimAll": of(_trim_all, STRING, STRING),
    "trimSuffix": of(_trim_suffix, STRING, STRING),
    "trimPrefix": of(_trim_prefix, STRING, STRING),
    "nospace": of(_no_space, STRING),
    "swapcase": of(_swap_case, STRING),
    "snakecase": of(_snake_case, STRING),
    "camelcase": of(_camel_case, STRING),
    "kebabcase": of(_kebab_case, STRING),
    "contains": of(_contains, STRING, STRING),
    "hasPrefix": of(_has_prefix, STRING, STRING),
    "hasSuffix": of(_has_suffix, STRING, STRING),
    "quote": of(_quote, rest=ANY),
    "squote": of(_single_quote, rest=ANY),
    "cat": of(_cat, rest=ANY),
    "indent": of(_indent, INT, STRING),
    "nindent": of(_new_indent, INT, STRING),
    "replace": of(_replace, STRING, STRING, STRING),
    "plural": of(_plural, STRING, STRING, INT),
    "sha1sum": of(_sha1, STRING),
    "sha256sum": of(_sha256, STRING),
    "sha512sum": of(_sha512, STRING),
    "adler32sum": of(_adler32, STRING),
    "toString": of(text_of, ANY),
    "toStrings": of(strings_of, ANY),
    "join": of(_join, STRING, ANY),
    "split": of(_split, STRING, STRING),
    "splitn": of(_split_at_most, STRING, INT, STRING),
    "splitList": of(_split_list, STRING, STRING),
}

from __future__ import annotations

from typing import Any

import pytest

from harness.repo.gotemplate import (
    MissingKey,
    TemplateError,
    UnresolvableError,
    missing_key,
    render,
)
from harness.repo.gotemplate.go_yaml import as_json
from harness.repo.gotemplate.values import StringList, StringMap

DATA: dict[str, Any] = {
    **as_json(
        {
            "name": "My_App", "n": 3, "big": 123456789, "half": 2.5, "on": True, "none": None,
            "empty": "", "list": ["b", "a"], "map": {"a": "x", "b": {"c": "deep"}},
            "labels": {"my-label": "v"},
        }
    ),
    "values": StringMap({"cluster": "c1"}),
    "path": {"path": "apps/dev", "segments": StringList(["apps", "dev"])},
}  # fmt: skip


def _given(text: str, missing: MissingKey = MissingKey.DEFAULT) -> str:
    return render(text, DATA, missing=missing)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a{{ .name }}b", "aMy_Appb"),
        ("{{ .map.b.c }}-{{ (index .map `b`).c }}", "deep-deep"),
        ("{{ index .labels \"my-label\" }}", "v"),
        ("{{ index .path.segments 1 }}", "dev"),
        ("{{ .name | lower | printf \"%s-%s\" \"x\" }}", "x-my_app"),
        ("{{ if .on }}yes{{ else }}no{{ end }}", "yes"),
        ("{{ if .empty }}a{{ else if .on }}b{{ else }}c{{ end }}", "b"),
        ("{{ with .map }}{{ .a }}{{ $.name }}{{ end }}", "xMy_App"),
        ("{{ with .empty }}a{{ else with .name }}{{ . }}{{ end }}", "My_App"),
        ("{{ range .list }}[{{ . }}]{{ end }}", "[b][a]"),
        ("{{ range $i, $e := .list }}{{ $i }}{{ $e }}{{ end }}", "0b1a"),
        ("{{ range $k, $v := .map }}{{ $k }},{{ end }}", "a,b,"),
        ("{{ range .none }}x{{ else }}nothing{{ end }}", "nothing"),
        ("{{ range 3 }}{{ . }}{{ end }}", "012"),
        ("{{ range .list }}{{ if eq . `a` }}{{ break }}{{ end }}{{ . }}{{ end }}", "b"),
        ("{{ range .list }}{{ if eq . `b` }}{{ continue }}{{ end }}{{ . }}{{ end }}", "a"),
        ("{{ $x := `a` }}{{ if .on }}{{ $x = `b` }}{{ end }}{{ $x }}", "b"),
        ("{{ define `t` }}<{{ . }}>{{ end }}{{ template `t` .name }}", "<My_App>"),
        ("{{ block `t` .map }}{{ .a }}{{ end }}", "x"),
        ("a  {{- /* gone */ -}}  b {{- ` c` }}", "ab c"),
        ("{{ and .on .name }} {{ or .empty `d` }} {{ not .on }}", "My_App d false"),
        ("{{ len .list }}{{ len .name }}{{ len `é` }}", "262"),
        ("{{ true }} {{ 0x10 }} {{ 1.5 }} {{ 'a' }} {{ \"\\u00e9\\n\" }}", "true 16 1.5 97 é\n"),
    ],
)  # fmt: skip
def test_the_language_gives_what_go_gives(text: str, expected: str) -> None:
    assert _given(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ .n }} {{ .half }} {{ .on }}", "3 2.5 true"),
        ("{{ .big }}", "1.23456789e+08"),
        ("{{ .none }} {{ .missing }} {{ .missing.more }}", "<no value> <no value> <no value>"),
        ("{{ .list }} {{ .map }}", "[b a] map[a:x b:map[c:deep]]"),
        ('{{ printf "%d" .n }}', "%!d(float64=3)"),
        ('{{ printf "%03d|%-4s|%q|%v|%.1f" 7 "ab" "x" .list .half }}', '007|ab  |"x"|[b a]|2.5'),
        ('{{ printf "%s" }}{{ printf "x" 1 }}', "%!s(MISSING)x%!(EXTRA int=1)"),
    ],
)
def test_values_are_printed_as_go_prints_them(text: str, expected: str) -> None:
    assert _given(text) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{{ .name.more }}", "can't evaluate field more in type interface {}"),
        ("{{ .none.more }}", "nil pointer evaluating interface {}.more"),
        ("{{ eq .n 3 }}", "incompatible types for comparison: float64 and int"),
        ("{{ lower .n }}", "wrong type for value; expected string; got float64"),
        ("{{ lower .missing }}", "invalid value; expected string"),
        ("{{ trunc (sub 5 2) .name }}", "wrong type for value; expected int; got int64"),
        ("{{ hasKey .values `a` }}", "expected map[string]interface {}; got map[string]string"),
        ("{{ dig `values` `x` `d` . }}", "interface {} is map[string]string"),
        ("{{ index .path.segments 9 }}", "index out of range: 9"),
        ("{{ range .name }}{{ end }}", "range can't iterate over My_App"),
        ("{{ div 1 0 }}", "integer divide by zero"),
        ("{{ fail `stop` }}", "error calling fail: stop"),
        ("{{ .labels.my-label }}", "bad character U+002D '-'"),
        ("{{ nosuch .name }}", 'function "nosuch" not defined'),
        ("{{ env `HOME` }}", 'function "env" not defined'),
        ("{{ $x }}", 'undefined variable "$x"'),
        ("{{ if .on }}x", "unexpected EOF"),
        ("{{ .name", "unclosed action"),
        ("{{ lower }}", "wrong number of args for lower: want 1 got 0"),
        ("{{ .name .n }}", "is not a method but has arguments"),
        ("{{ 5 | 6 }}", "non executable command in pipeline stage 2"),
        ("{{ break }}", "{{break}} outside {{range}}"),
        ("{{ template `t` }}", 'template "t" not defined'),
    ],
)  # fmt: skip
def test_what_go_refuses_is_an_error_with_gos_reason(text: str, reason: str) -> None:
    with pytest.raises(TemplateError) as caught:
        _given(text)

    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("missing", "expected"),
    [(MissingKey.DEFAULT, "<no value>,<no value>"), (MissingKey.ZERO, "<no value>,")],
)
def test_a_missing_key_gives_what_the_option_says(missing: MissingKey, expected: str) -> None:
    assert _given("{{ .missing }},{{ .values.missing }}", missing) == expected


@pytest.mark.parametrize("text", ["{{ .missing }}", "{{ .values.missing }}", "{{ .map.x.y }}"])
def test_a_missing_key_is_an_error_where_the_option_says_so(text: str) -> None:
    with pytest.raises(TemplateError, match="map has no entry for key"):
        _given(text, MissingKey.ERROR)


def test_the_last_option_counts_and_unknown_ones_are_refused() -> None:
    assert missing_key(["missingkey=error", "missingkey=invalid"]) is MissingKey.DEFAULT
    with pytest.raises(TemplateError, match="unrecognized option: missing=error"):
        missing_key(["missing=error"])


@pytest.mark.parametrize(
    "text",
    [
        "{{ now }}",
        "{{ randAlpha 5 }}",
        "{{ semverCompare `>1` `2` }}",
        '{{ repeat 1000000 "abc" }}',
        "{{ range until 10000 }}{{ range until 10000 }}{{ end }}{{ end }}",
        "{{ until 100000000 }}",
        "{{ define `t` }}{{ template `t` }}{{ end }}{{ template `t` }}",
        "{{ regexMatch `(a+)+$` .name }}",
    ],
)
def test_chance_time_and_excess_are_not_guessed(text: str) -> None:
    with pytest.raises(UnresolvableError):
        _given(text)


def test_a_function_without_result_matters_only_where_it_is_called() -> None:
    assert _given("{{ if .empty }}{{ now }}{{ end }}x") == "x"

from __future__ import annotations

from typing import Any

import pytest

from harness.repo.gotemplate import TemplateError, render
from harness.repo.gotemplate.functions import FUNCTIONS, WITHOUT_RESULT
from harness.repo.gotemplate.go_yaml import as_json

DATA: dict[str, Any] = as_json(
    {
        "name": "My_App.One",
        "n": 3,
        "list": ["b", "a", "c", ""],
        "map": {"a": "x", "b": {"c": "deep", "n": 7}},
        "on": True,
    }
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ upper .name }} {{ trunc 5 .name }} {{ trunc -3 .name }}", "MY_APP.ONE My_Ap One"),
        ("{{ trimSuffix `One` .name }} {{ trimAll `My` .name }}", "My_App. _App.One"),
        ("{{ replace `_` `-` .name }} {{ contains `App` .name }}", "My-App.One true"),
        ("{{ quote .name .n }} {{ squote `a` }} {{ cat `a` 1 }}", "\"My_App.One\" \"3\" 'a' a 1"),
        ("{{ nindent 2 `a` }}", "\n  a"),
        ("{{ splitList `_` .name }} {{ (split `_` .name)._1 }}", "[My App.One] App.One"),
        ("{{ join `-` .list }} {{ .list | sortAlpha | join `` }}", "b-a-c- abc"),
        ("{{ substr 0 2 .name }} {{ title `a b-c` }} {{ kebabcase `my app` }}", "My A B-C my-app"),
        ("{{ sha256sum `a` | trunc 8 }} {{ b64enc `hi` }} {{ b64dec `aGk=` }}", "ca978112 aGk= hi"),
        ("{{ first .list }}{{ last .list }}{{ rest .list }}{{ initial .list }}", "b[a c ][b a c]"),
        ("{{ has `a` .list }} {{ without .list `a` }}", "true [b c ]"),
        ("{{ uniq (list 1 1 2) }} {{ reverse (list 1 2) }}", "[1 2] [2 1]"),
        ("{{ slice .list 1 3 }} {{ concat (list 1) (list 2) }} {{ compact .list }}",
         "[a c] [1 2] [b a c]"),
        ("{{ dig `b` `c` `z` .map }} {{ dig `q` `r` `z` .map }}", "deep z"),
        ("{{ get .map `a` }} {{ hasKey .map `q` }} {{ pick .map `a` }}", "x false map[a:x]"),
        ("{{ merge (dict `a` 1) (dict `a` 2 `b` 3) }}", "map[a:1 b:3]"),
        ("{{ mergeOverwrite (dict `a` 1) (dict `a` ``) }}", "map[a:]"),
        ("{{ default `d` .none }} {{ coalesce `` `x` }} {{ ternary `a` `b` .on }}", "d x a"),
        ("{{ add 1 2 .n }} {{ sub 5 .n }} {{ div -7 2 }} {{ mod -7 3 }}", "6 2 -3 -1"),
        ("{{ int `012` }} {{ int `12.0` }} {{ int `x` }} {{ int64 .n }} {{ atoi `7` }}",
         "10 12 0 3 7"),
        ("{{ until 3 }} {{ untilStep 1 10 3 }} {{ seq 5 1 }}", "[0 1 2] [1 4 7] 5 4 3 2 1"),
        ("{{ floor 3.7 }} {{ round 3.14159 2 }} {{ addf 1.5 2 }} {{ max 1 5 }}", "3 3.14 3.5 5"),
        ("{{ toJson .map }}", '{"a":"x","b":{"c":"deep","n":7}}'),
        ("{{ toJson `<` }} {{ toRawJson `<` }}", '"\\u003c" "<"'),
        ("{{ (fromJson `{\"k\": [1, 2.5]}`).k }}", "[1 2.5]"),
        ("{{ base `a/b/c` }} {{ dir `a/b/c` }} {{ ext `a.tar.gz` }} {{ clean `a/../b/` }}",
         "c a/b .gz b"),
        ("{{ regexReplaceAll `(a)(b)` `abab` `${2}$1` }} {{ regexFind `[a-z]+` .name }}", "baba y"),
        ("{{ regexSplit `-` `a-b-c` 2 }} {{ regexMatch `a$` \"a\\n\" }}", "[a b-c] false"),
        ("{{ regexFindAll `z` `a` 1 | toJson }} {{ list | toJson }}", "null []"),
        ("{{ typeOf .n }} {{ typeOf (add 1 2) }} {{ kindOf .map }}", "float64 int64 map"),
        ("{{ urlquery `a b&c` }} {{ (urlParse `https://h:1/p?q`).hostname }}", "a+b%26c h"),
    ],
)  # fmt: skip
def test_sprigs_functions_give_what_argo_cd_gives(text: str, expected: str) -> None:
    assert render(text, DATA) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ normalize .name }} {{ normalize `--A/b é..` }}", "my-app.one a-b"),
        ("{{ slugify `Feature/ABC_x` }}", "feature-abc-x"),
        ("{{ slugify 23 `the branch is a long one indeed` }}", "the-branch-is-a-long"),
        ("{{ slugify 10 false `the branch is long` }}", "the-branch"),
        ("{{ slugify 5 `abcdefgh` }}", "abcde"),
        ("{{ toYaml .map }}", 'a: x\nb:\n  c: deep\n  "n": 7'),
        ("{{ toYaml (list `true` 1 `a: b`) }}", "- \"true\"\n- 1\n- 'a: b'"),
        ("{{ (fromYaml `a: {b: yes}`).a.b }}", "true"),
        ("{{ index (fromYamlArray `[x, 2]`) 1 }}", "2"),
    ],
)
def test_argo_cds_own_functions(text: str, expected: str) -> None:
    assert render(text, DATA) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{{ fromYaml `[1]` }}", "cannot unmarshal array into Go value of type map"),
        ("{{ fromYaml `a: [` }}", "error converting YAML to JSON"),
        ("{{ slugify (add 1 2) `x` }}", "interface {} is int64, not int"),
        ("{{ mustRegexMatch `(?=a)` `a` }}", "invalid or unsupported Perl syntax"),
        ("{{ slice .list 3 9 }}", "slice index out of bounds"),
        ("{{ first .name }}", "Cannot find first on type string"),
    ],
)
def test_a_function_used_wrongly_is_an_error(text: str, reason: str) -> None:
    with pytest.raises(TemplateError) as caught:
        render(text, DATA)

    assert reason in str(caught.value)


def test_a_function_has_a_result_here_or_has_none_but_never_both() -> None:
    assert not WITHOUT_RESULT & set(FUNCTIONS)
    assert not {"env", "expandenv", "getHostByName"} & (WITHOUT_RESULT | set(FUNCTIONS))

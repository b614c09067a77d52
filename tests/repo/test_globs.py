from __future__ import annotations

import pytest

from harness.repo.globs import (
    BadPatternError,
    doublestar_pattern,
    folder_pattern,
    literal_prefix,
    pathspec_pattern,
)


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("a/*", "a/b", True),
        ("a/*", "a/b/c", False),
        ("*", "a", True),
        ("a/*-svc", "a/x-svc", True),
        ("a/**", "a/b", True),
        ("a/**", "a/b/c", False),
        ("**", "a/b", False),
        ("a/[bc]*", "a/cd", True),
        ("a/[^b]*", "a/bd", False),
        ("a/[!b]", "a/!", True),
        ("a/?", "a/b", True),
        ("a[^b]c", "a/c", True),
        ("/a/*", "a/b", False),
        ("a/\\*", "a/*", True),
        ("a/{b,c}", "a/b", False),
    ],
)
def test_folders_match_as_in_gos_path_match(pattern: str, path: str, expected: bool) -> None:
    assert bool(folder_pattern(pattern).fullmatch(path)) is expected


@pytest.mark.parametrize("pattern", ["a/[b", "a/[]b]", "a/[b-]", "a\\"])
def test_a_malformed_folder_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(BadPatternError):
        folder_pattern(pattern)


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("config/*.json", "config/a.json", True),
        ("config/*.json", "config/deep/er/a.json", True),
        ("config/**/a.json", "config/x/a.json", True),
        ("config/**/a.json", "config/a.json", False),
        ("**/a.json", "a.json", False),
        ("config", "config/x/a.json", True),
        ("config/", "config/a.json", True),
        ("config", "configs/a.json", False),
        ("config/?.json", "config//.json", True),
        ("config/[ab].json", "config/b.json", True),
        ("config/{a,b}.json", "config/a.json", False),
        ("config/[a.json", "config/[a.json", True),
        ("", "anything", True),
    ],
)
def test_files_match_as_in_git_pathspecs(pattern: str, path: str, expected: bool) -> None:
    assert bool(pathspec_pattern(pattern).fullmatch(path)) is expected


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("config/*.json", "config/deep/a.json", False),
        ("config/**/a.json", "config/a.json", True),
        ("config/**/a.json", "config/x/y/a.json", True),
        ("**", "a/b", True),
        ("config/{a,b*}.json", "config/bc.json", True),
        ("config/{a,b}.json", "config/c.json", False),
        ("a**/b", "ax/y/b", False),
    ],
)
def test_files_match_as_in_doublestar_where_argo_cd_was_told_to(
    pattern: str, path: str, expected: bool
) -> None:
    assert bool(doublestar_pattern(pattern).fullmatch(path)) is expected


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("a/b/*", "a/b"),
        ("a/b*", "a"),
        ("a/b", "a/b"),
        ("*", ""),
        ("a/{{path}}", "a"),
        ("{{path}}", ""),
    ],
)
def test_the_folder_before_the_first_wildcard(pattern: str, expected: str) -> None:
    assert literal_prefix(pattern) == expected

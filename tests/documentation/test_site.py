"""The documentation as a site: every page is in it, and nothing of it is fetched from elsewhere."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.documentation.pages import DOCS, ROOT, loaded

SITE = loaded("site")
ASSET = re.compile(
    r"""<(?:script|img|iframe)[^>]+src=["']?(?:https?:)?//"""
    r"""|<link[^>]+rel=["']?(?:stylesheet|preconnect|icon|preload)[^>]+href=["']?(?:https?:)?//"""
    r"""|url\(["']?(?:https?:)?//""",
)


def nav_pages(nav: list[Any]) -> set[str]:
    found: set[str] = set()
    for entry in nav:
        target = next(iter(entry.values())) if isinstance(entry, dict) else entry
        found |= nav_pages(target) if isinstance(target, list) else {target}
    return found


@pytest.fixture(scope="module")
def settings() -> Any:
    return yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))


def test_every_page_is_in_the_navigation(settings: Any) -> None:
    pages = {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")}

    assert pages - nav_pages(settings["nav"]) == set()


def test_a_page_that_does_not_exist_is_left_out_of_the_navigation(tmp_path: Path) -> None:
    (tmp_path / "a.md").touch()

    assert SITE.existing(["a.md", {"B": "b.md"}, {"C": [{"D": "d.md"}]}], tmp_path) == ["a.md"]


@pytest.mark.parametrize(
    ("link", "kept"),
    [
        ("[words](inside.md)", True),
        ("[words](inside.md#part)", True),
        ("[words](https://example.org)", True),
        ("[words](#here)", True),
        ("[words](../README.md)", False),
        ("[words](adr)", False),
        ("[words](picture.py)", False),
    ],
)
def test_links_out_of_the_documentation_become_words(link: str, kept: bool, tmp_path: Path) -> None:
    folder = tmp_path / "docs"
    (folder / "adr").mkdir(parents=True)

    assert SITE.without_outer_links(link, folder, folder) == (link if kept else "words")


def test_the_site_is_built_without_a_warning_and_without_assets_of_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("NO_MKDOCS_2_WARNING", "1")
    from mkdocs.commands.build import build  # noqa: PLC0415 -- slow to import
    from mkdocs.config import load_config  # noqa: PLC0415

    with caplog.at_level(logging.WARNING, logger="mkdocs"):
        build(load_config(str(ROOT / "mkdocs.yml"), site_dir=str(tmp_path / "site")))

    assert [record.message for record in caplog.records] == []
    built = sorted((tmp_path / "site").rglob("*.html"))
    assert len(built) > 20
    for path in (*built, *(tmp_path / "site").rglob("*.css")):
        assert ASSET.search(path.read_text(encoding="utf-8")) is None, path

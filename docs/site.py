"""What mkdocs asks while it builds the site: links that leave docs/ become plain words.

Pages link to files beside docs/ (README, examples) so that they work on a Git host; the site does
not hold those files. A page of the navigation that does not exist is left out.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(([^)#\s]+)(#[^)\s]*)?\)")


def on_config(config: Any) -> Any:
    """Leaves out pages that do not exist."""
    config["nav"] = existing(config["nav"], Path(config["docs_dir"]))
    return config


def existing(nav: list[Any], folder: Path) -> list[Any]:
    """Returns a navigation without the pages that are not in the folder."""
    kept: list[Any] = []
    for entry in nav:
        title, target = next(iter(entry.items())) if isinstance(entry, dict) else ("", entry)
        if isinstance(target, list):
            inner = existing(target, folder)
            kept += [{title: inner}] if inner else []
        elif (folder / target).is_file():
            kept.append(entry)
    return kept


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:  # noqa: ARG001
    """Replaces links to files that are not part of the site by their words."""
    here = Path(page.file.abs_src_path).parent
    return without_outer_links(markdown, here, Path(config["docs_dir"]))


def without_outer_links(markdown: str, here: Path, folder: Path) -> str:
    """Returns the text with links out of the folder, and to its programs, as plain words."""

    def replaced(match: re.Match[str]) -> str:
        words, target = match.group(1), match.group(2)
        if "://" in target or target.startswith("mailto:"):
            return match.group(0)
        found = (here / target).resolve()
        inside = found.is_relative_to(folder.resolve()) and found.suffix not in {".py", ".yml"}
        return match.group(0) if inside and not found.is_dir() else words

    return LINK.sub(replaced, markdown)

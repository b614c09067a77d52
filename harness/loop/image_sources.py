"""Tells whether an image must be built or delivered again: a print of everything it is made from.

For an image that is built here, the state of the files which its Dockerfile uses, the Dockerfile
itself and the build arguments; a file that was only touched makes a build that Docker has cached.
For any other image its reference and the bundle's image. Reads states of files, never content.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence

from harness.images.plan import PlannedImage
from harness.io.context_files import context_states
from harness.loop.dockerfile_sources import sources, used

Prints = Mapping[str, str]
"""Declared reference -> print."""


def image_print(planned: PlannedImage) -> str:
    """Returns the print of one image; equal as long as nothing it is made from was written."""
    known: list[object] = [planned.use.declared, planned.origin, dict(planned.build_args)]
    if planned.bundled is not None:
        known.append(planned.bundled.image_id)
    if planned.context is not None:
        known += [str(planned.context), planned.dockerfile, _files(planned)]
    return hashlib.sha256(json.dumps(known).encode()).hexdigest()


def _files(planned: PlannedImage) -> list[object]:
    if planned.context is None:
        return []
    states = context_states(planned.context, planned.dockerfile)
    text = (planned.context / planned.dockerfile).read_text(encoding="utf-8", errors="replace")
    return [(name, states[name]) for name in used(states, sources(text), planned.dockerfile)]


def prints(plan: Sequence[PlannedImage]) -> dict[str, str]:
    """Returns the print of every planned image."""
    return {planned.use.declared: image_print(planned) for planned in plan}


def outdated(plan: Sequence[PlannedImage], now: Prints, delivered: Prints) -> list[PlannedImage]:
    """Returns the images that were never delivered, or are made from something else now."""
    return [p for p in plan if delivered.get(p.use.declared) != now[p.use.declared]]

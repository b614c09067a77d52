"""Builds the images whose source is in the tree, several at once, each with its log kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from harness.images.dockerfile import substitute_bases
from harness.images.plan import PlannedImage
from harness.io.build_context import context_archive
from harness.model.errors import ImageError
from harness.model.refs import ImageReference


class Builder(Protocol):
    """What building needs of Docker."""

    def build(
        self,
        context: IO[bytes],
        *,
        dockerfile: str,
        tag: str,
        labels: Mapping[str, str],
        build_args: Mapping[str, str],
        deadline_seconds: float,
    ) -> Iterator[str]:
        """Builds and yields output lines; raises ImageError when a step fails."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildSettings:
    """What all builds of a run share."""

    local_base: Callable[[ImageReference], str | None]
    """Returns the name in Docker of the bundle's image that answers for a base, or None."""
    logs: Path
    labels: Mapping[str, str]
    deadline_seconds: float
    registries_reachable: bool
    stopped: Callable[[], bool] = lambda: False
    """Tells whether the run has ended early; the build is then given up."""


def build_image(
    planned: PlannedImage,
    tag: str,
    *,
    builder: Builder,
    settings: BuildSettings,
    say: Callable[[str], None] = lambda _: None,
) -> Mapping[str, str]:
    """Builds one image and returns the base images that were substituted.

    Raises:
        ImageError: A base is not to be had, or a step failed; the log's last lines are in it.
    """
    folder = planned.context
    if folder is None:
        message = f"{planned.use.declared} has no build context"
        raise ValueError(message)
    source = (folder / planned.dockerfile).read_text(encoding="utf-8")
    changed = substitute_bases(source, settings.local_base)
    if changed.unknown and not settings.registries_reachable:
        raise _unknown_base(planned, folder, changed.unknown[0])
    context, name = context_archive(folder, planned.dockerfile, changed.text)
    log = settings.logs / f"build-{planned.short_name}.log"
    lines: list[str] = []
    try:
        with context, log.open("w", encoding="utf-8") as stream:
            for line in builder.build(
                context,
                dockerfile=name,
                tag=tag,
                labels=settings.labels,
                build_args=planned.build_args,
                deadline_seconds=settings.deadline_seconds,
            ):
                _go_on(settings, tag)
                lines.append(line)
                stream.write(f"{line}\n")
                if line.startswith("Step "):
                    say(f"{planned.short_name}: {line}")
    except ImageError as error:
        raise _failed(planned, folder, error, lines, log) from error
    return changed.replaced


def _go_on(settings: BuildSettings, tag: str) -> None:
    if settings.stopped():
        raise ImageError(attempted="Building", subject=tag, seen="the run ended before")


def _unknown_base(planned: PlannedImage, folder: Path, where: tuple[int, str]) -> ImageError:
    return ImageError(
        attempted="Building",
        subject=planned.use.declared,
        seen=f"line {where[0]} of {folder / planned.dockerfile} starts from {where[1]}, which is "
        "not in the bundle, and no image registry is in reach",
        expected="a base of the bundle, or a registry in reach",
        next_step="harness bundle show lists the bases",
    )


def _failed(
    planned: PlannedImage, folder: Path, error: ImageError, lines: list[str], log: Path
) -> ImageError:
    step = next((line for line in reversed(lines) if line.startswith("Step ")), "")
    last = " | ".join(line.strip() for line in lines[-6:] if line.strip() and line != step)
    return ImageError(
        attempted="Building",
        subject=f"{planned.use.declared} from {folder / planned.dockerfile}",
        seen=f"{step + ': ' if step else ''}{error.seen}"
        + (f"; last output: {last[-700:]}" if last else ""),
        expected="every step of the Dockerfile to succeed",
        next_step=f"docker build {folder}",
        log=str(log),
    )

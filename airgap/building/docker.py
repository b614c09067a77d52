"""Speaks to Docker through its command line, with the classic builder.

Everything made here carries the label ``dev.gitops-harness=bundle`` and a name under
``gitops-harness/``; nothing of others is touched, nothing is pruned.
"""

from __future__ import annotations

import os
import re
import shutil
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from airgap.bench import Bench
from airgap.errors import BuildError
from airgap.process import ignore_line
from airgap.store import Result

LABEL = "dev.gitops-harness=bundle"
STAGE_LABEL = "dev.gitops-harness.stage"
"""On images that are only steps on the way: the part. The finished image has it empty, so that what
users build on it is not taken for a step."""
_BUILD_DEADLINE_SECONDS = 3600.0
_MOVE_DEADLINE_SECONDS = 1200.0
"""For saving, loading and importing archives."""
_QUICK_DEADLINE_SECONDS = 120.0
_STEP = re.compile(r"Step (\d+)/(\d+) : (.*)")
_UNREACHABLE = "docker daemon"
"""Part of what the client says if it reaches no daemon, or may not."""
_loading = threading.Lock()


def reference_of(bench: Bench) -> str:
    """The name in Docker of the image that this bench makes."""
    kind, _, name = bench.part.partition("-")
    short = f"base-{name}" if kind == "rootfs" else name
    return f"gitops-harness/{short}:{bench.key[:12]}"


def build(
    bench: Bench,
    context: Path,
    reference: str,
    *,
    arguments: Mapping[str, str],
) -> str:
    """Builds an image and returns its id; what were only steps on the way is removed.

    After a failure the steps stay: the next attempt goes on from them.
    """
    revision = str(bench.settings["revision"])
    given = {**arguments, "STAGE": bench.part, "REVISION": revision, **proxies_of(os.environ)}

    def follow(line: str) -> None:
        if step := _STEP.match(line):
            bench.say(step[3][:120], int(step[1]), int(step[2]))

    docker(
        bench,
        "build",
        "--force-rm",
        "--network=default",
        f"--label={LABEL}",
        f"--label={STAGE_LABEL}=",
        f"--tag={reference}",
        *(f"--build-arg={name}={value}" for name, value in given.items()),
        str(context),
        deadline_seconds=_BUILD_DEADLINE_SECONDS,
        on_line=follow,
    )
    _remove_stages(bench)
    return image_id(bench, reference)


def proxies_of(environment: Mapping[str, str]) -> dict[str, str]:
    """The proxies of an environment; Docker keeps these arguments out of images and their cache."""
    names = ("http_proxy", "https_proxy", "no_proxy")
    return {
        name: environment[name]
        for name in (*names, *(name.upper() for name in names))
        if environment.get(name)
    }


def image_id(bench: Bench, reference: str) -> str:
    """The id of an image that exists."""
    return docker(bench, "image", "inspect", "--format={{.Id}}", reference)[-1]


def save(bench: Bench, references: Sequence[str], archive: Path) -> None:
    """Writes images to one archive."""
    bench.say(f"saving {archive.name}")
    docker(
        bench,
        "save",
        f"--output={archive}",
        *references,
        deadline_seconds=_MOVE_DEADLINE_SECONDS,
    )


def import_root(bench: Bench, archive: Path, reference: str) -> None:
    """Makes an image of a root file system."""
    docker(
        bench,
        "import",
        f"--change=LABEL {LABEL}",
        '--change=CMD ["/bin/bash"]',
        "--change=ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        str(archive),
        reference,
        deadline_seconds=_MOVE_DEADLINE_SECONDS,
    )


def load_missing(bench: Bench, result: Result) -> str:
    """Puts the image of a finished part back into Docker if it is gone, and returns its name."""
    reference = result.text("reference")
    with _loading:
        if docker(bench, "image", "ls", "--quiet", reference):
            return reference
        root = result.folder / "rootfs.tar"
        if root.exists():
            import_root(bench, root, reference)
        else:
            docker(
                bench,
                "load",
                f"--input={result.folder / 'image.tar'}",
                deadline_seconds=_MOVE_DEADLINE_SECONDS,
            )
    return reference


def package_versions(bench: Bench, reference: str, packages: Sequence[str]) -> dict[str, str]:
    """The versions of distribution packages that an image holds."""
    if not packages:
        return {}
    lines = docker(
        bench,
        "run",
        "--rm",
        f"--label={LABEL}",
        "--network=none",
        "--entrypoint=dpkg-query",
        reference,
        "--show",
        "--showformat=${Package} ${Version}\\n",
        *packages,
    )
    return dict(line.split(" ", 1) for line in lines if " " in line)


def take_out(bench: Bench, reference: str, path: str, target: Path) -> None:
    """Copies a path out of an image, then removes the image."""
    container = docker(bench, "create", f"--label={LABEL}", reference, "true")[-1]
    try:
        docker(
            bench, "cp", f"{container}:{path}", str(target), deadline_seconds=_MOVE_DEADLINE_SECONDS
        )
    finally:
        docker(bench, "rm", "--force", container)
    docker(bench, "image", "rm", reference)


def docker(
    bench: Bench,
    *words: str,
    deadline_seconds: float = _QUICK_DEADLINE_SECONDS,
    on_line: Callable[[str], None] = ignore_line,
) -> list[str]:
    """Runs one command of Docker.

    Raises:
        BuildError: there is no Docker, or it refused.
    """
    if shutil.which("docker") is None:
        msg = "There is no `docker` on the path: install Docker, then start again."
        raise BuildError(msg)
    try:
        return bench.run(
            "docker",
            *words,
            deadline_seconds=deadline_seconds,
            environment={"DOCKER_BUILDKIT": "0", "DOCKER_CLI_HINTS": "false"},
            on_line=on_line,
        )
    except BuildError as error:
        if _UNREACHABLE not in str(error):
            raise
        msg = f"Docker does not answer: {error} Start it, or let this user reach it, and try again."
        raise BuildError(msg) from error


def _remove_stages(bench: Bench) -> None:
    """Removes untagged images of this part's builds alone; one in use is kept by Docker."""
    try:
        found = docker(
            bench,
            "image",
            "ls",
            "--quiet",
            "--filter=dangling=true",
            f"--filter=label={STAGE_LABEL}={bench.part}",
        )
        if found:
            docker(bench, "image", "rm", *dict.fromkeys(found))
    except BuildError:
        bench.say("an intermediate image is still in use and was kept")

"""Makes the base file systems from Debian packages, with the host's additional certificates.

``mmdebstrap`` chooses the archive by its own default and the host's configuration. The result is
imported into Docker under a name of ours.
"""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Mapping, Sequence

from airgap.bench import Bench
from airgap.building.docker import import_root, reference_of
from airgap.errors import BuildError

_DEADLINE_SECONDS = 1800.0
_CERTIFICATES = "/usr/local/share/ca-certificates"


def build_rootfs(bench: Bench) -> Mapping[str, object]:
    """Makes ``rootfs.tar`` of a suite and imports it into Docker."""
    _require_mmdebstrap(bench)
    archive = bench.folder / "rootfs.tar"
    bench.say("installing packages")
    bench.run(
        "mmdebstrap",
        "--variant=minbase",
        f"--include={','.join(bench.texts('include'))}",
        *_path_options(bench),
        *_certificate_hooks(bench.texts("certificates")),
        bench.text("suite"),
        str(archive),
        deadline_seconds=_DEADLINE_SECONDS,
        on_line=lambda line: bench.say(line.removeprefix("I: ")[:120]),
    )
    reference = reference_of(bench)
    import_root(bench, archive, reference)
    return {"reference": reference}


def _path_options(bench: Bench) -> list[str]:
    """Options of dpkg stay in force inside the file system, for the packages of later layers."""
    return [
        *(f"--dpkgopt=path-exclude={pattern}" for pattern in bench.texts("path_exclude")),
        *(f"--dpkgopt=path-include={pattern}" for pattern in bench.texts("path_include")),
    ]


def _certificate_hooks(certificates: Sequence[str]) -> list[str]:
    if not certificates:
        return []
    copies = [
        f"--customize-hook=upload {shlex.quote(path)} {_CERTIFICATES}/added-{number}.crt"
        for number, path in enumerate(certificates)
    ]
    return [
        f'--customize-hook=mkdir -p "$1{_CERTIFICATES}"',
        *copies,
        '--customize-hook=chroot "$1" update-ca-certificates',
    ]


def _require_mmdebstrap(bench: Bench) -> None:
    """Installs mmdebstrap where that is ours to do: as root on a machine with apt."""
    if shutil.which("mmdebstrap"):
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        msg = (
            "The base file systems are made by mmdebstrap, which is not installed, and installing "
            "it takes root on Debian or Ubuntu. Install it (there: apt-get install mmdebstrap "
            "debian-archive-keyring) and start again; what is finished is kept."
        )
        raise BuildError(msg)
    bench.say("installing mmdebstrap")
    environment = {"DEBIAN_FRONTEND": "noninteractive"}
    bench.run("apt-get", "update", deadline_seconds=600, environment=environment)
    bench.run(
        "apt-get",
        "install",
        "-y",
        "--no-install-recommends",
        "mmdebstrap",
        "debian-archive-keyring",
        deadline_seconds=600,
        environment=environment,
    )

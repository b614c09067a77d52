"""The promise: one file of a failed run is enough to come to the same verdict somewhere else.

The second run has nothing of the first but the file: another folder, another state, no tree. That
no secret is in the file is looked for here by planted values, not by the harness' own search.
"""

from __future__ import annotations

import base64
import gzip
import json
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from harness.model.errors import ExitCode
from scenarios.conftest import CommandLine, in_docker
from scenarios.faults.musiccorp import MUSICCORP

pytestmark = pytest.mark.nightly

PLANTED = "pl4nted/Value+of=a secret"
"""The value of a secret: in harness.toml, or in a Secret that the tree declares."""


@pytest.fixture
def elsewhere(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[CommandLine]:
    """Another machine, as far as the harness can tell: another state and another folder."""
    bundle = request.config.getoption("--gitops-bundle")
    line = CommandLine(tmp_path / "elsewhere" / "state", tmp_path / "elsewhere" / "out", bundle)
    before = in_docker()
    yield line
    line.run("down")
    assert in_docker() == before


def moved(harness: CommandLine, tmp_path: Path) -> Path:
    """Takes the archive of a run to another folder, and everything else of the run away."""
    target = tmp_path / "elsewhere" / "yesterday.tar.gz"
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(harness.output / "evidence.tar.gz", target)
    shutil.rmtree(harness.output)
    return target


def test_a_failure_is_reproduced_from_one_file(
    harness: CommandLine, elsewhere: CommandLine, musiccorp: Path, tmp_path: Path
) -> None:
    settings = musiccorp / "harness.toml"
    literal = f'\n[secrets.order-db.data]\npassword = "{PLANTED}"\n'
    settings.write_text(settings.read_text() + literal)
    failed = harness.e2e(musiccorp, "--withhold", "ghcr-secret")
    assert failed.code == ExitCode.ROOT_CAUSE
    archive = moved(harness, tmp_path)
    shutil.rmtree(musiccorp)

    shows_nothing(archive)
    report = elsewhere.run("report", str(archive), "--markdown")
    assert report.code == 0
    assert "ghcr-secret" in report.text
    diagnosed = elsewhere.run("diagnose", str(archive))
    assert diagnosed.code == ExitCode.ROOT_CAUSE
    assert "ghcr-secret" in diagnosed.text

    again = elsewhere.run("reproduce", str(archive), "--output", str(elsewhere.output))

    assert again.code == ExitCode.OK, again.text
    assert "Nothing is known to differ before the start." in again.text
    assert "Same verdict: " in again.text
    assert "ghcr-secret" in again.text.split("Same verdict: ")[-1].splitlines()[0]


def test_a_mended_tree_comes_to_another_verdict_and_says_why(
    harness: CommandLine, elsewhere: CommandLine, musiccorp: Path, tmp_path: Path
) -> None:
    broken = Path(shutil.copytree(musiccorp, tmp_path / "broken"))
    fault = next(f for f in MUSICCORP if f.name == "corp-wrong-key")
    for edit in fault.edits:
        edit(broken)
    declared = broken / "gitops-deploys/overlays/dev/databases/order-db.yaml"
    declared.write_text(declared.read_text().replace("only-for-this-scenario", f'"{PLANTED}"'))
    assert harness.e2e(broken).code == fault.exit_code
    archive = moved(harness, tmp_path)
    shows_nothing(archive)

    arguments = ("--tree", str(musiccorp), "--output", str(elsewhere.output), "--quiet")
    mended = elsewhere.run("reproduce", str(archive), *arguments)

    assert mended.code == ExitCode.DIFFERENT, mended.text
    assert "the verdict was failed, now it is passed" in mended.text
    assert "S08 on Secret musiccorp-dev/order-db was found then and not now" in mended.text
    changed = "gitops-deploys/overlays/dev/databases/kustomization.yaml differs"
    assert changed in mended.text


def shows_nothing(archive: Path) -> None:
    """Searches everything in an archive, also inside what is compressed, for the planted value."""
    spellings = {
        PLANTED,
        quote(PLANTED, safe=""),
        json.dumps(PLANTED)[1:-1],
        base64.b64encode(PLANTED.encode()).decode().rstrip("=")[:-1],
    }
    with tarfile.open(archive) as tar:
        for member in tar.getmembers():
            stream = tar.extractfile(member)
            data = stream.read() if stream else b""
            if data.startswith(b"\x1f\x8b"):
                data = gzip.decompress(data)
            text = data.decode(errors="replace")
            assert [s for s in spellings if s in text or s in member.name] == [], member.name
            assert "PRIVATE KEY-----\n" not in text, member.name

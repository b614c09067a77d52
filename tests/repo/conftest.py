from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from harness.io.process import Completed


class KustomizeTable:
    """Answers `kustomize build FOLDER` from a table; anything else fails the test."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, str]] = {}

    def run(
        self,
        argv: Sequence[str],
        *,
        deadline_seconds: float,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        stdin: str | None = None,
    ) -> Completed:
        assert argv[:2] == ["kustomize", "build"]
        assert deadline_seconds > 0
        assert cwd is not None
        assert env is None or set(env) <= {"GOGC", "GOMEMLIMIT"}
        assert stdin is None
        code, text = self.answers.pop(Path(argv[2]).relative_to(cwd).as_posix())
        out, err = (text, "") if code == 0 else ("", text)
        return Completed(argv=tuple(argv), returncode=code, stdout=out, stderr=err)


@pytest.fixture
def kustomize() -> KustomizeTable:
    return KustomizeTable()

from __future__ import annotations

import copy

from harness.model.errors import ExitCode, HarnessError, ImageError


def _subclasses(cls: type[HarnessError]) -> list[type[HarnessError]]:
    found = []
    for sub in cls.__subclasses__():
        found += [sub, *_subclasses(sub)]
    return found


def test_every_exit_code_means_one_thing() -> None:
    codes = [cls.exit_code for cls in _subclasses(HarnessError)]

    assert len(codes) == len(set(codes))
    assert ExitCode.OK not in codes
    results = {ExitCode.OK, ExitCode.AUDIT, ExitCode.DRIFT, ExitCode.INTERNAL}
    results |= {ExitCode.DIFFERENT, ExitCode.INTERRUPTED}
    results |= {ExitCode.POLICIES, ExitCode.POLICIES_UNPROVEN}
    assert not results & set(codes)
    assert {*codes, *results} == set(ExitCode)
    assert len(ExitCode.__members__) == len(set(ExitCode)), "no number has two names"


def test_an_error_is_one_paragraph_with_all_its_parts() -> None:
    error = HarnessError(
        attempted="Rendering",
        subject="overlays/dev",
        seen="no such folder",
        expected="a folder",
        next_step="correct the path",
        log="run/log",
    )

    assert error.paragraph() == (
        "Rendering overlays/dev failed: no such folder. Expected: a folder. "
        "Next: correct the path. Full output: run/log."
    )


def test_an_error_can_be_copied() -> None:
    error = ImageError(attempted="Building", subject="x", seen="no")

    assert copy.deepcopy(error).paragraph() == error.paragraph()
    assert type(copy.deepcopy(error)) is ImageError

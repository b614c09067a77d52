"""`harness diagnose` waits for nothing that it does not use."""

from __future__ import annotations

import subprocess
import sys

SLOW = ("kubernetes", "docker", "pydantic", "harness.bundle", "harness.repo", "harness.stages")


def test_an_examination_imports_neither_clients_nor_the_stages_of_a_run() -> None:
    code = f"import sys, harness.examine; print([m for m in {SLOW} if m in sys.modules])"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"

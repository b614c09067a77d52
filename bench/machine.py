"""What was measured on: facts of the machine without its name, and the date."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from pathlib import Path

import psutil


def facts() -> dict[str, str]:
    """Returns what a reader needs to compare."""
    return {
        "date": datetime.now(tz=UTC).date().isoformat(),
        "processors": str(os.cpu_count()),
        "processor": processor(Path("/proc/cpuinfo").read_text(encoding="utf-8")),
        "memory": f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
        "kernel": platform.release().partition("-")[0],
        "python": platform.python_version(),
        "load before": f"{os.getloadavg()[0]:.1f}",
    }


def processor(cpuinfo: str) -> str:
    """Returns the model named by the text of `/proc/cpuinfo`; `unknown` where it names none."""
    for line in cpuinfo.splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return "unknown"

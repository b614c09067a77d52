"""The exit codes of a service, after sysexits.h.

0 done, 69 a dependency stayed away, 70 a fault of ours, 78 the configuration is wrong.
Next: `program`, which ends the process with them.
"""

from __future__ import annotations

import os

__all__ = ["CannotRun"]


class CannotRun(Exception):  # noqa: N818 - read as a sentence where it is caught
    """The process has to end; the text says why in one line."""

    exit_code = os.EX_SOFTWARE

"""The errors of a build, each with the paragraph a person reads.

Whoever raises one says what was tried, what was seen and what to do; ``scheduler`` adds the part
and the log file, ``__main__`` chooses the exit code.
"""

from __future__ import annotations


class BuildError(Exception):
    """A part could not be built; the message is a paragraph."""


class CancelledBuildError(Exception):
    """The build was told to stop; nothing is wrong with the part."""


class RequestError(ValueError):
    """The command line asks for something that does not exist; exit code 2."""

"""A context counts only after a person, or a script that was written for it, has named it twice.

Pure but for the question, which is passed in; where nobody can be asked, `--confirm` must say it.
"""

from __future__ import annotations

from collections.abc import Callable

from harness.model.errors import UsageError

Ask = Callable[[str], str]
"""Shows a question to a person and returns the answer."""


def confirm(context: str, server: str, does: str, *, given: str, ask: Ask | None) -> None:
    """Returns when the context was confirmed by its name.

    Args:
        context: Its name.
        server: The address behind it, for the person who is asked.
        does: What will be done there, as a clause.
        given: What `--confirm` says; empty for nothing.
        ask: Asks a person; None where there is no terminal.

    Raises:
        UsageError: It was not confirmed, or another name was given.
    """
    if given:
        if given != context:
            raise _refused(context, f"--confirm says {given}")
        return
    if ask is None:
        raise _refused(context, "nobody confirmed it, and there is no terminal to ask at")
    question = (
        f"Context {context} is the cluster at {server}. The run {does}.\n"
        "Type the context's name to go on"
    )
    answer = ask(question).strip()
    if answer != context:
        raise _refused(context, f"{answer or 'nothing'} was typed")


def _refused(context: str, seen: str) -> UsageError:
    return UsageError(
        attempted="Using the context",
        subject=context,
        seen=seen,
        expected="its name once more; nothing was read or made",
        next_step=f"--confirm {context}",
    )

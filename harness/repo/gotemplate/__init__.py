"""Go's `text/template` with the functions that Argo CD gives to ApplicationSets.

Gives what Argo CD would give, or says why not: `TemplateError` where Argo CD reports an error,
`UnresolvableError` where the result rests on something that is not here. No library of the Python
package index does this: the ones that exist wrap a shared object of old Go releases.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from harness.repo.gotemplate.errors import TemplateError, UnresolvableError
from harness.repo.gotemplate.evaluator import Budget, MissingKey, Run
from harness.repo.gotemplate.functions import FUNCTIONS, NAMES
from harness.repo.gotemplate.nodes import Template
from harness.repo.gotemplate.parser import parse

__all__ = ["Budget", "MissingKey", "TemplateError", "UnresolvableError", "missing_key", "render"]


def render(
    text: str,
    data: Any,
    *,
    missing: MissingKey = MissingKey.DEFAULT,
    budget: Budget | None = None,
) -> str:
    """Returns what the template gives for `data`.

    Args:
        text: The template.
        data: The value of `.`.
        missing: What a key that is not there gives.
        budget: Shared by the templates that belong together; without it this one stands alone.

    Raises:
        TemplateError: Argo CD would report an error; the text is Go's reason.
        UnresolvableError: A function or a limit leaves the result open.
    """
    if "{{" not in text:
        return text
    try:
        return Run(_parsed(text), FUNCTIONS, missing, budget or Budget()).text(data)
    except RecursionError as error:
        message = "the template is nested too deeply"
        raise UnresolvableError(message) from error


@lru_cache(maxsize=512)
def _parsed(text: str) -> Template:
    return parse(text, NAMES)


def missing_key(options: Sequence[Any]) -> MissingKey:
    """Returns what `goTemplateOptions` say of missing keys; the last one counts.

    Raises:
        TemplateError: Go knows no such option.
    """
    found = MissingKey.DEFAULT
    words = {f"missingkey={word}": word for word in MissingKey}
    words["missingkey=invalid"] = MissingKey.DEFAULT
    for option in options:
        if option not in words:
            message = f"unrecognized option: {option}"
            raise TemplateError(message)
        found = words[option]
    return found

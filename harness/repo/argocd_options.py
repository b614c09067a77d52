"""The build options that a repository gives Argo CD's kustomize, where it declares them. Pure.

They stand in the ConfigMap `argocd-cm` (`kustomize.buildOptions`), in the values of Argo CD's chart
under the same key, or in an operator's `ArgoCD` (`kustomizeBuildOptions`): read as text, because
any of them only makes a build more lenient than Argo CD's default.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_DECLARED = re.compile(
    r"""^[ \t]*["']?kustomize(?:\.buildOptions|BuildOptions)["']?[ \t]*:[ \t]*(\S.*)$""",
    re.MULTILINE,
)


def build_options(texts: Iterable[str]) -> tuple[str, ...]:
    """Returns the options of every file, in order; empty where none declares any."""
    found = (
        line.strip().strip("\"'")
        for text in texts
        if "uildOptions" in text
        for line in _DECLARED.findall(text)
    )
    return tuple(dict.fromkeys(word for options in found for word in options.split()))

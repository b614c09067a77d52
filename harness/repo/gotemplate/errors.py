"""Two ways in which a template has no result: Argo CD reports an error, or only a cluster knows.

The difference is the point of this package: the first is a defect of the repository, the second is
no fault at all.
"""

from __future__ import annotations


class TemplateError(Exception):
    """Argo CD reports an error here; the text is the reason as Go words it."""


class UnresolvableError(Exception):
    """What the template gives depends on something that this tree does not hold."""

"""Has Argo CD look at a new commit, and again at what failed or still lags behind.

A refresh that comes while Argo CD acts on the one before is lost: at the end of that it removes the
annotation, also the new one, and looks at Git again after three minutes only (argo-cd
`controller/appcontroller.go`, `persistAppStatus`; `timeout.reconciliation`). So who is not at the
revision is asked again until it is.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from harness.gitops.argocd import REFRESH, ArgoApi, refresh, refresh_failed
from harness.gitops.argocd_manifest import NAMESPACE
from harness.io.kube import KubeError
from harness.model.kinds import object_path
from harness.model.refs import ObjectRef
from harness.model.run import ApplicationStatus


@dataclass(slots=True, kw_only=True)
class Refresher:
    """Asks as often as it is called; the first time everything."""

    kube: ArgoApi
    revision: str
    statuses: Callable[[], Iterable[ApplicationStatus]]
    """Returns the expected Applications as they were last seen."""
    _asked: bool = False

    def ask(self) -> None:
        """Asks once; an API server that does not answer is asked again next time."""
        with contextlib.suppress(KubeError):
            if not self._asked:
                refresh(self.kube)
                self._asked = True
                return
            refresh_failed(self.kube)
            for name in lagging(self.statuses(), self.revision):
                self._again(name)

    def _again(self, name: str) -> None:
        path = object_path(ObjectRef("Application", NAMESPACE, name))
        for value in (None, "normal"):
            self.kube.merge(path, {"metadata": {"annotations": {REFRESH: value}}})


def lagging(statuses: Iterable[ApplicationStatus], revision: str) -> list[str]:
    """Returns the Applications that have looked at Git, and at an older commit."""
    return [s.name for s in statuses if s.name and s.revision and s.revision != revision]

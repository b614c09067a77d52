"""The known pods, asked again and again whom a selector means. Pure; answers are remembered.

To say what a blocked connection lacks, every policy is held against every pod, for each blocked
client anew. The answers do not depend on the client, so each question is answered once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from itertools import islice

from harness.connectivity.addresses import Match
from harness.connectivity.peers import Endpoint, Namespaces, Peer, match_peer
from harness.connectivity.selectors import Selector, selects

SEVERAL = 2


class Population:
    """The pods of some namespaces, one for each kind of pod that policies can tell apart."""

    def __init__(self, pods: Iterable[Endpoint] = (), namespaces: Namespaces | None = None) -> None:
        """Holds pods; `namespaces` are the labels of the cluster's namespaces."""
        self._pods = tuple(pods)
        self._namespaces = namespaces or {}
        self._local: dict[str, list[Endpoint]] = defaultdict(list)
        for pod in self._pods:
            self._local[pod.namespace].append(pod)
        self._selected: dict[tuple[str, str], bool] = {}
        self._meant: dict[tuple[str, str], int] = {}
        self._fulfilled: dict[str, bool] = {}

    def __bool__(self) -> bool:
        return bool(self._pods)

    def selects_nobody(self, selector: Selector, namespace: str) -> bool:
        """Tells whether a namespace has known pods and a selector selects none of them."""
        local = self._local.get(namespace)
        if not local:
            return False
        key = namespace, repr(selector)
        if key not in self._selected:
            self._selected[key] = any(selects(selector, pod.labels) for pod in local)
        return not self._selected[key]

    def meant_by(self, peer: Peer, namespace: str) -> int:
        """Returns how many pods a peer of a policy in `namespace` means; `SEVERAL` for more."""
        key = namespace, repr(peer)
        if key not in self._meant:
            names = self._namespaces
            found = (p for p in self._pods if match_peer(peer, p, namespace, names) is Match.YES)
            self._meant[key] = len(list(islice(found, SEVERAL)))
        return self._meant[key]

    def is_namespace(self, selector: Selector) -> bool:
        """Tells whether a namespaceSelector is fulfilled by a known namespace."""
        key = repr(selector)
        if key not in self._fulfilled:
            known = (Endpoint(namespace=name) for name in self._namespaces)
            self._fulfilled[key] = any(
                selects(selector, each.labels_of_namespace(self._namespaces)) for each in known
            )
        return self._fulfilled[key]

"""How soon the absence of an object counts: at once in a closed world, later in an open one.

Class T0c: the object is absent from the cluster, from every rendered Application of the
environment and from what the harness provides, and no operator's object would produce it. Where
one of these is open the signal needs repetition, and where the object is on its way it is waiting.
"""

from __future__ import annotations

from harness.diagnosis.facts import Appearance, Facts
from harness.diagnosis.signal import NEVER, T0, Need, t1
from harness.model.refs import ObjectRef

DEFAULT = t1(3, 60)
EXPECTED_GRACE_SECONDS = 120.0


def absence(facts: Facts, ref: ObjectRef, otherwise: Need = DEFAULT) -> Need:
    """Returns what it takes until the absence of `ref` counts."""
    match facts.appearance(ref):
        case Appearance.PRESENT:
            return NEVER
        case Appearance.NEVER:
            return T0
        case Appearance.POSSIBLE:
            return otherwise
        case Appearance.EXPECTED:
            return t1(max(otherwise.count, 3), max(otherwise.seconds, EXPECTED_GRACE_SECONDS))

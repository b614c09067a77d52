"""The bundle: everything that runs in the cluster, built, pulled, loaded or found in the cache.

`ensure_bundle` is the way in for a run; `ensure_images` puts its images into Docker.
"""

from harness.bundle.choose import Choice, parse_choice
from harness.bundle.docker_images import ensure_images
from harness.bundle.effects import Effects, Site, site_from
from harness.bundle.ensure import ensure_bundle
from harness.bundle.manifest import read_bundle, verify
from harness.bundle.progress import PartProgress, PartState

__all__ = [
    "Choice",
    "Effects",
    "PartProgress",
    "PartState",
    "Site",
    "ensure_bundle",
    "ensure_images",
    "parse_choice",
    "read_bundle",
    "site_from",
    "verify",
]

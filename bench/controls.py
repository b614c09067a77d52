"""Slow but healthy deployments: whoever calls one of these failed has given a false alarm.

They are the situations in which tools that fail early had to be softened (see
`docs/benchmarks.md`): a long start, a client that crashes until its dependency is up, a progress
deadline shorter than the start, a provisioner that is away, a Secret that comes later.
"""

from __future__ import annotations

from bench.case import Case
from bench.manifests import deployment, from_secret, secret, service, stateful_set

START_SECONDS = "35"

CONTROLS = (
    Case(
        name="slow-start",
        title="start of 35 s",
        objects=(deployment("web", variables={"START_SECONDS": START_SECONDS}),),
        workloads=("deployment/web",),
    ),
    Case(
        name="late-dependency",
        title="dependency up after 35 s, client crashes meanwhile",
        objects=(
            deployment("store", variables={"START_SECONDS": START_SECONDS}),
            service("store"),
            deployment("web", variables={"NEEDS": "store:8080", "PATIENCE": "1"}),
        ),
        workloads=("deployment/store", "deployment/web"),
    ),
    Case(
        name="short-progress-deadline",
        title="start of 35 s with `progressDeadlineSeconds: 15`",
        objects=(
            deployment(
                "web",
                variables={"START_SECONDS": START_SECONDS},
                spec={"progressDeadlineSeconds": 15},
            ),
        ),
        workloads=("deployment/web",),
    ),
    Case(
        name="late-secret",
        title="declared Secret that is delivered 25 s later",
        objects=(
            deployment("web", container={"env": [from_secret("TOKEN", "late-login", "password")]}),
        ),
        workloads=("deployment/web",),
        late=(secret("late-login", password="not one"),),  # noqa: S106 # not one
        late_seconds=25,
    ),
    Case(
        name="late-provisioner",
        title="volume provisioner away for 40 s",
        objects=(service("store"), stateful_set("store")),
        workloads=("statefulset/store",),
        away_seconds=40,
    ),
)

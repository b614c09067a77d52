"""Waits with the fixture of pytest-kubernetes until workloads are available.

Runs in an environment that has pytest-kubernetes, not the harness. BENCH_NAMESPACE, BENCH_SECONDS
and BENCH_WORKLOADS (`kind/name` each) say for what.
"""

import os

CONDITIONS = {
    "deployment": "condition=Available",
    "statefulset": "jsonpath={.status.availableReplicas}=1",
}


def test_the_workloads_become_available(k8s) -> None:  # type: ignore[no-untyped-def]
    """The fixture adopts the cluster of --k8s-kubeconfig-override and waits with kubectl."""
    k8s.create()
    for workload in os.environ["BENCH_WORKLOADS"].split():
        k8s.wait(
            workload,
            CONDITIONS[workload.partition("/")[0]],
            timeout=int(os.environ["BENCH_SECONDS"]),
            namespace=os.environ["BENCH_NAMESPACE"],
        )

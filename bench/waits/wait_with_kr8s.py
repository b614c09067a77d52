"""Waits with kr8s until workloads are available: NAMESPACE SECONDS KIND/NAME...

Exit code 0 when all are, 1 when the time is over. Runs in an environment that has kr8s, not the
harness; `condition=Available` is what kr8s' documentation waits for with a Deployment.
"""

import sys
import time

import kr8s  # type: ignore[import-not-found]

CONDITIONS = {
    "deployment": "condition=Available",
    "statefulset": "jsonpath='{.status.availableReplicas}'=1",
}


def main(namespace: str, seconds: str, *workloads: str) -> int:
    """Waits for one workload after the other within one limit."""
    end = time.monotonic() + float(seconds)
    for workload in workloads:
        kind, _, name = workload.partition("/")
        for found in kr8s.get(f"{kind}s.apps", name, namespace=namespace):
            try:
                found.wait(CONDITIONS[kind], timeout=max(1, int(end - time.monotonic())))
            except TimeoutError:
                print(f"timed out waiting for {workload}")
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

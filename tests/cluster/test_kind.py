from __future__ import annotations

from harness.cluster.kind import complaint
from harness.io.process import Completed

TAKEN = """\
Creating cluster "x" ...
ERROR: failed to create cluster: command "docker run --name x --hostname x" failed with error: 125
Command Output: 3b4d
docker: Error response from daemon: driver failed: Bind for 127.0.0.1:80: port is already allocated.

Stack Trace:
error: not this one
"""
KUBEADM = """\
ERROR: failed to create cluster: failed to init node with kubeadm: command "docker exec --privileged x" failed
Command Output: I1122 init.go
error execution phase wait-control-plane: the API server did not answer
k8s.io/kubernetes/cmd/kubeadm/app/cmd/phases/workflow.(*Runner).Run.func1
"""  # noqa: E501 -- as kind prints it


def _ended(stderr: str) -> Completed:
    return Completed(argv=("kind",), returncode=1, stdout="", stderr=stderr)


def test_the_reason_of_a_failed_command_is_told_and_the_command_cut() -> None:
    assert complaint(_ended(TAKEN)) == (
        'failed to create cluster: command "docker run …" failed with error: 125: docker: Error '
        "response from daemon: driver failed: Bind for 127.0.0.1:80: port is already allocated."
    )


def test_kubeadms_reason_is_told() -> None:
    assert complaint(_ended(KUBEADM)).endswith("wait-control-plane: the API server did not answer")


def test_without_an_error_line_the_last_words_are_told() -> None:
    assert complaint(_ended("no space left on device")) == ("exit code 1: no space left on device")

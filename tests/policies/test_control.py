"""The control says whether the cluster enforces, and leaves nothing behind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from harness.manifests.pods import Object
from harness.model.policies import Control, Enforcement, Reply
from harness.model.refs import ObjectRef
from harness.policies.control import DENY_SECONDS, START_SECONDS, Experiment, control
from harness.policies.probes import Answer, Probe, Stand
from tests.policies.api import Api
from tests.policies.shop import Clock

NAMESPACE = "gitops-harness-control-x"
DNS_POD: Object = {
    "metadata": {"name": "coredns-0", "namespace": "kube-system"},
    "spec": {"containers": [{"image": "registry.k8s.io/coredns/coredns:v1.12.0"}]},
}
PODS = "/api/v1/namespaces/kube-system/pods"


class Network:
    """Answers until a policy is there, for as long as it is told to ignore it."""

    def __init__(self, api: Api, clock: Clock, ignores_for: float = 0.0) -> None:
        self.api, self.clock, self.ignores_for = api, clock, ignores_for
        self.since: float | None = None
        self.first: Answer | None = None

    def __call__(self, probes: Sequence[Probe]) -> Mapping[Probe, Answer]:
        answer = self.first or Answer(reply=Reply.ANSWERED)
        if "NetworkPolicy" in self.api.kinds():
            self.since = self.clock.time if self.since is None else self.since
            if self.clock.time - self.since >= self.ignores_for:
                answer = Answer(reply=Reply.TIMED_OUT)
        return dict.fromkeys(probes, answer)


def stand(pod: Object) -> Stand:
    return Stand(name="client", pod=ObjectRef.of({**pod, "kind": "Pod"}))


def tried(api: Api, network: Network) -> Control:
    experiment = Experiment(
        name=NAMESPACE, labels={"dev.gitops-harness": "control"}, client_stands_in=stand
    )
    return control(api, network, experiment, network.clock)


def world(**arguments: Any) -> tuple[Api, Network]:
    api = Api({f"{PODS}/coredns-0": DNS_POD})
    return api, Network(api, Clock(), **arguments)


def test_a_denial_that_takes_effect_means_enforced() -> None:
    api, network = world()

    found = tried(api, network)

    assert found.state is Enforcement.ENFORCED
    assert api.kinds() == ["Namespace", "Pod", "Pod", "NetworkPolicy"]
    assert {path for path, body in api.created if body["kind"] != "Namespace"} == {
        f"/api/v1/namespaces/{NAMESPACE}/pods",
        f"/apis/networking.k8s.io/v1/namespaces/{NAMESPACE}/networkpolicies",
    }
    assert api.deleted == [f"/api/v1/namespaces/{NAMESPACE}"]


def test_a_slow_engine_is_waited_for() -> None:
    assert tried(*world(ignores_for=DENY_SECONDS - 2)).state is Enforcement.ENFORCED


def test_an_answer_in_spite_of_the_denial_means_not_enforced() -> None:
    api, network = world(ignores_for=10_000)

    assert tried(api, network).state is Enforcement.NOT_ENFORCED
    assert api.deleted == [f"/api/v1/namespaces/{NAMESPACE}"]


def test_a_server_that_never_answers_proves_nothing() -> None:
    api, network = world()
    network.first = Answer(reply=Reply.REFUSED)

    found = tried(api, network)

    assert (found.state, "NetworkPolicy" in api.kinds()) == (Enforcement.NOT_TESTED, False)


def test_a_probe_that_cannot_be_made_proves_nothing() -> None:
    api, network = world()
    network.first = Answer(reply=Reply.NOT_PROBED, text="no image")

    assert tried(api, network).state is Enforcement.NOT_TESTED


@pytest.mark.parametrize("kind", ["Namespace", "Pod", "NetworkPolicy"])
def test_a_refusal_is_not_tested_and_leaves_nothing(kind: str) -> None:
    api, network = world()
    api.refuses = lambda _path, body: 422 if body["kind"] == kind else 0

    found = tried(api, network)

    assert found.state is Enforcement.NOT_TESTED
    assert "422 refused" in found.detail
    assert api.deleted == [f"/api/v1/namespaces/{NAMESPACE}"]


def test_a_new_namespace_that_has_no_service_account_yet_is_asked_again() -> None:
    api, network = world()
    refusals = iter([403, 403])
    api.refuses = lambda _path, body: next(refusals, 0) if body["kind"] == "Pod" else 0

    assert tried(api, network).state is Enforcement.ENFORCED


def test_pods_that_do_not_start_are_given_up() -> None:
    api, network = world()
    api.starts = lambda pod: {**pod, "status": {"phase": "Pending"}}

    found = tried(api, network)

    assert found.state is Enforcement.NOT_TESTED
    assert network.clock.time == pytest.approx(START_SECONDS, abs=1)


def test_without_coredns_there_is_no_image_for_a_control() -> None:
    api = Api()

    assert tried(api, Network(api, Clock())).state is Enforcement.NOT_TESTED


def test_its_pods_are_allowed_where_pod_security_is_restricted() -> None:
    api, network = world()
    tried(api, network)

    for _, body in api.created:
        assert body["metadata"]["labels"]["dev.gitops-harness"] == "control"
        if body["kind"] == "Pod":
            security = body["spec"]["containers"][0]["securityContext"]
            assert security["runAsNonRoot"]
            assert security["capabilities"] == {"add": ["NET_BIND_SERVICE"], "drop": ["ALL"]}
            assert body["spec"]["terminationGracePeriodSeconds"] == 0

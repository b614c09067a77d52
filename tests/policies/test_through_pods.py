"""Short-lived pods: like the pod they stand in for, adopted by nobody, serving nobody, removed."""

from __future__ import annotations

from typing import Any

import pytest

from harness.manifests.pods import Object
from harness.model.policies import Reply
from harness.model.refs import ObjectRef
from harness.policies.probe_pod import NEVER, probe_pod, selected_by, would_serve
from harness.policies.probes import Answer, Goal, Probe, Stand
from harness.policies.through_pods import START_SECONDS, PodSettings, ThroughPods
from tests.connectivity.objects import policy, service
from tests.policies.api import Api, ended
from tests.policies.shop import Clock

POD: Object = {
    "kind": "Pod",
    "metadata": {
        "name": "web-6f8-x",
        "namespace": "shop",
        "labels": {"app": "web", "pod-template-hash": "6f8", "tier": "front"},
        "ownerReferences": [{"kind": "ReplicaSet", "controller": True}],
    },
    "spec": {
        "containers": [{"name": "main", "image": "ghcr.io/shop/web:1"}],
        "imagePullSecrets": [{"name": "ghcr-secret"}],
        "serviceAccountName": "web",
        "nodeName": "node",
        "volumes": [{"name": "data"}],
    },
}
OWNER: Object = {"metadata": {"name": "probes", "uid": "uid-1"}}
REF = ObjectRef("Pod", "shop", "web-6f8-x")
STAND = Stand(name="shop/web-6f8-x", pod=REF)
PROBE = Probe(stand=STAND, goal=Goal(address="10.244.0.13", port=5432))
PATH = "/api/v1/namespaces/shop/pods/web-6f8-x"
OWNERS = "/api/v1/namespaces/shop/configmaps/"


def made(**arguments: Any) -> Object:
    return probe_pod(POD, name="probe-x", owner=OWNER, image="bash", script="true", **arguments)


def server(**objects: Object) -> Api:
    api = Api({PATH: POD, **objects})
    api.starts = ended
    return api


def asked(api: Api, clock: Clock | None = None, settings: PodSettings | None = None) -> Answer:
    pods = ThroughPods(api=api, clock=clock or Clock(), settings=settings or PodSettings())
    with pods as prober:
        return prober([PROBE])[PROBE]


def test_it_has_the_identity_that_policies_see() -> None:
    pod = made()

    assert pod["metadata"]["namespace"] == "shop"
    assert {k: pod["metadata"]["labels"][k] for k in ("app", "tier")} == {
        "app": "web",
        "tier": "front",
    }
    assert pod["spec"]["serviceAccountName"] == "web"
    assert pod["spec"]["imagePullSecrets"] == [{"name": "ghcr-secret"}]
    assert "volumes" not in pod["spec"]


def test_no_controller_adopts_it() -> None:
    [owner] = made()["metadata"]["ownerReferences"]

    assert (owner["kind"], owner["controller"], owner["uid"]) == ("ConfigMap", True, "uid-1")
    assert "pod-template-hash" not in made()["metadata"]["labels"]


def test_a_label_of_a_controller_stays_where_a_policy_selects_by_it() -> None:
    by_hash = policy(podSelector={"matchLabels": {"pod-template-hash": "6f8"}})
    by_peer = policy(
        ingress=[
            {"from": [{"podSelector": {"matchExpressions": [
                {"key": "pod-template-hash", "operator": "Exists"}
            ]}}]}
        ]
    )  # fmt: skip

    for each in (by_hash, by_peer):
        keep = selected_by([each])
        assert keep == {"pod-template-hash"}
        assert made(keep_labels=keep)["metadata"]["labels"]["pod-template-hash"] == "6f8"
    assert selected_by([policy(podSelector={"matchLabels": {"app": "web"}})]) == frozenset()


def test_it_is_never_ready_and_so_no_endpoint() -> None:
    assert made()["spec"]["readinessGates"] == [{"conditionType": NEVER}]


def test_a_service_that_takes_unready_pods_forbids_it() -> None:
    headless = service("web", publishNotReadyAddresses=True)

    assert would_serve(POD, [headless]) == "web"
    assert would_serve(POD, [service("web")]) == ""
    assert (
        would_serve(POD, [service("web", namespace="other", publishNotReadyAddresses=True)]) == ""
    )
    api = server(**{"/api/v1/namespaces/shop/services/web": headless})
    answer = asked(api)
    assert (answer.reply, "Service web" in answer.text) == (Reply.NOT_PROBED, True)
    assert api.kinds() == []


def test_it_ends_by_itself_and_fulfils_the_restricted_standard() -> None:
    spec = made()["spec"]
    [container] = spec["containers"]

    assert spec["activeDeadlineSeconds"] > START_SECONDS
    assert spec["securityContext"]["runAsNonRoot"]
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert container["securityContext"]["allowPrivilegeEscalation"] is False


def test_what_it_says_is_the_answer_and_everything_is_removed() -> None:
    api = server()

    assert asked(api) == Answer(reply=Reply.ANSWERED)
    assert api.kinds() == ["ConfigMap", "Pod"]
    name = api.created[1][1]["metadata"]["name"]
    assert not name.rpartition("-")[2].isdigit(), "else a StatefulSet could take it for its own"
    assert api.deleted[0] == f"/api/v1/namespaces/shop/pods/{name}"
    assert api.deleted[1].startswith(OWNERS)
    assert set(api.objects) == {PATH}


@pytest.mark.parametrize(("image", "taken"), [("", "ghcr.io/shop/web:1"), ("bash:5", "bash:5")])
def test_the_image_is_the_pods_own_or_the_one_that_is_named(image: str, taken: str) -> None:
    api = server()
    asked(api, settings=PodSettings(image=image))

    assert api.created[1][1]["spec"]["containers"][0]["image"] == taken


def test_a_pod_that_cannot_start_is_said_with_its_reason() -> None:
    api = server()
    waiting = {"reason": "ErrImagePull", "message": "not found"}
    status = {"phase": "Pending", "containerStatuses": [{"state": {"waiting": waiting}}]}
    api.starts = lambda pod: {**pod, "status": status}
    api.output = ""

    answer = asked(api)

    assert (answer.reply, "ErrImagePull not found" in answer.text) == (Reply.NOT_PROBED, True)
    assert set(api.objects) == {PATH}


def test_a_pod_that_never_ends_is_given_up() -> None:
    api, clock = server(), Clock()
    api.starts = lambda pod: {**pod, "status": {"phase": "Pending"}}
    api.output = ""

    assert asked(api, clock).reply is Reply.NOT_PROBED
    assert clock.time == pytest.approx(START_SECONDS, abs=1)


def test_an_api_server_that_refuses_leaves_the_probes_unmade() -> None:
    api = server()
    api.refuses = lambda _path, body: 403 if body["kind"] == "Pod" else 0

    answer = asked(api)

    assert (answer.reply, "403" in answer.text) == (Reply.NOT_PROBED, True)
    assert api.deleted[0].startswith(OWNERS)


def test_a_pod_that_is_gone_has_no_stand_in() -> None:
    api = Api()

    assert "does not exist any more" in asked(api).text

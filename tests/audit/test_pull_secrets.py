"""`imagepullsecret-missing`: absent, of the wrong type, unreadable, for another registry."""

from __future__ import annotations

import base64
import json

import pytest

from harness.audit.checks.pull_secrets import pull_secrets
from harness.audit.finding import Severity
from harness.model.refs import ObjectRef
from tests.audit.pods import pulling, together, workload
from tests.audit.scopes import faults, scope, source

IMAGE = "ghcr.io/acme/order:1"


def docker(*hosts: str, kind: str = "kubernetes.io/dockerconfigjson", plain: bool = False) -> str:
    content = json.dumps({"auths": {host: {"auth": "eDp5"} for host in hosts}})
    value = content if plain else base64.b64encode(content.encode()).decode()
    field = "stringData" if plain else "data"
    return (
        f"apiVersion: v1\nkind: Secret\ntype: {kind}\nmetadata: {{name: pull}}\n"
        f"{field}: {{.dockerconfigjson: '{value}'}}"
    )


def test_a_missing_pull_secret_names_the_host_to_log_in_to() -> None:
    [found] = faults(pull_secrets, pulling(IMAGE, "pull"))

    assert found.object == ObjectRef("Secret", "shop", "pull")
    assert found.field == "spec.template.spec.imagePullSecrets[pull].name"
    assert (found.cause, found.severity) == ("S01", None)
    assert "--docker-server=ghcr.io" in found.fix
    assert "-n shop" in found.fix


def test_each_user_of_a_missing_pull_secret_is_one_fault_of_one_root() -> None:
    text = together(pulling(IMAGE, "pull"), pulling(IMAGE, "pull", name="catalog"))

    found = faults(pull_secrets, text)

    assert {f.object for f in found} == {ObjectRef("Secret", "shop", "pull")}
    assert len({f.user for f in found}) == 2


def test_a_pull_secret_in_another_namespace_is_said() -> None:
    both = scope(source(pulling(IMAGE, "pull")), source(docker("ghcr.io"), namespace="other"))

    [found] = pull_secrets(both)

    assert getattr(found, "cause", "") == "S02"


def test_no_pull_secret_at_all_is_no_finding() -> None:
    assert faults(pull_secrets, pulling(IMAGE)) == []


@pytest.mark.parametrize("plain", [True, False])
def test_a_pull_secret_for_the_images_host_is_fine(plain: bool) -> None:
    text = together(docker("ghcr.io", plain=plain), pulling(IMAGE, "pull"))

    assert faults(pull_secrets, text) == []


@pytest.mark.parametrize("kind", ["Opaque", "kubernetes.io/basic-auth"])
def test_a_pull_secret_of_another_type_is_a_defect(kind: str) -> None:
    [found] = faults(pull_secrets, together(docker("ghcr.io", kind=kind), pulling(IMAGE, "pull")))

    assert (found.cause, found.severity) == ("S03", Severity.DEFECT)
    assert kind in found.message


def test_a_secret_without_a_type_is_opaque() -> None:
    text = docker("ghcr.io").replace("type: kubernetes.io/dockerconfigjson\n", "")

    assert [f.cause for f in faults(pull_secrets, together(text, pulling(IMAGE, "pull")))] == [
        "S03"
    ]


def test_an_external_secret_without_a_type_in_its_template_is_opaque() -> None:
    external = (
        "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: pull}\nspec: {}"
    )
    typed = external.replace(
        "spec: {}", "spec: {target: {template: {type: kubernetes.io/dockerconfigjson}}}"
    )
    merged = external.replace("spec: {}", "spec: {target: {creationPolicy: Merge}}")

    assert [f.cause for f in faults(pull_secrets, together(external, pulling(IMAGE, "pull")))] == [
        "S03"
    ]
    assert faults(pull_secrets, together(typed, pulling(IMAGE, "pull"))) == []
    assert faults(pull_secrets, together(merged, pulling(IMAGE, "pull"))) == []


def test_a_sealed_secret_tells_its_type_in_the_template() -> None:
    sealed = (
        "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: pull}\n"
        "spec: {template: {type: TYPE}}"
    )
    right = sealed.replace("TYPE", "kubernetes.io/dockerconfigjson")

    assert faults(pull_secrets, together(right, pulling(IMAGE, "pull"))) == []
    assert len(faults(pull_secrets, together(sealed, pulling(IMAGE, "pull")))) == 1


def test_a_pull_secret_for_another_host_is_a_defect() -> None:
    text = together(docker("registry.example.com"), pulling(IMAGE, "pull"))

    [found] = faults(pull_secrets, text)

    assert (found.cause, found.severity) == ("S04", Severity.DEFECT)
    assert "registry.example.com" in found.message
    assert "ghcr.io" in found.expected
    assert "eDp5" not in f"{found}"


@pytest.mark.parametrize("key", ["https://ghcr.io", "ghcr.io/acme", "https://ghcr.io/v1/"])
def test_keys_are_matched_as_the_kubelet_does(key: str) -> None:
    assert faults(pull_secrets, together(docker(key), pulling(IMAGE, "pull"))) == []


def test_a_pull_secret_that_serves_another_pod_is_useful() -> None:
    text = together(
        docker("registry.example.com"),
        pulling(IMAGE, "pull"),
        pulling("registry.example.com/acme/cart:1", "pull", name="cart"),
    )

    assert faults(pull_secrets, text) == []


@pytest.mark.parametrize("image", ["nginx:1", "quay.io/acme/order:1", "registry.k8s.io/pause:3"])
def test_images_of_public_registries_need_no_credential(image: str) -> None:
    assert faults(pull_secrets, together(docker("ghcr.io"), pulling(image, "pull"))) == []


@pytest.mark.parametrize("value", ["bm90IGpzb24=", "eyJhIjogMX0=", "////"])
def test_a_pull_secret_that_is_no_registry_configuration_is_a_defect(value: str) -> None:
    text = (
        "apiVersion: v1\nkind: Secret\ntype: kubernetes.io/dockerconfigjson\n"
        f"metadata: {{name: pull}}\ndata: {{.dockerconfigjson: '{value}'}}"
    )

    assert [f.cause for f in faults(pull_secrets, together(text, pulling(IMAGE, "pull")))] == [
        "S06"
    ]


@pytest.mark.parametrize(
    "value",
    ["ENC[AES256_GCM,data:x]", "${DOCKER_CONFIG}", "<path:kv#config>", "CHANGEME", "e30=", ""],
)
def test_a_value_that_somebody_fills_in_later_is_not_judged(value: str) -> None:
    content = base64.b64encode(b'{"auths": {}}').decode() if value == "e30=" else value
    text = (
        "apiVersion: v1\nkind: Secret\ntype: kubernetes.io/dockerconfigjson\n"
        f"metadata: {{name: pull}}\ndata: {{.dockerconfigjson: '{content}'}}"
    )

    assert faults(pull_secrets, together(text, pulling(IMAGE, "pull"))) == []


def test_the_hosts_of_an_encrypted_secret_are_not_known() -> None:
    text = docker("registry.example.com") + "\nsops: {mac: x}"

    assert faults(pull_secrets, together(text, pulling(IMAGE, "pull"))) == []


ACCOUNT = (
    "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: NAME}\nimagePullSecrets: [{name: pull}]"
)


def test_the_pull_secret_of_an_account_that_pods_use_counts() -> None:
    text = together(ACCOUNT.replace("NAME", "default"), pulling(IMAGE))

    [found] = faults(pull_secrets, text)

    assert found.user == ObjectRef("ServiceAccount", "shop", "default")
    assert found.field == "imagePullSecrets[pull].name"


def test_the_pull_secret_of_an_account_that_nobody_uses_is_harmless() -> None:
    text = together(ACCOUNT.replace("NAME", "other"), pulling(IMAGE))

    assert faults(pull_secrets, text) == []


def test_a_pods_own_pull_secret_wins_over_its_accounts() -> None:
    text = together(
        ACCOUNT.replace("NAME", "default"),
        docker("ghcr.io").replace("name: pull", "name: own"),
        pulling(IMAGE, "own"),
    )

    assert faults(pull_secrets, text) == []


def test_a_placeholder_in_name_or_image_is_not_judged() -> None:
    assert faults(pull_secrets, pulling(IMAGE, "'${PULL_SECRET}'")) == []
    text = together(docker("ghcr.io"), pulling("'${REGISTRY}.example.org/order:1'", "pull"))
    assert faults(pull_secrets, text) == []


def test_a_workload_without_images_is_read() -> None:
    text = workload("imagePullSecrets: [{name: pull}]\ncontainers: [{name: a, image: 'A B'}]")

    assert len(faults(pull_secrets, text)) == 1


def test_the_account_that_the_pod_names_counts() -> None:
    pod = workload("serviceAccountName: own\ncontainers: [{name: a, image: ghcr.io/a/b:1}]")

    assert len(faults(pull_secrets, together(ACCOUNT.replace("NAME", "own"), pod))) == 1
    assert faults(pull_secrets, together(ACCOUNT.replace("NAME", "default"), pod)) == []


def test_an_entry_without_a_name_is_passed_over() -> None:
    pod = workload("imagePullSecrets: [{}, null]\ncontainers: [{name: a, image: ghcr.io/a/b:1}]")
    account = ACCOUNT.replace("NAME", "default").replace("{name: pull}", "{}")

    assert faults(pull_secrets, together(pod, account, pulling(IMAGE, name="b"))) == []

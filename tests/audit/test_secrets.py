"""`secret-missing`: Secrets nobody declares, and keys that a known Secret lacks."""

from __future__ import annotations

import pytest

from harness.audit.checks.secrets import missing_secrets
from harness.audit.finding import Severity
from harness.audit.source import Tree, Unjudged
from harness.model.refs import ObjectRef
from tests.audit.pods import env_from_config, env_from_secret, together, workload
from tests.audit.scopes import faults, objects, rules_found, scope, source

SECRET = "apiVersion: v1\nkind: Secret\nmetadata: {name: db}\nstringData: {password: s3cret}"
ENV_FROM = workload("containers: [{name: order, envFrom: [{secretRef: {name: db}}]}]")
VOLUME = workload("containers: [{name: order}]\nvolumes: [{name: conf, secret: {secretName: db}}]")
PROJECTED = workload(
    "containers: [{name: order}]\n"
    "volumes: [{name: conf, projected: {sources: [{secret: {name: db}}]}}]"
)
CSI = workload(
    "containers: [{name: order}]\n"
    "volumes: [{name: conf, csi: {driver: x, nodePublishSecretRef: {name: db}}}]"
)


def test_a_secret_of_a_variable_that_nobody_declares_is_an_external_precondition() -> None:
    [found] = faults(missing_secrets, env_from_secret())

    assert found.object == ObjectRef("Secret", "shop", "db")
    assert found.user == ObjectRef("Deployment", "shop", "order")
    assert found.field == (
        "spec.template.spec.containers[order].env[DB_PASSWORD].valueFrom.secretKeyRef.name"
    )
    assert (found.cause, found.severity, found.value) == ("S07", None, "db")
    assert found.source == "overlays/dev"
    assert "--from-literal=password=VALUE" in found.fix
    assert "-n shop" in found.fix


def test_the_command_of_the_fix_names_the_keys_that_all_users_ask_for() -> None:
    other = env_from_secret(key="username").replace("name: order}", "name: other}")

    found = faults(missing_secrets, together(env_from_secret(), other))

    assert len(found) == 2
    assert all("password=VALUE --from-literal=username=VALUE" in f.fix for f in found)


@pytest.mark.parametrize(
    ("text", "cause"), [(ENV_FROM, "S07"), (VOLUME, "S09"), (PROJECTED, "S09"), (CSI, "S09")]
)
def test_every_use_of_a_missing_secret_is_found(text: str, cause: str) -> None:
    assert [f.cause for f in faults(missing_secrets, text)] == [cause]


def test_two_uses_of_one_secret_by_one_workload_are_one_fault() -> None:
    twice = workload(
        "containers: [{name: a, envFrom: [{secretRef: {name: db}}, {secretRef: {name: db}}]}]"
    )

    assert rules_found(faults(missing_secrets, twice)) == ["secret-missing"]


@pytest.mark.parametrize(
    "kind", ["StatefulSet", "DaemonSet", "Job", "ReplicaSet", "ReplicationController"]
)
def test_every_kind_of_workload_is_read(kind: str) -> None:
    api = "batch/v1" if kind == "Job" else "v1" if kind.startswith("Repl") else "apps/v1"
    text = ENV_FROM.replace("kind: Deployment", f"kind: {kind}").replace("apps/v1", api)

    assert len(faults(missing_secrets, text)) == 1


def test_the_field_of_a_cron_job_is_below_its_job_template() -> None:
    text = (
        "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: nightly}\nspec: {jobTemplate: {spec:"
        " {template: {spec: {containers: [{name: a, envFrom: [{secretRef: {name: db}}]}]}}}}}"
    )

    [found] = faults(missing_secrets, text)

    assert found.field.startswith("spec.jobTemplate.spec.template.spec.containers[a].envFrom[0]")


def test_an_argo_rollout_is_a_workload_too() -> None:
    text = ENV_FROM.replace("apps/v1", "argoproj.io/v1alpha1").replace("Deployment", "Rollout")

    assert len(faults(missing_secrets, text)) == 1


def test_an_init_container_counts() -> None:
    text = workload("initContainers: [{name: wait, envFrom: [{secretRef: {name: db}}]}]")

    [found] = faults(missing_secrets, text)

    assert "initContainers[wait]" in found.field


@pytest.mark.parametrize(
    "text",
    [
        env_from_secret(more=", optional: true"),
        ENV_FROM.replace("{name: db}", "{name: db, optional: true}"),
        VOLUME.replace("secretName: db", "secretName: db, optional: true"),
        PROJECTED.replace("{name: db}", "{name: db, optional: true}"),
    ],
)
def test_an_optional_secret_is_fine(text: str) -> None:
    assert faults(missing_secrets, text) == []


@pytest.mark.parametrize("name", ["'${DB_SECRET}'", "'{{ .Values.secret }}'", "'<SECRET>'", "''"])
def test_a_placeholder_is_no_name(name: str) -> None:
    assert faults(missing_secrets, env_from_secret(secret=name)) == []


def test_a_declared_secret_is_fine() -> None:
    assert faults(missing_secrets, together(SECRET, env_from_secret())) == []


def test_a_secret_of_a_sibling_application_is_fine() -> None:
    both = scope(source(env_from_secret()), source(SECRET, path="overlays/dev/secrets"))

    assert list(missing_secrets(both)) == []


def test_a_secret_of_another_namespace_does_not_count_and_is_named() -> None:
    both = scope(source(env_from_secret()), source(SECRET, namespace="bank"))

    [found] = missing_secrets(both)

    assert "namespace bank" in getattr(found, "expected", "")


def test_an_object_of_unknown_namespace_may_be_the_one() -> None:
    both = scope(source(env_from_secret()), source(SECRET, namespace=""))

    assert list(missing_secrets(both)) == []


def test_what_a_chart_that_is_not_rendered_may_bring_is_not_judged() -> None:
    chart = Unjudged(subject="Application argocd/db", reason="a chart", namespace="shop")

    assert faults(missing_secrets, env_from_secret(), unjudged=(chart,)) == []


def test_a_chart_of_another_namespace_brings_nothing_here() -> None:
    chart = Unjudged(subject="Application argocd/db", reason="a chart", namespace="monitoring")

    assert len(faults(missing_secrets, env_from_secret(), unjudged=(chart,))) == 1


def test_the_nearest_name_is_told() -> None:
    near = SECRET.replace("name: db", "name: order-db")

    [found] = faults(missing_secrets, together(near, env_from_secret(secret="order-dbs")))

    assert "order-db" in found.expected


def test_a_manifest_that_is_not_deployed_is_named() -> None:
    tree = Tree(documents={"base/secret.yaml": objects(SECRET)})

    [found] = faults(missing_secrets, env_from_secret(), tree=tree)

    assert "base/secret.yaml declares one" in found.expected


def test_a_plain_name_of_a_generated_secret_is_a_defect() -> None:
    generated = SECRET.replace("name: db", "name: db-2kgttbd7t6")

    [found] = faults(missing_secrets, together(generated, env_from_secret()))

    assert (found.severity, found.cause) == (Severity.DEFECT, "R11")
    assert "db-2kgttbd7t6" in found.expected


def test_a_key_that_the_secret_lacks_is_a_defect_of_the_reference() -> None:
    [found] = faults(missing_secrets, together(SECRET, env_from_secret(key="pasword")))

    assert (found.severity, found.cause) == (Severity.DEFECT, "S08")
    assert found.object == ObjectRef("Secret", "shop", "db")
    assert found.field.endswith("secretKeyRef.key")
    assert found.fix.endswith("to password")
    assert "s3cret" not in f"{found}"


def test_an_item_that_the_secret_lacks_is_a_defect() -> None:
    items = VOLUME.replace("secretName: db", "secretName: db, items: [{key: ca, path: ca.crt}]")

    [found] = faults(missing_secrets, together(SECRET, items))

    assert found.cause == "S10"
    assert found.field.endswith("volumes[conf].secret.items[0].key")


def test_keys_of_data_and_string_data_count() -> None:
    both = SECRET.replace("stringData: {password: s3cret}", "data: {password: czNjcmV0}")

    assert faults(missing_secrets, together(both, env_from_secret())) == []


@pytest.mark.parametrize(
    "change",
    [
        ("stringData: {password: s3cret}", "data: {}"),
        ("{name: db}", "{name: db, annotations: {kustomize.toolkit.fluxcd.io/ssa: Merge}}"),
        ("{name: db}", "{name: db, annotations: {reflector.v1.k8s.emberstack.com/reflects: a/b}}"),
        ("password: s3cret", "'{{ key }}': s3cret"),
    ],
)
def test_keys_that_somebody_else_fills_in_are_not_known(change: tuple[str, str]) -> None:
    text = together(SECRET.replace(*change), env_from_secret(key="other"))

    assert faults(missing_secrets, text) == []


def test_a_token_secret_has_the_keys_of_the_token() -> None:
    token = (
        "apiVersion: v1\nkind: Secret\ntype: kubernetes.io/service-account-token\n"
        "metadata: {name: db}"
    )

    assert faults(missing_secrets, together(token, env_from_secret(key="token"))) == []


EXTERNAL = """\
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: db}
spec: {data: [{secretKey: password}]}
"""


def test_an_external_secret_makes_its_target_with_known_keys() -> None:
    right = together(EXTERNAL, env_from_secret())
    wrong = together(EXTERNAL, env_from_secret(key="passwort"))

    assert faults(missing_secrets, right) == []
    assert [f.cause for f in faults(missing_secrets, wrong)] == ["S08"]


@pytest.mark.parametrize(
    "more",
    [
        "dataFrom: [{extract: {key: shop}}]",
        "target: {creationPolicy: Merge}",
        "target: {template: {templateFrom: [{configMap: {name: t}}]}}",
    ],
)
def test_keys_that_a_provider_chooses_are_not_known(more: str) -> None:
    text = EXTERNAL.replace("spec: {", f"spec: {{{more}, ")

    assert faults(missing_secrets, together(text, env_from_secret(key="anything"))) == []


def test_the_data_of_a_template_replace_the_keys_of_the_provider() -> None:
    text = EXTERNAL.replace("spec: {", "spec: {target: {template: {data: {url: x}}}, ")

    assert faults(missing_secrets, together(text, env_from_secret(key="url"))) == []
    assert len(faults(missing_secrets, together(text, env_from_secret()))) == 1


def test_a_template_that_merges_keeps_both() -> None:
    template = "template: {mergePolicy: Merge, data: {url: x}}"
    text = EXTERNAL.replace("spec: {", f"spec: {{target: {{{template}}}, ")

    assert faults(missing_secrets, together(text, env_from_secret(key="url"))) == []
    assert faults(missing_secrets, together(text, env_from_secret())) == []


def test_a_sealed_secret_has_the_keys_it_encrypts() -> None:
    sealed = (
        "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: db}\n"
        "spec: {encryptedData: {password: AgA}}"
    )

    assert faults(missing_secrets, together(sealed, env_from_secret())) == []
    assert len(faults(missing_secrets, together(sealed, env_from_secret(key="user")))) == 1


def test_a_certificate_has_a_key_pair() -> None:
    certificate = (
        "apiVersion: cert-manager.io/v1\nkind: Certificate\nmetadata: {name: c}\n"
        "spec: {secretName: db}"
    )

    assert faults(missing_secrets, together(certificate, env_from_secret(key="tls.key"))) == []
    assert len(faults(missing_secrets, together(certificate, env_from_secret(key="key")))) == 1


def test_a_volume_that_a_claim_template_replaces_needs_no_secret() -> None:
    text = workload(
        "volumes: [{name: data, secret: {secretName: db}}]",
        kind="StatefulSet",
        more="volumeClaimTemplates: [{metadata: {name: data}}]",
    )

    assert faults(missing_secrets, text) == []


def test_a_secret_that_somebody_may_write_has_unknown_keys() -> None:
    role = (
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: r}\nrules:\n"
        "- {apiGroups: [''], resources: [secrets], resourceNames: [db], verbs: [update]}"
    )

    assert faults(missing_secrets, together(SECRET, role, env_from_secret(key="other"))) == []
    assert faults(missing_secrets, together(role, env_from_secret())) == []


def test_a_config_map_is_no_secret() -> None:
    assert faults(missing_secrets, env_from_config()) == []

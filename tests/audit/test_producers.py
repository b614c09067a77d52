"""Objects that exist although no manifest declares them."""

from __future__ import annotations

import pytest

from harness.audit.producers import built_in, produced
from harness.audit.products import products_of, table
from harness.audit.scope import Presence
from harness.model.refs import ObjectRef
from tests.audit.pods import together, workload
from tests.audit.scopes import objects, scope, source


def custom(api: str, kind: str, spec: str = "", name: str = "db", notes: str = "") -> str:
    return (
        f"apiVersion: {api}\nkind: {kind}\n"
        f"metadata: {{name: {name}, namespace: shop, annotations: {{{notes}}}}}\nspec: {{{spec}}}"
    )


def made(text: str) -> set[str]:
    return {str(ref) for ref in produced(objects(text))}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            custom("bitnami.com/v1alpha1", "SealedSecret", "template: {metadata: {name: x}}"),
            "Secret shop/db",
        ),
        (custom("external-secrets.io/v1", "ExternalSecret"), "Secret shop/db"),
        (custom("external-secrets.io/v1", "ExternalSecret", "target: {name: x}"), "Secret shop/x"),
        (
            custom("external-secrets.io/v1", "ClusterExternalSecret", "externalSecretName: x"),
            "Secret x",
        ),
        (custom("cert-manager.io/v1", "Certificate", "secretName: x"), "Secret shop/x"),
        (
            custom("cert-manager.io/v1", "ClusterIssuer", "acme: {privateKeySecretRef: {name: x}}"),
            "Secret x",
        ),
        (custom("trust.cert-manager.io/v1alpha1", "Bundle"), "ConfigMap db"),
        (
            custom("secrets.hashicorp.com/v1beta1", "VaultStaticSecret", "destination: {name: x}"),
            "Secret shop/x",
        ),
        (custom("postgresql.cnpg.io/v1", "Cluster"), "Secret shop/db-app"),
        (custom("postgresql.cnpg.io/v1", "Cluster"), "Service shop/db-rw"),
        (custom("acid.zalan.do/v1", "postgresql"), "Service shop/db-repl"),
        (custom("kafka.strimzi.io/v1beta2", "KafkaUser"), "Secret shop/db"),
        (
            custom("kafka.strimzi.io/v1beta2", "Kafka", "kafka: {listeners: [{name: ext}]}"),
            "Service shop/db-kafka-ext-bootstrap",
        ),
        (
            custom("elasticsearch.k8s.elastic.co/v1", "Elasticsearch"),
            "Secret shop/db-es-elastic-user",
        ),
        (custom("rabbitmq.com/v1beta1", "RabbitmqCluster"), "Secret shop/db-default-user"),
        (custom("k8s.keycloak.org/v2alpha1", "Keycloak"), "Secret shop/db-initial-admin"),
        (custom("objectbucket.io/v1alpha1", "ObjectBucketClaim"), "ConfigMap shop/db"),
        (
            custom(
                "secrets-store.csi.x-k8s.io/v1",
                "SecretProviderClass",
                "secretObjects: [{secretName: x}]",
            ),
            "Secret shop/x",
        ),
        (
            custom(
                "secrets.infisical.com/v1alpha1",
                "InfisicalSecret",
                "managedSecretReference: {secretName: x, secretNamespace: bank}",
            ),
            "Secret bank/x",
        ),
        (
            custom(
                "mongodbcommunity.mongodb.com/v1",
                "MongoDBCommunity",
                "users: [{name: a, db: b}, {name: c, db: d}]",
            ),
            "Secret shop/db-b-a",
        ),
        (custom("monitoring.coreos.com/v1", "Prometheus"), "Service shop/prometheus-operated"),
        (
            custom(
                "rds.aws.upbound.io/v1",
                "Instance",
                "writeConnectionSecretToRef: {name: x, namespace: y}",
            ),
            "Secret y/x",
        ),
        (custom("acme.example.com/v1", "Db", "deep: [{targetSecretName: x}]"), "Secret shop/x"),
        (
            custom("v1", "Service", notes="service.beta.openshift.io/serving-cert-secret-name: x"),
            "Secret shop/x",
        ),
        (
            custom(
                "kyverno.io/v1", "ClusterPolicy", "rules: [{generate: {kind: Secret, name: x}}]"
            ),
            "Secret x",
        ),
        (
            custom(
                "kubernetes.crossplane.io/v1alpha2",
                "Object",
                "forProvider: {manifest: {kind: Secret, metadata: {name: x, namespace: y}}}",
            ),
            "Secret y/x",
        ),
        (
            custom("helm.cattle.io/v1", "HelmChart", "createNamespace: true, targetNamespace: x"),
            "Namespace x",
        ),
    ],
)
def test_an_operator_makes_its_products(text: str, expected: str) -> None:
    assert expected in made(text)


def test_a_sealed_secrets_template_does_not_name_the_secret() -> None:
    text = custom("bitnami.com/v1alpha1", "SealedSecret", "template: {metadata: {name: x}}")

    assert made(text) == {"Secret shop/db"}


def test_a_name_that_is_not_filled_in_makes_nothing() -> None:
    assert made(custom("cert-manager.io/v1", "Certificate")) == set()


def test_a_kind_of_another_group_makes_nothing() -> None:
    assert made(custom("acme.example.com/v1", "Certificate", "secretName: x")) == set()


def test_every_entry_of_the_table_can_be_read() -> None:
    for key, templates in table().items():
        kind, _, group = key.partition(".")
        spec = "spec: {}" if templates else ""
        obj = objects(f"apiVersion: {group}/v1\nkind: {kind}\nmetadata: {{name: a}}\n{spec}")[0]

        assert all(ref.kind for ref in products_of(obj)), key
        assert templates, key
        assert all(" " in template for template in templates), key


@pytest.mark.parametrize(
    ("ref", "expected"),
    [
        (ObjectRef("ConfigMap", "shop", "kube-root-ca.crt"), True),
        (ObjectRef("ServiceAccount", "shop", "default"), True),
        (ObjectRef("Service", "default", "kubernetes"), True),
        (ObjectRef("Service", "kube-system", "kube-dns"), True),
        (ObjectRef("Service", "shop", "kube-dns"), False),
        (ObjectRef("ClusterRole", "", "system:auth-delegator"), True),
        (ObjectRef("ServiceAccount", "kube-system", "anything"), True),
        (ObjectRef("Service", "argocd", "argocd-server"), True),
        (ObjectRef("Service", "shop", "argocd-server"), False),
        (ObjectRef("Namespace", "", "flux-system"), True),
        (ObjectRef("Namespace", "", "shop"), False),
        (ObjectRef("Deployment", "argocd", "argocd-server"), False),
        (ObjectRef("ServiceAccount", "flux-system", "source-controller"), True),
        (ObjectRef("Secret", "flux-system", "other"), False),
    ],
)
def test_what_every_cluster_platform_or_engine_has_is_built_in(
    ref: ObjectRef, expected: bool
) -> None:
    assert built_in(ref) is expected


def presence(text: str, kind: str, name: str, namespace: str = "shop") -> Presence:
    return scope(source(text)).presence(ObjectRef(kind, namespace, name))


OPERATED = custom("acme.example.com/v1", "Database", "credentials: {name: pg-login}", name="orders")


@pytest.mark.parametrize(
    ("kind", "name", "expected"),
    [
        ("Secret", "orders", Presence.POSSIBLE),
        ("Secret", "orders-login", Presence.POSSIBLE),
        ("Secret", "acme-orders.credentials", Presence.POSSIBLE),
        ("Service", "acme-orders", Presence.POSSIBLE),
        ("Secret", "preorders", Presence.ABSENT),
        ("Secret", "pg-login", Presence.POSSIBLE),
        ("Service", "pg-login", Presence.ABSENT),
        ("StorageClass", "orders", Presence.ABSENT),
    ],
)
def test_an_unknown_operator_may_make_what_bears_its_name(
    kind: str, name: str, expected: Presence
) -> None:
    assert presence(OPERATED, kind, name) is expected


def test_an_operator_of_another_namespace_makes_nothing_here() -> None:
    assert presence(OPERATED, "Secret", "orders-login", "bank") is Presence.ABSENT


@pytest.mark.parametrize(
    ("api", "kind"),
    [
        ("networking.istio.io/v1", "VirtualService"),
        ("monitoring.coreos.com/v1", "ServiceMonitor"),
        ("kafka.strimzi.io/v1beta2", "KafkaTopic"),
        ("v1", "ConfigMap"),
    ],
)
def test_the_name_of_a_passive_object_means_nothing(api: str, kind: str) -> None:
    text = custom(api, kind, name="orders")

    assert presence(text, "Secret", "orders-login") is Presence.ABSENT


def test_a_command_line_that_names_a_secret_may_make_it() -> None:
    job = workload("containers: [{name: a, args: [create, --secret-name=hook-tls]}]", kind="Job")
    job = job.replace("apps/v1", "batch/v1")

    assert presence(job, "Secret", "hook-tls") is Presence.POSSIBLE
    assert presence(job, "Service", "hook-tls") is Presence.ABSENT
    assert presence(job, "Secret", "hook") is Presence.ABSENT


def rbac(kind: str, name: str, more: str) -> str:
    return (
        f"apiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}\n"
        f"metadata: {{name: {name}}}\n{more}"
    )


CREATING = rbac(
    "Role", "r", "rules: [{apiGroups: [''], resources: [secrets], verbs: [create, get]}]"
)
BOUND = rbac(
    "RoleBinding",
    "b",
    "subjects: [{kind: ServiceAccount, name: a, namespace: shop}]\nroleRef: {kind: Role, name: r}",
)


def test_an_account_that_may_create_secrets_may_make_its_own() -> None:
    text = together(CREATING, BOUND)

    assert presence(text, "Secret", "anything") is Presence.POSSIBLE
    assert presence(text, "ConfigMap", "anything") is Presence.ABSENT
    assert presence(text, "Secret", "anything", "bank") is Presence.ABSENT


@pytest.mark.parametrize(
    "text",
    [
        CREATING,
        together(CREATING.replace("create, get", "get, list"), BOUND),
        together(CREATING.replace("verbs", "resourceNames: [x], verbs"), BOUND),
        together(CREATING.replace("['']", "[apps]"), BOUND),
        together(CREATING, BOUND.replace("namespace: shop", "namespace: bank")),
    ],
)
def test_an_account_that_may_not_create_secrets_here_makes_none(text: str) -> None:
    assert presence(text, "Secret", "anything") is Presence.ABSENT


def test_a_mighty_role_creates_everything() -> None:
    text = BOUND.replace("kind: Role, name: r", "kind: ClusterRole, name: cluster-admin")

    assert presence(text, "ConfigMap", "anything") is Presence.POSSIBLE


def test_a_cluster_role_binding_holds_in_the_accounts_own_namespace() -> None:
    role = CREATING.replace("kind: Role", "kind: ClusterRole")
    wide = BOUND.replace("kind: RoleBinding", "kind: ClusterRoleBinding").replace(
        "kind: Role,", "kind: ClusterRole,"
    )

    assert presence(together(role, wide), "Secret", "anything") is Presence.POSSIBLE


@pytest.mark.parametrize(
    ("api", "kind", "spec", "namespace"),
    [
        ("helm.cattle.io/v1", "HelmChart", "targetNamespace: bank", "bank"),
        ("helm.crossplane.io/v1beta1", "Release", "forProvider: {namespace: bank}", "bank"),
        ("operators.coreos.com/v1alpha1", "Subscription", "", "shop"),
    ],
)
def test_a_package_manager_may_make_anything_where_it_installs(
    api: str, kind: str, spec: str, namespace: str
) -> None:
    text = custom(api, kind, spec, name="x1")

    assert presence(text, "Service", "anything", namespace) is Presence.POSSIBLE
    assert presence(text, "Service", "anything", "third") is Presence.ABSENT


def test_a_product_of_unknown_name_may_be_the_one() -> None:
    cloned = custom(
        "kyverno.io/v1", "ClusterPolicy", "rules: [{generate: {cloneList: {kinds: [v1/Secret]}}}]"
    )
    declared = "apiVersion: v1\nkind: Secret\nmetadata: {name: '${APP}-db'}"

    assert presence(cloned, "Secret", "x") is Presence.POSSIBLE
    assert presence(declared, "Secret", "x") is Presence.POSSIBLE
    assert presence(declared, "ConfigMap", "x") is Presence.ABSENT
    assert presence(declared, "Secret", "x", "bank") is Presence.ABSENT


def test_a_role_binding_of_a_foreign_account_makes_nothing_in_its_home() -> None:
    text = together(CREATING, BOUND.replace("namespace: shop", "namespace: bank"))

    assert presence(text, "Secret", "anything", "bank") is Presence.ABSENT


def test_a_subject_without_namespace_is_of_the_bindings_own() -> None:
    text = together(CREATING, BOUND.replace(", namespace: shop", ""))

    assert presence(text, "Secret", "anything") is Presence.POSSIBLE


def test_an_own_role_called_admin_is_not_the_mighty_one() -> None:
    text = BOUND.replace("kind: Role, name: r", "kind: Role, name: admin")
    other = BOUND.replace("kind: Role, name: r", "kind: ClusterRole, name: r")

    assert presence(text, "Secret", "anything") is Presence.ABSENT
    assert presence(other, "Secret", "anything") is Presence.ABSENT


def test_a_wide_binding_reaches_accounts_outside_of_its_own_namespace() -> None:
    role = CREATING.replace("kind: Role", "kind: ClusterRole")
    wide = BOUND.replace("kind: RoleBinding", "kind: ClusterRoleBinding")
    wide = wide.replace("kind: Role,", "kind: ClusterRole,").replace("space: shop", "space: bank")

    assert presence(together(role, wide), "Secret", "anything", "bank") is Presence.POSSIBLE


@pytest.mark.parametrize(
    ("kind", "name", "namespace", "expected"),
    [
        ("Role", "system:controller", "shop", True),
        ("ConfigMap", "system:controller", "shop", False),
        ("Role", "own", "shop", False),
        ("Secret", "anything", "kube-system", False),
        ("Service", "other", "argocd", False),
        ("Namespace", "argocd", "", True),
        ("Namespace", "kube-node-lease", "", True),
    ],
)
def test_what_looks_like_a_built_in_object_and_is_none(
    kind: str, name: str, namespace: str, expected: bool
) -> None:
    assert built_in(ObjectRef(kind, namespace, name)) is expected


EXTERNAL = custom("external-secrets.io/v1", "ExternalSecret")
SHARED = custom("clustersecret.io/v1", "ClusterSecret")


@pytest.mark.parametrize(
    ("text", "namespace", "expected"),
    [
        (EXTERNAL, "shop", Presence.PRODUCED),
        (EXTERNAL, "bank", Presence.ABSENT),
        (EXTERNAL, "", Presence.PRODUCED),
        (SHARED, "bank", Presence.PRODUCED),
    ],
)
def test_a_product_is_in_its_makers_namespace_or_in_any(
    text: str, namespace: str, expected: Presence
) -> None:
    assert presence(text, "Secret", "db", namespace) is expected


def test_the_names_of_products_are_those_of_the_namespace() -> None:
    products = scope(source(together(EXTERNAL, SHARED.replace("name: db", "name: all")))).products

    assert set(products.names("Secret", "shop")) == {"db", "all"}
    assert set(products.names("Secret", "bank")) == {"all"}
    assert products.names("Service", "shop") == ()


WRITING = rbac(
    "Role",
    "r",
    "rules: [{apiGroups: [''], resources: [secrets], resourceNames: [hook], verbs: [update]}]",
)


@pytest.mark.parametrize(
    ("kind", "name", "namespace", "expected"),
    [
        ("Secret", "hook", "shop", Presence.POSSIBLE),
        ("Secret", "hook", "", Presence.POSSIBLE),
        ("Secret", "hook", "bank", Presence.ABSENT),
        ("Secret", "other", "shop", Presence.ABSENT),
        ("ConfigMap", "hook", "shop", Presence.ABSENT),
    ],
)
def test_a_role_that_writes_one_secret_is_about_that_one(
    kind: str, name: str, namespace: str, expected: Presence
) -> None:
    assert presence(WRITING, kind, name, namespace) is expected


def test_a_role_that_only_reads_writes_nothing() -> None:
    assert presence(WRITING.replace("[update]", "[get]"), "Secret", "hook") is Presence.ABSENT


def test_names_without_namespace_may_be_of_any_maker() -> None:
    assert presence(OPERATED, "Secret", "orders-login", "") is Presence.POSSIBLE
    assert presence(OPERATED, "Secret", "pg-login", "") is Presence.POSSIBLE
    assert presence(OPERATED, "Secret", "other", "") is Presence.ABSENT


def test_one_letter_is_no_family() -> None:
    text = custom("acme.example.com/v1", "Database", name="a")

    assert presence(text, "Secret", "a-b") is Presence.ABSENT

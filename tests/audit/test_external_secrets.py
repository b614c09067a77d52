"""Stores and issuers that nobody declares."""

from __future__ import annotations

import pytest

from harness.audit.checks.external_secrets import missing_issuers, missing_stores
from harness.audit.finding import Severity
from harness.model.refs import ObjectRef
from tests.audit.pods import together
from tests.audit.scopes import faults, scope, source

ESO = "external-secrets.io/v1"


def external(store: str, kind: str = "ExternalSecret", word: str = "secretStoreRef") -> str:
    return f"apiVersion: {ESO}\nkind: {kind}\nmetadata: {{name: db}}\nspec: {{{word}: {store}}}"


def store(kind: str, name: str = "vault") -> str:
    return f"apiVersion: {ESO}\nkind: {kind}\nmetadata: {{name: {name}}}"


@pytest.mark.parametrize(
    ("ref", "expected"),
    [
        ("{name: vault}", ObjectRef("SecretStore", "shop", "vault")),
        ("{name: vault, kind: ClusterSecretStore}", ObjectRef("ClusterSecretStore", "", "vault")),
    ],
)
def test_a_store_that_nobody_declares_is_found(ref: str, expected: ObjectRef) -> None:
    [found] = faults(missing_stores, external(ref))

    assert found.object == expected
    assert (found.rule, found.severity) == ("externalsecret-store-missing", None)
    assert (found.field, found.value) == ("spec.secretStoreRef.name", "vault")


@pytest.mark.parametrize("kind", ["SecretStore", "ClusterSecretStore"])
def test_a_declared_store_is_fine(kind: str) -> None:
    text = together(store(kind), external(f"{{name: vault, kind: {kind}}}"))

    assert faults(missing_stores, text) == []


def test_a_store_of_the_other_kind_is_a_defect_of_the_reference() -> None:
    text = together(store("ClusterSecretStore"), external("{name: vault, kind: SecretStore}"))

    [found] = faults(missing_stores, text)

    assert found.severity is Severity.DEFECT
    assert found.field == "spec.secretStoreRef.kind"
    assert found.fix.endswith("to ClusterSecretStore")


def test_a_store_of_another_namespace_does_not_count() -> None:
    both = scope(source(external("{name: vault}")), source(store("SecretStore"), namespace="bank"))

    assert len(list(missing_stores(both))) == 1


@pytest.mark.parametrize(
    "text",
    [
        external("[{name: vault}]", "PushSecret", "secretStoreRefs"),
        external("[{sourceRef: {storeRef: {name: vault}}}]", word="data"),
        external("[{sourceRef: {storeRef: {name: vault}}}]", word="dataFrom"),
    ],
)
def test_every_place_that_names_a_store_is_read(text: str) -> None:
    assert [f.value for f in faults(missing_stores, text)] == ["vault"]


@pytest.mark.parametrize(
    "text",
    [
        external("{name: '${STORE}'}"),
        external("[{sourceRef: {generatorRef: {kind: Password, name: x}}}]", word="dataFrom"),
        external("{name: x, kind: Other}"),
        external("{name: x}").replace(ESO, "acme.example.com/v1"),
    ],
)
def test_generators_placeholders_and_other_kinds_are_not_judged(text: str) -> None:
    assert faults(missing_stores, text) == []


def certificate(issuer: str) -> str:
    return (
        "apiVersion: cert-manager.io/v1\nkind: Certificate\nmetadata: {name: c}\n"
        f"spec: {{issuerRef: {{{issuer}}}}}"
    )


def issuer(kind: str) -> str:
    return f"apiVersion: cert-manager.io/v1\nkind: {kind}\nmetadata: {{name: own}}"


@pytest.mark.parametrize(
    ("ref", "expected"),
    [
        ("name: own", ObjectRef("Issuer", "shop", "own")),
        ("name: own, kind: ClusterIssuer", ObjectRef("ClusterIssuer", "", "own")),
    ],
)
def test_an_issuer_that_nobody_declares_is_found(ref: str, expected: ObjectRef) -> None:
    [found] = faults(missing_issuers, certificate(ref))

    assert (found.rule, found.object) == ("certificate-issuer-missing", expected)
    assert faults(missing_issuers, together(issuer(expected.kind), certificate(ref))) == []


@pytest.mark.parametrize("ref", ["name: own, group: awspca.cert-manager.io", "name: '${I}'"])
def test_issuers_of_other_groups_are_not_judged(ref: str) -> None:
    assert faults(missing_issuers, certificate(ref)) == []


@pytest.mark.parametrize(
    ("mark", "kind"),
    [("cert-manager.io/issuer", "Issuer"), ("cert-manager.io/cluster-issuer", "ClusterIssuer")],
)
def test_an_annotated_ingress_needs_its_issuer(mark: str, kind: str) -> None:
    text = (
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\n"
        f"metadata: {{name: a, annotations: {{{mark}: own}}}}"
    )

    [found] = faults(missing_issuers, text)

    assert (found.object.kind, found.field) == (kind, f"metadata.annotations[{mark}]")
    assert faults(missing_issuers, together(issuer(kind), text)) == []
    assert (
        faults(missing_issuers, text.replace("own}", "own, cert-manager.io/issuer-group: x}")) == []
    )

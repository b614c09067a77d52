"""SealedSecrets: sealed under another name, and the key they need."""

from __future__ import annotations

import pytest

from harness.audit.checks.sealed_secrets import sealing_key, wrong_scopes
from harness.audit.finding import Severity
from harness.audit.source import Tree
from harness.model.refs import ObjectRef
from tests.audit.pods import together
from tests.audit.scopes import faults, objects

CIPHER = "AgBy3i4OJSWK+PiTySYZZA9rO43cGDEq"


def sealed(meta: str = "name: db", template: str = "", notes: str = "", inner: str = "") -> str:
    more = f"{template}, " if template else ""
    return (
        "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\n"
        f"metadata: {{{meta}, annotations: {{{notes}}}}}\n"
        f"spec: {{encryptedData: {{password: {CIPHER}}}, "
        f"template: {{metadata: {{{more}annotations: {{{inner}}}}}}}}}"
    )


def tree(text: str) -> Tree:
    return Tree(documents={"base/sealed.yaml": objects(text)})


@pytest.mark.parametrize(
    ("template", "field", "was"),
    [("name: db, namespace: bank", "namespace", "bank"), ("name: database", "name", "database")],
)
def test_a_template_of_another_name_was_sealed_for_it(template: str, field: str, was: str) -> None:
    [found] = faults(wrong_scopes, sealed(template=template))

    assert found.object == ObjectRef("SealedSecret", "shop", "db")
    assert (found.rule, found.severity) == ("sealedsecret-scope", None)
    assert found.field == f"metadata.{field}"
    assert was in found.message


@pytest.mark.parametrize("template", ["", "name: db, namespace: shop", "name: '${NAME}'"])
def test_a_template_of_the_same_name_is_fine(template: str) -> None:
    assert faults(wrong_scopes, sealed(template=template)) == []


def test_a_name_that_kustomize_changed_cannot_be_decrypted() -> None:
    written = tree(sealed("name: db, namespace: shop"))

    [found] = faults(wrong_scopes, sealed("name: dev-db"), tree=written)

    assert "base/sealed.yaml" in found.message
    assert (found.field, found.value) == ("metadata.name", "dev-db")


def test_a_namespace_that_kustomize_changed_cannot_be_decrypted() -> None:
    written = tree(sealed("name: db, namespace: bank"))

    assert [f.field for f in faults(wrong_scopes, sealed(), tree=written)] == ["metadata.namespace"]


def test_a_manifest_without_namespace_tells_nothing() -> None:
    assert faults(wrong_scopes, sealed(), tree=tree(sealed())) == []


def test_another_manifest_of_the_same_cipher_text_leaves_it_open() -> None:
    both = Tree(
        documents={
            "a.yaml": objects(sealed("name: a, namespace: bank")),
            "b.yaml": objects(sealed("name: b, namespace: shop")),
        }
    )

    assert faults(wrong_scopes, sealed("name: b"), tree=both) == []


@pytest.mark.parametrize("where", ["notes", "inner"])
def test_wider_scopes_may_be_renamed(where: str) -> None:
    template = "name: other, namespace: bank"
    wide = {where: "sealedsecrets.bitnami.com/namespace-wide: 'true'"}
    cluster = {where: "sealedsecrets.bitnami.com/cluster-wide: 'true'"}

    assert faults(wrong_scopes, sealed(template=template, **cluster)) == []
    assert faults(wrong_scopes, sealed(template="name: other", **wide)) == []
    assert len(faults(wrong_scopes, sealed(template=template, **wide))) == 1


def test_a_template_written_by_hand_is_only_a_note() -> None:
    text = sealed("name: db, namespace: shop", template="name: other")

    [found] = faults(wrong_scopes, text, tree=tree(text))

    assert found.severity is Severity.NOTE


def test_all_sealed_secrets_together_need_one_key() -> None:
    [found] = faults(sealing_key, together(sealed(), sealed("name: other")))

    assert (found.rule, found.object.name) == ("sealedsecret-key-missing", "sealed-secrets-key")
    assert found.message.startswith("2 SealedSecrets")


def test_no_sealed_secret_and_a_declared_key_need_nothing() -> None:
    key = (
        "apiVersion: v1\nkind: Secret\nmetadata: {name: k, labels: "
        "{sealedsecrets.bitnami.com/sealed-secrets-key: active}}"
    )

    assert faults(sealing_key, key) == []
    assert faults(sealing_key, together(key, sealed())) == []


def test_a_renamed_secret_is_a_defect_whatever_its_template_says() -> None:
    written = tree(sealed("name: db, namespace: shop", template="name: other"))

    [found] = faults(wrong_scopes, sealed("name: dev-db", template="name: other"), tree=written)

    assert found.severity is None


def test_a_manifest_that_stands_twice_in_the_repository_still_tells() -> None:
    again = objects(sealed("name: db, namespace: bank"))
    both = Tree(documents={"a.yaml": again, "b.yaml": again})

    assert len(faults(wrong_scopes, sealed(), tree=both)) == 1


@pytest.mark.parametrize("cipher", ["short", "'{{ .Values.sealed.password.value }}'"])
def test_what_is_no_cipher_text_identifies_no_manifest(cipher: str) -> None:
    written = tree(sealed("name: other, namespace: bank").replace(CIPHER, cipher))

    assert faults(wrong_scopes, sealed().replace(CIPHER, cipher), tree=written) == []


def test_an_unknown_name_of_the_applied_object_is_not_judged() -> None:
    assert faults(wrong_scopes, sealed("name: '${NAME}'", template="name: db")) == []

from __future__ import annotations

from harness.audit.checks import schemas
from harness.audit.finding import Fault, Severity
from harness.audit.source import Tree
from harness.audit.survey import Survey
from tests.audit.scopes import faults, objects, scope, source

CRD = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: queues.musiccorp.example}
spec:
  group: musiccorp.example
  scope: Namespaced
  names: {plural: queues, kind: Queue}
  versions:
    - name: v1alpha1
      served: false
      storage: false
      schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              required: [size, owner, level]
              properties:
                size: {type: integer}
                owner: {type: string, nullable: true}
                level: {type: string, enum: [gold, silver], default: gold}
                port: {x-kubernetes-int-or-string: true}
                extra: {type: object, x-kubernetes-preserve-unknown-fields: true}
                labels: {type: object, additionalProperties: {type: string}}
"""
QUEUE = """
apiVersion: musiccorp.example/v1
kind: Queue
metadata: {name: orders}
spec: {size: 3, owner: null, port: http, extra: {any: 1}, labels: {a: b}}
"""


def only(text: str) -> Fault:
    (fault,) = faults(schemas.schema_faults, text)
    return fault


def test_a_custom_resource_is_judged_by_the_crd_of_the_scope() -> None:
    assert faults(schemas.schema_faults, CRD + "---" + QUEUE) == []
    assert only(CRD + "---" + QUEUE.replace("size: 3", "size: big")).rule == "wrong-type"
    assert only(CRD + "---" + QUEUE.replace("size: 3, ", "")).field == "spec.size"
    assert only(CRD + "---" + QUEUE.replace("port: http", "port: true")).rule == "wrong-type"
    fault = only(CRD + "---" + QUEUE.replace("owner: null", "level: Gold"))
    assert (fault.rule, fault.fix) == ("unsupported-value", "Write `gold`")


def test_a_pruned_field_of_a_custom_resource_is_a_note() -> None:
    fault = only(CRD + "---" + QUEUE.replace("size: 3", "size: 3, colour: red"))
    assert (fault.rule, fault.severity) == ("unknown-field", Severity.NOTE)


def test_a_misspelt_field_of_an_application_is_a_defect_and_a_strange_one_a_note() -> None:
    text = """
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: order}
spec:
  project: shop
  destination: {namespace: shop}
  source: {repoURL: https://git.example/shop, path: order}
"""
    assert faults(schemas.schema_faults, text) == []
    fault = only(text + "  sycnPolicy: {automated: {}}")
    assert (fault.fix, fault.severity) == ("Rename `sycnPolicy` to `syncPolicy`", None)
    assert only(text + "  rainbow: {}").severity is Severity.NOTE


def test_a_flux_kustomization_is_judged_by_the_bundled_schema() -> None:
    text = """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps}
spec: {interval: 10m, prune: true, path: ./apps, sourceRef: {kind: GitRepository, name: shop}}
"""
    assert faults(schemas.schema_faults, text) == []
    assert only(text.replace("prune: true", 'prune: "yes"')).field == "spec.prune"


def test_an_engine_object_in_a_file_has_its_line_and_misses_nothing() -> None:
    text = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: order}\nspec:\n"
    text += "  sycnPolicy: {}\n"
    tree = Tree(engine=((objects(text)[0], "apps/order.yaml"),), texts={"apps/order.yaml": text})
    (fault,) = [f for c in schemas.SURVEY_CHECKS for f in c(Survey(tree=tree))]
    assert isinstance(fault, Fault)
    assert (fault.rule, fault.file, fault.line) == ("unknown-field", "apps/order.yaml", 5)


def test_validation_that_is_switched_off_makes_an_unknown_field_a_note() -> None:
    text = "{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {sort: 1}}"
    spec = {"syncPolicy": {"syncOptions": ["Validate=false"]}}
    (fault,) = schemas.schema_faults(scope(source(text, spec=spec)))
    assert isinstance(fault, Fault)
    assert fault.severity is Severity.NOTE
    assert only(text).severity is None

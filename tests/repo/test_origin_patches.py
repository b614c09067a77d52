from __future__ import annotations

from pathlib import Path
from textwrap import dedent, indent

import pytest

from harness.model.refs import ObjectRef
from harness.repo.origin import Origins, Place

WEB = ObjectRef("Deployment", "", "web")
POD = "spec.template.spec"
BASE = """
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  labels: {tier: front}
spec:
  replicas: 1
  template:
    spec:
      imagePullSecrets:
        - name: pull
      containers:
        - name: web
          image: web:1
          args: [serve, --fast]
          env:
            - name: DB_HOST
              value: db
            - name: LEVEL
              value: info
          ports:
            - containerPort: 8080
              name: http
        - name: proxy
          image: proxy:1
"""


class Tree:
    """A base with one Deployment below an overlay."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.write("base/kustomization.yaml", "resources: [web.yaml]")
        self.write("base/web.yaml", BASE)

    def write(self, file: str, text: str) -> None:
        (self.root / file).parent.mkdir(parents=True, exist_ok=True)
        (self.root / file).write_text(dedent(text).lstrip("\n"), encoding="utf-8")

    def overlay(self, text: str, *, patch: str = "") -> None:
        self.write("overlay/kustomization.yaml", "resources: [../base]\n" + dedent(text))
        self.write("overlay/patch.yaml", patch)

    def at(self, file: str, text: str) -> Place:
        lines = (self.root / file).read_text(encoding="utf-8").splitlines()
        (number,) = (n for n, line in enumerate(lines, start=1) if text in line)
        return Place(file, number)

    def in_overlay(self, text: str) -> Place:
        return self.at("overlay/kustomization.yaml", text)

    def locate(self, field: str, value: str = "") -> Place | None:
        return Origins(self.root, ["overlay"]).locate(WEB, field, value=value)


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)


def merge(spec: str, name: str = "web") -> str:
    """A strategic merge patch of the pod's specification."""
    head = f"kind: Deployment\napiVersion: apps/v1\nmetadata: {{name: '{name}'}}\n"
    return f"{head}spec:\n  template:\n    spec:\n{indent(dedent(spec).strip(), ' ' * 6)}\n"


def inline(patch: str, target: str = "") -> str:
    """A kustomization's `patches` with the patch as a literal block."""
    target_line = f"\n    target: {target}" if target else ""
    return f"patches:\n  - patch: |-\n{indent(patch, ' ' * 6)}{target_line}\n"


HOST = """
    containers:
      - name: web
        env:
          - name: DB_HOST
            value: database
"""


@pytest.mark.parametrize(
    "setting",
    ["patches: [{path: patch.yaml}]", "patchesStrategicMerge: [patch.yaml]"],
)
def test_the_file_of_a_merge_patch_wins_over_the_base(tree: Tree, setting: str) -> None:
    tree.overlay(setting, patch=merge(HOST))

    assert tree.locate(f"{POD}.containers[web].env[DB_HOST].value") == tree.at(
        "overlay/patch.yaml", "value: database"
    )
    assert tree.locate(f"{POD}.containers[web].env[LEVEL].value") == tree.at(
        "base/web.yaml", "value: info"
    )


def test_an_inline_patch_has_the_lines_of_its_kustomization(tree: Tree) -> None:
    tree.overlay(inline(merge(HOST)))

    assert tree.locate(f"{POD}.containers[web].env[DB_HOST].value") == tree.in_overlay(
        "value: database"
    )


def test_a_patch_in_quotes_is_known_by_its_key(tree: Tree) -> None:
    operation = '[{"op": "replace", "path": "/spec/replicas", "value": 3}]'
    tree.overlay(f"patches:\n  - target: {{kind: Deployment}}\n    patch: '{operation}'")

    assert tree.locate("spec.replicas") == tree.in_overlay("patch:")


def test_the_outermost_of_several_patches_wins(tree: Tree) -> None:
    tree.overlay(inline(merge(HOST)))
    tree.write("outer/kustomization.yaml", "resources: [../overlay]\n" + inline(merge(HOST)))

    found = Origins(tree.root, ["outer"]).locate(WEB, f"{POD}.containers[web].env[DB_HOST].value")

    assert found == tree.at("outer/kustomization.yaml", "value: database")


def test_a_patch_for_another_object_does_not_count(tree: Tree) -> None:
    tree.overlay(inline(merge(HOST, name="other")))

    assert tree.locate(f"{POD}.containers[web].env[DB_HOST].value") == tree.at(
        "base/web.yaml", "value: db"
    )


@pytest.mark.parametrize(
    ("target", "is_meant"),
    [
        ("{kind: Deployment}", True),
        ("{kind: Deploy.*, name: w.b}", True),
        ("{name: we}", False),
        ("{group: apps, version: v1}", True),
        ("{group: batch}", False),
        ("{namespace: other}", False),
        ("{labelSelector: 'tier=front'}", True),
        ("{labelSelector: 'tier in (front, back),!old'}", True),
        ("{labelSelector: 'tier!=front'}", False),
        ("{labelSelector: 'tier notin (front)'}", False),
        ("{labelSelector: 'old'}", False),
        ("{annotationSelector: 'tier=front'}", False),
    ],
)
def test_the_target_of_a_patch_decides(tree: Tree, target: str, is_meant: bool) -> None:
    tree.overlay(inline(merge(HOST, name="any"), target))
    base = tree.at("base/web.yaml", "value: db")

    found = tree.locate(f"{POD}.containers[web].env[DB_HOST].value")

    assert found == (tree.in_overlay("value: database") if is_meant else base)


def test_a_patch_may_name_an_object_by_any_name_it_had(tree: Tree) -> None:
    tree.write("base/kustomization.yaml", "resources: [web.yaml]\nnamePrefix: shop-")
    tree.overlay(inline(merge(HOST, name="shop-web")))
    shop = ObjectRef("Deployment", "", "shop-web")
    field = f"{POD}.containers[web].env[DB_HOST].value"

    assert Origins(tree.root, ["overlay"]).locate(shop, field) == tree.in_overlay("database")
    tree.overlay(inline(merge(HOST)))
    assert Origins(tree.root, ["overlay"]).locate(shop, field) == tree.in_overlay("database")


@pytest.mark.parametrize(
    ("spec", "field", "text"),
    [
        ("imagePullSecrets: null", "imagePullSecrets[pull].name", "imagePullSecrets"),
        ("imagePullSecrets: [{$patch: delete}]", "imagePullSecrets", "imagePullSecrets"),
        (
            "containers:\n  - name: proxy\n    $patch: delete",
            "containers[proxy].image",
            "name: proxy",
        ),
        ("$patch: replace\ncontainers: []", "imagePullSecrets[pull]", "    spec:"),
        ("containers:\n  - name: web\n    args: [x]", "containers[web].args[--fast]", "args:"),
        ("imagePullSecrets: [{$patch: replace}]", "imagePullSecrets[pull]", "imagePullSecrets"),
    ],
)
def test_what_a_patch_takes_away_has_the_line_of_the_patch(
    tree: Tree, spec: str, field: str, text: str
) -> None:
    tree.overlay("patches: [{path: patch.yaml}]", patch=merge(spec))

    assert tree.locate(f"{POD}.{field}") == tree.at("overlay/patch.yaml", text)


def test_a_whole_object_that_a_patch_deletes_has_that_patch(tree: Tree) -> None:
    deleted = "$patch: delete\nkind: Deployment\napiVersion: apps/v1\nmetadata: {name: web}"
    tree.overlay(inline(deleted) + "namespace: dev\ncommonLabels: {a: b}\n")

    assert tree.locate("spec.replicas") == tree.in_overlay("$patch: delete")


def test_operations_of_a_json_patch_count_the_items_of_the_base(tree: Tree) -> None:
    patch = """
        - op: replace
          path: /spec/template/spec/containers/1/image
          value: proxy:2
        - op: add
          path: /spec/template/spec/containers/0/env/-
          value:
            name: MODE
            value: safe
        - op: add
          path: /metadata/annotations
          value: {shop.example/a: b}
        - op: add
          path: /metadata/annotations/shop.example~1c
          value: d
        - op: remove
          path: /spec/template/spec/imagePullSecrets/0
        - op: copy
          from: /spec/replicas
          path: /spec/paused
        - op: move
          from: /spec/template/spec/containers/0/args
          path: /spec/template/spec/containers/0/command
        - op: add
          path: /spec/nowhere/at/all
          value: 1
    """
    tree.overlay("patches: [{path: patch.yaml, target: {kind: Deployment}}]", patch=patch)
    file = "overlay/patch.yaml"

    found = {
        field: tree.locate(field)
        for field in (
            f"{POD}.containers[proxy].image",
            f"{POD}.containers[web].env[MODE].value",
            "metadata.annotations[shop.example/c]",
            f"{POD}.imagePullSecrets[pull].name",
            "spec.paused",
            f"{POD}.containers[web].command",
            f"{POD}.containers[web].image",
            "spec.nowhere",
        )
    }

    assert list(found.values()) == [
        tree.at(file, "value: proxy:2"),
        tree.at(file, "value: safe"),
        tree.at(file, "value: d"),
        tree.at(file, "op: remove"),
        tree.at(file, "op: copy"),
        tree.at(file, "op: move"),
        tree.at("base/web.yaml", "image: web:1"),
        Place("base/web.yaml", tree.at("base/web.yaml", "replicas: 1").line - 1),
    ]


def test_patches_json6902_is_the_older_spelling(tree: Tree) -> None:
    operations = "- {op: replace, path: /spec/replicas, value: 4}"
    target = "{group: apps, version: v1, kind: Deployment, name: web}"
    tree.overlay(inline(operations, target).replace("patches:", "patchesJson6902:"))

    assert tree.locate("spec.replicas") == tree.in_overlay("value: 4")


def test_items_of_a_merge_patch_come_before_those_of_the_base(tree: Tree) -> None:
    sidecar = "containers:\n  - name: log\n    image: log:1\n  - name: proxy\n    env: []"
    operations = "- {op: replace, path: /spec/template/spec/containers/1/image, value: proxy:9}"
    tree.overlay("patches: [{path: patch.yaml}]", patch=merge(sidecar))
    tree.write(
        "outer/kustomization.yaml",
        "resources: [../overlay]\n" + inline(operations, "{name: web}"),
    )

    found = Origins(tree.root, ["outer"]).locate(WEB, f"{POD}.containers[proxy].image")

    assert found == tree.at("outer/kustomization.yaml", "value: proxy:9")


def test_lists_of_custom_resources_are_replaced(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    tree.write("base/web.yaml", BASE.replace("apps/v1", "shop.example/v1"))
    tree.overlay(inline(merge(HOST).replace("apps/v1", "shop.example/v1")))

    assert tree.locate(f"{POD}.containers[proxy].image") == tree.in_overlay("containers:")


def test_a_component_changes_the_objects_of_those_who_use_it(tree: Tree) -> None:
    tree.write("part/kustomization.yaml", "kind: Component\n" + inline(merge(HOST)))
    tree.overlay("components: [../part]")

    assert tree.locate(f"{POD}.containers[web].env[DB_HOST].value") == tree.at(
        "part/kustomization.yaml", "value: database"
    )


def test_a_replacement_leads_to_the_source_of_its_value(tree: Tree) -> None:
    tree.write("overlay/config.yaml", "kind: ConfigMap\nmetadata: {name: c}\ndata:\n  host: db9")
    tree.overlay(
        """
        replacements:
          - source: {kind: ConfigMap, name: c, fieldPath: data.host}
            targets:
              - select: {kind: Deployment}
                fieldPaths:
                  - spec.template.spec.containers.[name=web].env.[name=DB_HOST].value
          - source: {kind: ConfigMap, name: unknown}
            targets:
              - select: {name: web}
                reject: [{kind: Service}]
                fieldPaths:
                  - spec.template.spec.containers.*.image
        """
    )
    text = (tree.root / "overlay/kustomization.yaml").read_text()
    tree.write("overlay/kustomization.yaml", text.replace("[../base]", "[../base, config.yaml]"))

    assert tree.locate(f"{POD}.containers[web].env[DB_HOST].value") == tree.at(
        "overlay/config.yaml", "host: db9"
    )
    assert tree.locate(f"{POD}.containers[proxy].image") == tree.in_overlay("containers.*.image")


def test_items_with_two_keys_keep_the_order_of_the_base(tree: Tree) -> None:
    ports = """
        containers:
          - name: web
            ports:
              - {containerPort: 8080, hostPort: 1}
              - {containerPort: 9090, protocol: UDP}
    """
    operations = "- {op: add, path: '/spec/template/spec/containers/0/ports/1/name', value: main}"
    tree.overlay(inline(merge(ports)))
    tree.write("outer/kustomization.yaml", "resources: [../overlay]\n" + inline(operations, "{}"))
    origins = Origins(tree.root, ["outer"])
    port = f"{POD}.containers[web].ports[8080]"

    assert origins.locate(WEB, f"{port}.name") == tree.at("outer/kustomization.yaml", "value: main")
    assert origins.locate(WEB, f"{port}.hostPort") == tree.in_overlay("hostPort: 1")
    assert origins.locate(WEB, f"{port}.containerPort") == tree.in_overlay("hostPort: 1")


def test_an_operation_that_cannot_apply_changes_nothing(tree: Tree) -> None:
    operations = """
        - {op: replace, path: /spec/template/spec/containers/7, value: {name: web}}
        - {op: remove, path: /spec/template/spec/containers/7}
        - {op: remove, path: /spec/paused}
        - {op: test, path: /spec/replicas, value: 9}
        - {op: add, path: /spec/replicas}
        - {op: copy, from: /spec/absent, path: /spec/replicas}
        - {op: add, path: "", value: {}}
        - nonsense
    """
    tree.overlay(inline(dedent(operations).strip(), "{kind: Deployment}"))

    assert tree.locate("spec.replicas") == tree.at("base/web.yaml", "replicas: 1")
    assert tree.locate(f"{POD}.containers[web].image") == tree.at("base/web.yaml", "image: web:1")
    assert tree.locate(f"{POD}.containers[7]") == tree.at("base/web.yaml", "containers:")


@pytest.mark.parametrize(("options", "is_made"), [("{create: true}", True), ("{}", False)])
def test_a_replacement_makes_a_field_only_when_told_to(
    tree: Tree, options: str, is_made: bool
) -> None:
    tree.overlay(
        f"""
        replacements:
          - sourceValue: busybox
            targets:
              - select: {{kind: Deployment}}
                fieldPaths: [metadata.annotations.shell]
                options: {options}
        """
    )

    made = tree.in_overlay("sourceValue")
    absent = Place("base/web.yaml", tree.at("base/web.yaml", "labels:").line - 2)
    assert tree.locate("metadata.annotations.shell") == (made if is_made else absent)

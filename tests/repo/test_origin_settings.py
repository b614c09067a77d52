from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from harness.model.refs import ObjectRef
from harness.repo.origin import Origins, Place

POD = "spec.template.spec"
IMAGE = f"{POD}.containers[web].image"
WEB = ObjectRef("Deployment", "dev", "web")
CONFIG = ObjectRef("ConfigMap", "dev", "web-k8f2gth7mc")
BASE = """
    apiVersion: apps/v1
    kind: Deployment
    metadata:
      name: web
    spec:
      replicas: 1
      selector:
        matchLabels: {app: web}
      template:
        metadata:
          labels: {app: web}
        spec:
          initContainers:
            - name: migrate
              image: ghcr.io/shop/web
          containers:
            - name: web
              image: ghcr.io/shop/web:bad@sha256:0
              env:
                - name: OWN
                  value: here
                - name: FROM_KEY
                  valueFrom:
                    configMapKeyRef: {name: web, key: LEVEL}
                - name: FROM_CLUSTER
                  valueFrom:
                    secretKeyRef: {name: made-by-hand, key: x}
              envFrom:
                - configMapRef: {name: web}
                - prefix: DB_
                  secretRef: {name: web-db}
"""


class Tree:
    """A Deployment with generated configuration below an overlay for `dev`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.write(
            "base/kustomization.yaml",
            """
            resources: [web.yaml]
            configMapGenerator:
              - name: web
                literals:
                  - LEVEL=info
                  - CURRENCY='EUR'
                  - OWN=hidden
            secretGenerator:
              - name: web-db
                envs: [database.env]
                files:
                  - init.sql
                  - schema=tables.sql
                  - absent.sql
                options: {disableNameSuffixHash: true}
            """,
        )
        self.write("base/web.yaml", BASE)
        self.write("base/database.env", "# Where it is.\n\nHOST=db\n")
        self.write("base/init.sql", "create\nuser shop;\n")
        self.write("base/tables.sql", "table\n")
        self.overlay("")

    def write(self, file: str, text: str) -> None:
        (self.root / file).parent.mkdir(parents=True, exist_ok=True)
        (self.root / file).write_text(dedent(text).lstrip("\n"), encoding="utf-8")

    def overlay(self, text: str) -> None:
        head = "namespace: dev\nresources: [../base]\n"
        self.write("overlay/kustomization.yaml", head + dedent(text))

    def at(self, file: str, text: str) -> Place:
        lines = (self.root / file).read_text(encoding="utf-8").splitlines()
        (number,) = (n for n, line in enumerate(lines, start=1) if text in line)
        return Place(file, number)

    def in_overlay(self, text: str) -> Place:
        return self.at("overlay/kustomization.yaml", text)

    def in_base(self, text: str) -> Place:
        return self.at("base/kustomization.yaml", text)

    def locate(self, ref: ObjectRef, field: str, value: str = "") -> Place | None:
        return Origins(self.root, ["overlay"]).locate(ref, field, value=value)


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        ("newTag: '2'", "newTag"),
        ("newName: ghcr.io/shop/other", "newName"),
        ("digest: sha256:1", "digest"),
        ("newName: x\n    newTag: '2'", "newTag"),
        ("newTag: '2'\n    digest: sha256:1", "digest"),
        ("tagSuffix: -slim", "tagSuffix"),
    ],
)
def test_an_image_has_the_line_that_overrides_it(tree: Tree, entry: str, text: str) -> None:
    tree.overlay(f"images:\n  - name: ghcr.io/shop/web\n    {entry}\n")

    assert tree.locate(WEB, IMAGE) == tree.in_overlay(text)
    assert tree.locate(WEB, f"{POD}.initContainers[migrate].image") == tree.in_overlay(text)


@pytest.mark.parametrize("name", ["ghcr.io/shop/we", "ghcr.io/shop/web:bad", "web", "''"])
def test_an_override_of_another_image_does_not_count(tree: Tree, name: str) -> None:
    tree.overlay(f"images:\n  - name: {name}\n    newTag: '2'\n")

    assert tree.locate(WEB, IMAGE) == tree.at("base/web.yaml", "web:bad")


def test_the_value_tells_name_and_tag_apart(tree: Tree) -> None:
    tree.overlay("images:\n  - name: ghcr.io/shop/web\n    newName: mirror/web\n")

    assert tree.locate(WEB, IMAGE, "mirror/web") == tree.in_overlay("newName")
    assert tree.locate(WEB, IMAGE, "bad") == tree.at("base/web.yaml", "web:bad")
    assert tree.locate(WEB, IMAGE, "mirror/web:bad@sha256:0") == tree.in_overlay("newName")
    assert tree.locate(WEB, POD, "mirror/web:bad@sha256:0") == tree.in_overlay("newName")


def test_an_outer_override_matches_the_name_an_inner_one_gave(tree: Tree) -> None:
    tree.overlay("images:\n  - name: ghcr.io/shop/web\n    newName: mirror/web\n    newTag: '2'\n")
    tree.write(
        "outer/kustomization.yaml",
        "resources: [../overlay]\nimages:\n  - name: mirror/web\n    newTag: '3'\n",
    )
    origins = Origins(tree.root, ["outer"])

    assert origins.locate(WEB, IMAGE) == tree.at("outer/kustomization.yaml", "newTag")
    assert origins.locate(WEB, IMAGE, value="mirror/web") == tree.in_overlay("newName")


def test_replicas_have_the_line_of_their_count(tree: Tree) -> None:
    tree.overlay("replicas:\n  - name: web\n    count: 3\n  - name: other\n    count: 4\n")

    assert tree.locate(WEB, "spec.replicas") == tree.in_overlay("count: 3")


@pytest.mark.parametrize(
    ("setting", "reached"),
    [
        ("labels:\n  - pairs:\n      x/team: shop\n", {"metadata"}),
        (
            "labels:\n  - includeTemplates: true\n    pairs:\n      x/team: shop\n",
            {"metadata", "template"},
        ),
        (
            "labels:\n  - includeSelectors: true\n    pairs:\n      x/team: shop\n",
            {"metadata", "template", "selector"},
        ),
        ("commonLabels:\n  x/team: shop\n", {"metadata", "template", "selector"}),
    ],
)
def test_labels_have_their_line_wherever_they_reach(
    tree: Tree, setting: str, reached: set[str]
) -> None:
    tree.overlay(setting)
    fields = {
        "metadata": "metadata.labels[x/team]",
        "template": "spec.template.metadata.labels[x/team]",
        "selector": "spec.selector.matchLabels[x/team]",
    }

    line = tree.in_overlay("x/team")
    assert {name for name, f in fields.items() if tree.locate(WEB, f) == line} == reached


def test_annotations_have_their_line(tree: Tree) -> None:
    tree.overlay("commonAnnotations:\n  note: x\n")

    assert tree.locate(WEB, "spec.template.metadata.annotations.note") == tree.in_overlay("note")


def test_labels_reach_existing_selectors_of_policies_only(tree: Tree) -> None:
    policy = """
        kind: NetworkPolicy
        apiVersion: networking.k8s.io/v1
        metadata: {name: allow}
        spec:
          podSelector: {}
          ingress:
            - from:
                - podSelector: {matchLabels: {app: web}}
    """
    tree.write("overlay/policy.yaml", policy)
    tree.write(
        "overlay/kustomization.yaml", "resources: [policy.yaml]\ncommonLabels:\n  team: shop\n"
    )
    allow = ObjectRef("NetworkPolicy", "", "allow")
    peer = "spec.ingress[0].from[0].podSelector.matchLabels.team"

    assert tree.locate(allow, peer) == tree.in_overlay("team")
    assert tree.locate(allow, "spec.podSelector.matchLabels.team") == tree.at(
        "overlay/policy.yaml", "podSelector: {}"
    )


CRON_JOB = """
    apiVersion: batch/v1
    kind: CronJob
    metadata: {name: web}
    spec:
      jobTemplate:
        spec:
          template:
            spec:
              containers:
                - {name: web, image: ghcr.io/shop/web}
"""
STATEFUL_SET = """
    apiVersion: apps/v1
    kind: StatefulSet
    metadata: {name: web}
    spec:
      volumeClaimTemplates:
        - metadata: {name: data}
"""


@pytest.mark.parametrize(
    ("manifest", "field", "text"),
    [
        (CRON_JOB, "spec.jobTemplate.spec.template.spec.containers[web].image", "newTag"),
        (CRON_JOB, "spec.jobTemplate.metadata.labels.team", "team"),
        (CRON_JOB, "spec.jobTemplate.spec.template.metadata.labels.team", "team"),
        (STATEFUL_SET, "spec.volumeClaimTemplates[data].metadata.labels.team", "team"),
        (STATEFUL_SET, "spec.template.metadata.labels.team", "team"),
        (STATEFUL_SET, "spec.selector.matchLabels.team", "team"),
    ],
)
def test_settings_reach_the_templates_of_every_workload(
    tree: Tree, manifest: str, field: str, text: str
) -> None:
    tree.write("overlay/web.yaml", manifest)
    tree.write(
        "overlay/kustomization.yaml",
        """
        resources: [web.yaml]
        commonLabels:
          team: shop
        images:
          - name: ghcr.io/shop/web
            newTag: '2'
        """,
    )
    kind = "CronJob" if manifest is CRON_JOB else "StatefulSet"

    assert tree.locate(ObjectRef(kind, "", "web"), field) == tree.in_overlay(text)


def test_the_namespace_has_its_line(tree: Tree) -> None:
    assert tree.locate(WEB, "metadata.namespace") == tree.in_overlay("namespace: dev")


def test_cluster_scoped_objects_keep_out_of_the_namespace(tree: Tree) -> None:
    role = "kind: ClusterRole\nmetadata: {name: reader}\n---\nkind: Namespace\nmetadata: {name: x}"
    tree.write("overlay/role.yaml", role)
    tree.write(
        "overlay/kustomization.yaml", "namespace: dev\nnamePrefix: p-\nresources: [role.yaml]"
    )

    assert tree.locate(ObjectRef("ClusterRole", "", "p-reader"), "metadata.namespace") == tree.at(
        "overlay/role.yaml", "name: reader"
    )
    assert tree.locate(ObjectRef("Namespace", "", "dev"), "metadata.name") == tree.in_overlay(
        "namespace: dev"
    )


def test_a_generated_key_has_the_line_of_its_literal(tree: Tree) -> None:
    assert tree.locate(CONFIG, "data[LEVEL]") == tree.in_base("LEVEL=info")
    assert tree.locate(CONFIG, "data", value="EUR") == tree.in_base("CURRENCY")
    assert tree.locate(CONFIG, "data[ABSENT]") == tree.in_base("literals:")
    assert tree.locate(CONFIG, "") == Place("base/kustomization.yaml", 3)


@pytest.mark.parametrize("name", ["web-k8f2gth7mc", "web"])
def test_a_generated_name_may_carry_its_hash(tree: Tree, name: str) -> None:
    assert tree.locate(ObjectRef("ConfigMap", "dev", name), "data[LEVEL]") is not None


@pytest.mark.parametrize("name", ["web-db-k8f2gth7mc", "web-k8f2gth7m", "web-K8F2GTH7MC"])
def test_a_name_with_something_else_at_its_end_is_another_object(tree: Tree, name: str) -> None:
    assert tree.locate(ObjectRef("Secret", "dev", name), "data") is None
    assert tree.locate(ObjectRef("ConfigMap", "dev", name), "data") is None


def test_an_overlay_that_merges_into_a_generated_object_wins(tree: Tree) -> None:
    tree.overlay(
        """
        configMapGenerator:
          - name: web
            behavior: merge
            literals:
              - LEVEL=debug
        """
    )

    assert tree.locate(CONFIG, "data[LEVEL]") == tree.in_overlay("LEVEL=debug")
    assert tree.locate(CONFIG, "data[CURRENCY]") == tree.in_base("CURRENCY")
    assert tree.locate(CONFIG, "data[ABSENT]") == tree.in_overlay("literals:")


def test_an_overlay_that_replaces_a_generated_object_leaves_nothing_of_it(tree: Tree) -> None:
    tree.overlay("configMapGenerator:\n  - {name: web, behavior: replace, literals: [A=b]}\n")

    assert tree.locate(CONFIG, "data[LEVEL]") == tree.in_overlay("literals")


def test_a_generated_key_from_a_file_is_in_that_file(tree: Tree) -> None:
    secret = ObjectRef("Secret", "dev", "web-db")

    assert tree.locate(secret, "data[HOST]") == tree.at("base/database.env", "HOST=db")
    assert tree.locate(secret, "data[init.sql]") == Place("base/init.sql", 1)
    assert tree.locate(secret, "data[init.sql]", "user shop") == Place("base/init.sql", 2)
    assert tree.locate(secret, "data[schema]") == Place("base/tables.sql", 1)
    assert tree.locate(secret, "data[absent.sql]") == tree.in_base("absent.sql")


def test_a_secret_in_a_file_may_write_its_keys_as_text(tree: Tree) -> None:
    tree.write("plain/s.yaml", "kind: Secret\nmetadata: {name: s}\nstringData:\n  key: word\n")

    found = Origins(tree.root, ["plain"]).locate(ObjectRef("Secret", "dev", "s"), "data[key]")

    assert found == tree.at("plain/s.yaml", "key: word")


def test_a_variable_leads_to_the_key_that_gives_it(tree: Tree) -> None:
    env = f"{POD}.containers[web].env"

    assert tree.locate(WEB, f"{env}[LEVEL]") == tree.in_base("LEVEL=info")
    assert tree.locate(WEB, f"{env}[LEVEL].value") == tree.in_base("LEVEL=info")
    assert tree.locate(WEB, f"{env}[FROM_KEY]") == tree.in_base("LEVEL=info")
    assert tree.locate(WEB, f"{env}[DB_HOST]") == tree.at("base/database.env", "HOST=db")


def test_a_variable_of_the_container_itself_stays_there(tree: Tree) -> None:
    env = f"{POD}.containers[web].env"

    assert tree.locate(WEB, f"{env}[OWN]") == tree.at("base/web.yaml", "name: OWN")
    assert tree.locate(WEB, f"{env}[FROM_CLUSTER]") == tree.at("base/web.yaml", "FROM_CLUSTER")
    assert tree.locate(WEB, f"{env}[ABSENT]") == tree.at("base/web.yaml", "env:")
    assert tree.locate(WEB, f"{env}[FROM_KEY].valueFrom.configMapKeyRef.key") == tree.at(
        "base/web.yaml", "key: LEVEL"
    )

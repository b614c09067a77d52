from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

import pytest

from harness.model.refs import ObjectRef
from harness.repo.origin import Origins, Place

DEPLOYMENT = """
    apiVersion: apps/v1
    kind: Deployment
    metadata:
      name: web
    spec:
      template:
        spec:
          containers:
            - name: web
              image: ghcr.io/shop/web:1
              env:
                - name: DB_HOST
                  value: db
              readinessProbe:
                httpGet:
                  path: /ready
"""


def write(root: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(dedent(text).lstrip("\n"), encoding="utf-8")


def at(root: Path, file: str, text: str) -> Place:
    """The one line of a file that holds the text."""
    lines = (root / file).read_text(encoding="utf-8").splitlines()
    (number,) = (n for n, line in enumerate(lines, start=1) if text in line)
    return Place(file, number)


def ref(kind: str, name: str, namespace: str = "") -> ObjectRef:
    return ObjectRef(kind, namespace, name)


WEB = ref("Deployment", "web")


def test_a_field_that_nobody_overrides_is_in_the_file_of_the_resource(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "base/kustomization.yaml": "resources: [web.yaml]",
            "base/web.yaml": DEPLOYMENT,
            "overlay/kustomization.yml": "resources: [../base]",
        },
    )
    origins = Origins(tmp_path, ["overlay"])
    container = "spec.template.spec.containers[web]"

    probe = origins.locate(WEB, f"{container}.readinessProbe.httpGet.path")

    assert probe == at(tmp_path, "base/web.yaml", "path: /ready")
    assert origins.locate(WEB, f"{container}.env[DB_HOST]") == at(
        tmp_path, "base/web.yaml", "name: DB_HOST"
    )
    assert origins.locate(WEB, "spec.template.spec.containers[0].env[0].value") == at(
        tmp_path, "base/web.yaml", "value: db"
    )


def test_without_a_field_the_object_itself_is_the_place(tmp_path: Path) -> None:
    write(tmp_path, {"plain/web.yaml": "# The shop.\n---\n" + dedent(DEPLOYMENT)})

    found = Origins(tmp_path, ["plain"]).locate(WEB)

    assert found == at(tmp_path, "plain/web.yaml", "apiVersion")


def test_a_field_that_is_nowhere_has_its_deepest_ancestor(tmp_path: Path) -> None:
    write(tmp_path, {"plain/web.yaml": DEPLOYMENT})

    origins = Origins(tmp_path, ["plain"])

    assert origins.locate(WEB, "spec.template.spec.containers[web].livenessProbe.httpGet") == at(
        tmp_path, "plain/web.yaml", "- name: web"
    )
    assert origins.locate(WEB, "status.replicas") == Place("plain/web.yaml", 1)


def test_an_unknown_object_has_no_place(tmp_path: Path) -> None:
    write(tmp_path, {"plain/web.yaml": DEPLOYMENT, "plain/note.txt": "kind: Service"})

    origins = Origins(tmp_path, ["plain", "absent"])

    assert origins.locate(ref("Deployment", "other")) is None
    assert origins.locate(ref("Service", "web")) is None
    assert origins.locate(ref("AppProject", "web")) is None
    assert origins.locate(WEB, folder="absent") is None


def test_names_and_namespaces_are_the_rendered_ones(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "base/kustomization.yaml": "resources: [web.yaml]\nnamePrefix: shop-",
            "base/web.yaml": DEPLOYMENT,
            "dev/kustomization.yaml": "bases: [../base]\nnamespace: dev\nnameSuffix: -blue",
            "prod/kustomization.yaml": "resources: [../base]\nnamespace: prod",
        },
    )
    origins = Origins(tmp_path, ["dev", "prod"])
    image = "spec.template.spec.containers[web].image"

    assert origins.locate(ref("Deployment", "shop-web-blue", "dev"), image) == at(
        tmp_path, "base/web.yaml", "image:"
    )
    assert origins.locate(ref("Deployment", "shop-web", "prod"), "metadata.namespace") == at(
        tmp_path, "prod/kustomization.yaml", "namespace: prod"
    )
    assert origins.locate(ref("Deployment", "shop-web", "dev")) is None
    assert origins.locate(ref("Deployment", "web", "dev")) is None
    assert origins.locate(ref("Deployment", "shop-web", "prod"), folder="dev") is None


def test_the_namespace_of_a_file_counts_unless_a_kustomization_sets_another(
    tmp_path: Path,
) -> None:
    given = DEPLOYMENT.replace("name: web\n", "name: web\n      namespace: shop\n", 1)
    write(
        tmp_path,
        {
            "plain/web.yaml": given,
            "base/kustomization.yaml": "resources: [web.yaml]",
            "base/web.yaml": given,
            "dev/kustomization.yaml": "resources: [../base]\nnamespace: dev",
        },
    )
    origins = Origins(tmp_path, ["plain", "dev"])

    assert origins.locate(ref("Deployment", "web", "other")) is None
    assert origins.locate(ref("Deployment", "web", "shop")) == Place("plain/web.yaml", 1)
    assert origins.locate(ref("Deployment", "web", "dev")) == Place("base/web.yaml", 1)


def test_of_several_objects_the_surest_answer_wins(tmp_path: Path) -> None:
    literals = "configMapGenerator:\n  - {name: web, literals: [A=b]}\n"
    config = "kind: ConfigMap\nmetadata: {name: web-0123456789}\n"
    delete = "{$patch: delete, kind: ConfigMap, metadata: {name: web-0123456789}}"
    removed = f'resources: [c.yaml]\nnamespace: dev\npatches: [{{patch: "{delete}"}}]\n'
    write(
        tmp_path,
        {
            "1/kustomization.yaml": removed,
            "1/c.yaml": config,
            "2/c.yaml": config,
            "3/kustomization.yaml": f"namespace: dev\n{literals}",
            "4/kustomization.yaml": "namespace: dev\nresources: [c.yaml]",
            "4/c.yaml": config,
        },
    )
    wanted = ref("ConfigMap", "web-0123456789", "dev")

    found = [Origins(tmp_path, list("1234"[:n])).locate(wanted) for n in range(1, 5)]

    assert [place.file if place else "" for place in found] == [
        "1/kustomization.yaml",
        "2/c.yaml",
        "3/kustomization.yaml",
        "4/c.yaml",
    ]


def test_the_value_chooses_the_line_below_a_field(tmp_path: Path) -> None:
    sidecar = "            - name: proxy\n              image: redis\n"
    write(tmp_path, {"plain/web.yaml": dedent(DEPLOYMENT + sidecar)})
    origins = Origins(tmp_path, ["plain"])

    assert origins.locate(WEB, "spec.template.spec", value="docker.io/library/redis:latest") == at(
        tmp_path, "plain/web.yaml", "image: redis"
    )
    assert origins.locate(WEB, value="/ready") == at(tmp_path, "plain/web.yaml", "path: /ready")
    assert origins.locate(WEB, "spec.template.spec", value="nowhere") == at(
        tmp_path, "plain/web.yaml", "    spec:"
    )


def test_keys_with_dots_and_blocks_of_text_are_found(tmp_path: Path) -> None:
    config = """
        kind: ConfigMap
        apiVersion: v1
        metadata: {name: web}
        data:
          application.properties: |
            # Where the orders go.
            orders=http://ordr
            limit=5
    """
    write(tmp_path, {"plain/config.yaml": config})
    origins = Origins(tmp_path, ["plain"])
    web = ref("ConfigMap", "web")

    key = at(tmp_path, "plain/config.yaml", "application.properties")
    assert origins.locate(web, "data[application.properties]") == key
    assert origins.locate(web, "data.application.properties") == key
    assert origins.locate(web, "data[application.properties]", value="http://ordr") == at(
        tmp_path, "plain/config.yaml", "orders="
    )


def test_lists_of_objects_anchors_and_merge_keys_are_understood(tmp_path: Path) -> None:
    text = """
        kind: List
        items:
          - kind: Service
            metadata: &meta
              name: web
              labels: {app: web}
            spec:
              ports: [{port: 80}]
          - kind: Deployment
            metadata:
              <<: *meta
              name: app
    """
    write(tmp_path, {"plain/all.yaml": text})
    origins = Origins(tmp_path, ["plain"])

    assert origins.locate(ref("Service", "web"), "spec.ports[80]") == at(
        tmp_path, "plain/all.yaml", "port: 80"
    )
    assert origins.locate(ref("Deployment", "app"), "metadata.labels.app") == at(
        tmp_path, "plain/all.yaml", "labels:"
    )


@pytest.mark.parametrize(
    "broken",
    [
        "a: [",
        "\t- x",
        "&a [*a]",
        "kind: Deployment\nmetadata: *x",
        "\x00",
        "",
        "- 1",
        "a: &x {b: *x}",
    ],
)
def test_broken_yaml_costs_no_more_than_its_own_file(tmp_path: Path, broken: str) -> None:
    write(
        tmp_path,
        {
            "overlay/kustomization.yaml": """
                resources: [web.yaml, broken.yaml, nowhere.yaml, https://example.org/x, ../../x]
                patches: [{path: broken.yaml, target: {kind: "("}}, {path: nowhere.yaml}]
                components: [nowhere]
                configMapGenerator: [{name: c, files: [nowhere], envs: [nowhere]}]
                images: [1]
                labels: 3
            """,
            "overlay/web.yaml": DEPLOYMENT,
        },
    )
    (tmp_path / "overlay/broken.yaml").write_text(broken)
    (tmp_path / "other").mkdir()
    (tmp_path / "other/kustomization.yaml").write_text(broken)
    origins = Origins(tmp_path, ["other", "overlay"])

    assert origins.locate(WEB, "metadata.name") == at(tmp_path, "overlay/web.yaml", "  name: web")
    assert origins.locate(ref("Application", "x")) is None


def test_kustomizations_that_use_each_other_end(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "one/kustomization.yaml": "resources: [../two, web.yaml]",
            "one/web.yaml": DEPLOYMENT,
            "two/kustomization.yaml": "resources: [../one]",
        },
    )

    assert Origins(tmp_path, ["one"]).locate(WEB) == Place("one/web.yaml", 1)

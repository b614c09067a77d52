"""`configmap-missing`, `subpath-missing` and `config-empty-value`."""

from __future__ import annotations

import pytest

from harness.audit.checks.configs import missing_config_maps
from harness.audit.checks.empty_values import empty_values, is_required
from harness.audit.checks.subpaths import missing_subpaths
from harness.audit.finding import Severity
from harness.model.refs import ObjectRef
from tests.audit.pods import env_from_config, env_from_secret, together, workload
from tests.audit.scopes import faults

CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {url: http://catalog}"
VOLUME = workload(
    "containers: [{name: order}]\nvolumes: [{name: conf, configMap: {name: settings}}]"
)


@pytest.mark.parametrize(("text", "cause"), [(env_from_config(), "S11"), (VOLUME, "S09")])
def test_a_config_map_that_nobody_declares_is_found(text: str, cause: str) -> None:
    [found] = faults(missing_config_maps, text)

    assert found.object == ObjectRef("ConfigMap", "shop", "settings")
    assert (found.rule, found.cause, found.severity) == ("configmap-missing", cause, None)
    assert "kubectl create configmap settings -n shop" in found.fix


def test_a_declared_config_map_is_fine() -> None:
    assert faults(missing_config_maps, together(CONFIG, env_from_config(), VOLUME)) == []


def test_a_key_that_the_config_map_lacks_is_a_defect() -> None:
    [found] = faults(missing_config_maps, together(CONFIG, env_from_config(key="uri")))

    assert (found.cause, found.severity) == ("S08", Severity.DEFECT)
    assert "url" in found.expected


def test_binary_data_have_keys_too() -> None:
    binary = CONFIG.replace("data: {url: http://catalog}", "binaryData: {url: YQ==}")

    assert faults(missing_config_maps, together(binary, env_from_config())) == []


@pytest.mark.parametrize("name", ["kube-root-ca.crt", "istio-ca-root-cert"])
def test_config_maps_that_every_namespace_has_are_fine(name: str) -> None:
    assert faults(missing_config_maps, env_from_config(config=name, key="ca.crt")) == []


def test_a_bundle_of_trust_manager_is_in_every_namespace() -> None:
    bundle = "apiVersion: trust.cert-manager.io/v1alpha1\nkind: Bundle\nmetadata: {name: settings}"

    assert faults(missing_config_maps, together(bundle, env_from_config())) == []


def test_an_injected_bundle_has_unknown_keys() -> None:
    injected = CONFIG.replace(
        "{name: settings}",
        "{name: settings, annotations: {service.beta.openshift.io/inject-cabundle: 'true'}}",
    )

    text = together(injected, env_from_config(key="service-ca.crt"))

    assert faults(missing_config_maps, text) == []


def test_an_optional_config_map_is_fine() -> None:
    assert faults(missing_config_maps, env_from_config(more=", optional: true")) == []


def mounting(sub_path: str, volume: str = "configMap: {name: settings}") -> str:
    return workload(
        "containers: [{name: order, volumeMounts: "
        f"[{{name: conf, mountPath: /etc/app.ini, subPath: {sub_path}}}]}}]\n"
        f"volumes: [{{name: conf, {volume}}}]"
    )


def test_a_sub_path_that_is_no_file_of_the_volume_is_a_defect() -> None:
    [found] = faults(missing_subpaths, together(CONFIG, mounting("app.ini")))

    assert (found.rule, found.cause) == ("subpath-missing", "S10")
    assert found.object == ObjectRef("Deployment", "shop", "order")
    assert "volumeMounts[/etc/app.ini].subPath" in found.field


@pytest.mark.parametrize(
    ("sub_path", "volume"),
    [
        ("url", "configMap: {name: settings}"),
        ("app.ini", "configMap: {name: settings, items: [{key: url, path: app.ini}]}"),
        ("conf", "configMap: {name: settings, items: [{key: url, path: conf/app.ini}]}"),
        ("app.ini", "configMap: {name: settings, optional: true}"),
        ("app.ini", "configMap: {name: other}"),
        ("'${FILE}'", "configMap: {name: settings}"),
        ("app.ini", "emptyDir: {}"),
    ],
)
def test_sub_paths_that_exist_or_may_exist_are_fine(sub_path: str, volume: str) -> None:
    assert faults(missing_subpaths, together(CONFIG, mounting(sub_path, volume))) == []


def test_items_give_the_files_of_the_volume_new_names() -> None:
    volume = "configMap: {name: settings, items: [{key: url, path: app.ini}]}"

    assert len(faults(missing_subpaths, together(CONFIG, mounting("url", volume)))) == 1


def test_the_sub_path_of_a_secret_is_judged_alike() -> None:
    secret = CONFIG.replace("ConfigMap", "Secret").replace("\ndata:", "\nstringData:")

    text = together(secret, mounting("app.ini", "secret: {secretName: settings}"))

    assert len(faults(missing_subpaths, text)) == 1


@pytest.mark.parametrize(
    "name", ["DB_HOST", "DATABASE_URL", "KAFKA_BROKERS", "POSTGRES_PASSWORD", "db.host"]
)
def test_names_that_promise_an_address_or_password_are_required(name: str) -> None:
    assert is_required(name)


@pytest.mark.parametrize(
    "name",
    [
        "HTTP_PROXY_URL",
        "SENTRY_DSN",
        "SMTP_HOST",
        "HOST",
        "DB_NAME",
        "PUBLIC_URL",
        "LOG_LEVEL",
        "apiUrl",
    ],
)
def test_names_that_programs_accept_empty_are_not_required(name: str) -> None:
    assert not is_required(name)


def test_an_empty_literal_is_a_note() -> None:
    text = workload("containers: [{name: order, env: [{name: DB_HOST, value: ''}, {name: A}]}]")

    [found] = faults(empty_values, text)

    assert found.rule == "config-empty-value"
    assert found.field == "spec.template.spec.containers[order].env[DB_HOST].value"


@pytest.mark.parametrize("value", ["db", "'0'", "$(OTHER)", "5432"])
def test_a_literal_with_a_value_is_fine(value: str) -> None:
    text = workload(f"containers: [{{name: order, env: [{{name: DB_HOST, value: {value}}}]}}]")

    assert faults(empty_values, text) == []


def test_an_empty_key_of_a_config_map_is_a_note_about_the_config_map() -> None:
    empty = CONFIG.replace("http://catalog", "''")

    [found] = faults(empty_values, together(empty, env_from_config()))

    assert found.object == ObjectRef("ConfigMap", "shop", "settings")
    assert found.field == "data[url]"
    assert "CATALOG_URL" in found.message


def test_an_empty_key_of_a_secret_is_a_note() -> None:
    empty = "apiVersion: v1\nkind: Secret\nmetadata: {name: db}\nstringData: {password: ''}"

    [found] = faults(empty_values, together(empty, env_from_secret()))

    assert found.field == "stringData[password]"


def test_the_keys_of_env_from_are_variables_unless_the_container_sets_them() -> None:
    config = CONFIG.replace("url: http://catalog", "DB_HOST: '', LOG_LEVEL: ''")
    bare = workload("containers: [{name: a, envFrom: [{configMapRef: {name: settings}}]}]")
    own = workload(
        "containers: [{name: a, env: [{name: DB_HOST, value: db}], "
        "envFrom: [{configMapRef: {name: settings}}]}]"
    )

    assert [f.field for f in faults(empty_values, together(config, bare))] == ["data[DB_HOST]"]
    assert faults(empty_values, together(config, own)) == []


def test_a_mounted_file_is_no_variable() -> None:
    config = CONFIG.replace("url: http://catalog", "DB_HOST: ''")

    assert faults(empty_values, together(config, VOLUME)) == []


def test_only_mounts_with_a_sub_path_of_the_volume_itself_are_judged() -> None:
    text = workload(
        "containers: [{name: a, volumeMounts: [{name: conf, mountPath: /etc/conf}, "
        "{name: data, mountPath: /data, subPath: shop}]}]\n"
        "volumes: [{name: conf, configMap: {name: settings}}, {name: data, emptyDir: {}}]"
    )

    assert faults(missing_subpaths, together(CONFIG, text)) == []


def test_a_claim_template_in_place_of_the_volume_has_any_path() -> None:
    text = mounting("shop").replace("kind: Deployment", "kind: StatefulSet")
    text = text.replace("spec:\n", "spec:\n  volumeClaimTemplates: [{metadata: {name: conf}}]\n", 1)

    assert faults(missing_subpaths, together(CONFIG, text)) == []


def test_the_nearest_file_or_a_new_key_mends_a_sub_path() -> None:
    assert "to url" in faults(missing_subpaths, together(CONFIG, mounting("urls")))[0].fix
    assert "Add the key" in faults(missing_subpaths, together(CONFIG, mounting("x.y")))[0].fix


def test_a_variable_without_a_value_is_empty() -> None:
    text = workload("containers: [{name: order, env: [{name: DB_HOST}]}]")

    assert len(faults(empty_values, text)) == 1


def test_an_absent_key_is_not_an_empty_one() -> None:
    assert faults(empty_values, together(CONFIG, env_from_config(key="other"))) == []


def test_what_somebody_else_fills_in_is_not_empty() -> None:
    empty = "apiVersion: v1\nkind: Secret\nmetadata: {name: db}\nstringData: {password: ''}"
    external = (
        "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: db}\nspec: {}"
    )

    assert faults(empty_values, together(f"{empty}\nsops: {{mac: x}}", env_from_secret())) == []
    assert faults(empty_values, together(empty, external, env_from_secret())) == []

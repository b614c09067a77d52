from __future__ import annotations

import base64
import copy
import json
from typing import Any

import pytest

from harness.watch.redacted import (
    AUTHS,
    CUT,
    DIGEST,
    HIDDEN,
    INVALID_AUTHS,
    MAX_VALUE_CHARACTERS,
    masked,
    recordable,
    without_noise,
)

SALT = b"0123456789abcdef"
Object = dict[str, Any]


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def secret(data: dict[str, str], **more: Any) -> Object:
    return {"kind": "Secret", "type": "Opaque", "metadata": {"name": "s"}, "data": data, **more}


def annotations_of(obj: Object) -> dict[str, str]:
    found: dict[str, str] = obj["metadata"].get("annotations") or {}
    return found


def workload(container: Object) -> Object:
    spec = {"template": {"spec": {"containers": [{"name": "app", **container}]}}}
    return {"kind": "Deployment", "metadata": {"name": "app"}, "spec": spec}


def container(obj: Object) -> Object:
    found: Object = recordable(obj, SALT)["spec"]["template"]["spec"]["containers"][0]
    return found


def test_no_value_of_a_secret_is_kept_but_that_it_is_empty() -> None:
    obj = secret({"a": encoded("hunter22"), "b": ""}, stringData={"c": "hunter33", "d": ""})

    kept = recordable(obj, SALT)

    assert kept["data"] == {"a": HIDDEN, "b": ""}
    assert kept["stringData"] == {"c": HIDDEN, "d": ""}
    text = json.dumps(kept)
    assert not any(v in text for v in ("hunter22", "hunter33", encoded("hunter22")))


def test_equal_values_have_equal_digests_whether_encoded_or_not() -> None:
    kept = recordable(secret({"a": encoded("x1")}, stringData={"b": "x1", "c": "x2"}), SALT)

    digests = annotations_of(kept)
    assert digests[f"{DIGEST}a"] == digests[f"{DIGEST}b"] != digests[f"{DIGEST}c"]
    assert len(digests[f"{DIGEST}a"]) == 12


def test_the_digest_depends_on_the_salt() -> None:
    obj = secret({"a": encoded("x1")})

    assert annotations_of(recordable(obj, SALT)) != annotations_of(recordable(obj, b"another salt"))


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ('{"auths": {"ghcr.io": {"auth": "aHVudGVy"}, "r.example": {}}}', "ghcr.io,r.example"),
        ('{"auths": {"https://index.docker.io/v1/": {}}}', "https://index.docker.io/v1/"),
        ('{"auths": {}}', INVALID_AUTHS),
        ('{"ghcr.io": {}}', INVALID_AUTHS),
        ("[]", INVALID_AUTHS),
        ("not JSON", INVALID_AUTHS),
        (encoded('{"auths": {"ghcr.io": {}}}'), INVALID_AUTHS),
        ("", INVALID_AUTHS),
    ],
)
def test_the_hosts_of_a_pull_secret_are_told(value: str, told: str) -> None:
    kept = recordable(secret({".dockerconfigjson": encoded(value)}), SALT)

    assert annotations_of(kept)[AUTHS] == told
    assert "aHVudGVy" not in json.dumps(kept)


def test_the_hosts_of_an_old_pull_secret_are_its_keys() -> None:
    kept = recordable(secret({".dockercfg": encoded('{"ghcr.io": {"auth": "x"}}')}), SALT)

    assert annotations_of(kept)[AUTHS] == "ghcr.io"


def test_an_annotation_that_repeats_a_value_is_dropped_and_others_stay() -> None:
    meta = {
        "name": "s",
        "annotations": {
            "copy": '{"data": {"a": "' + encoded("hunter22") + '"}}',
            "plain": "it is hunter22",
            "team": "orders",
            "argocd.argoproj.io/tracking-id": "hunter22:/Secret:dev/s",
        },
    }

    kept = recordable(secret({"a": encoded("hunter22")}, metadata=meta), SALT)

    assert set(annotations_of(kept)) == {"team", "argocd.argoproj.io/tracking-id", f"{DIGEST}a"}


def test_a_secret_of_a_list_is_known_without_its_kind() -> None:
    obj = secret({"a": encoded("hunter22")})
    del obj["kind"]

    assert recordable(obj, SALT)["data"] == {"a": HIDDEN}


def test_what_was_recordable_once_is_not_changed_again() -> None:
    objects = [
        secret({"a": encoded("x"), ".dockerconfigjson": encoded('{"auths": {"ghcr.io": {}}}')}),
        {"kind": "ConfigMap", "metadata": {}, "data": {"TOKEN": "x", "long": "y" * 99_999}},
        workload({"env": [{"name": "PASSWORD", "value": "x"}], "args": ["--token", "y"]}),
    ]

    for obj in objects:
        once = recordable(obj, SALT)
        assert recordable(once, SALT) == once != obj


def test_nothing_is_changed_in_place_and_what_stays_is_shared() -> None:
    obj = workload({"env": [{"name": "PASSWORD", "value": "x"}]})
    obj["metadata"]["managedFields"] = []
    obj["status"] = {"replicas": 1}
    before = copy.deepcopy(obj)

    kept = recordable(obj, SALT)

    assert obj == before
    assert kept["status"] is obj["status"]


def test_managed_fields_and_the_copy_of_what_was_applied_are_not_kept() -> None:
    name = "kubectl.kubernetes.io/last-applied-configuration"
    meta = {"name": "a", "managedFields": [{}], "annotations": {name: "{}", "team": "a"}}

    assert without_noise({"metadata": meta}) == {
        "metadata": {"name": "a", "annotations": {"team": "a"}}
    }


def test_literal_credentials_of_an_environment_are_hidden_and_references_stay() -> None:
    env = [
        {"name": "DB_PASSWORD", "value": "hunter22"},
        {"name": "EMPTY_PASSWORD", "value": ""},
        {"name": "COPIED_PASSWORD", "value": "$(DB_PASSWORD)"},
        {"name": "API_TOKEN", "valueFrom": {"secretKeyRef": {"name": "s", "key": "token"}}},
        {"name": "DB_HOST", "value": "postgres"},
        {"name": "DB_URL", "value": "postgresql://app:hunter22@postgres/db"},
    ]

    found = container(workload({"env": env}))["env"]

    assert [e.get("value") for e in found] == [
        HIDDEN,
        "",
        "$(DB_PASSWORD)",
        None,
        "postgres",
        "postgresql://app:********@postgres/db",
    ]
    assert found[3] == env[3]


def test_literal_credentials_of_a_command_are_hidden() -> None:
    found = container(workload({"args": ["--token", "hunter22", "--password=hunter22", "-v"]}))

    assert found["args"] == ["--token", HIDDEN, "--password=********", "-v"]


def test_a_template_inside_any_kind_is_looked_through() -> None:
    data = workload({"env": [{"name": "PASSWORD", "value": "hunter22"}]})["spec"]
    obj = {"kind": "ControllerRevision", "metadata": {"name": "r"}, "data": {"spec": data}}

    assert "hunter22" not in json.dumps(recordable(obj, SALT))


def test_texts_of_an_application_stay() -> None:
    message = "failed to fetch oauth token: unexpected status: 403; secret: not found"
    obj = {
        "kind": "Application",
        "metadata": {"name": "a", "annotations": {"note": "token: later"}},
        "status": {"conditions": [{"type": "ComparisonError", "message": message}]},
    }

    assert recordable(obj, SALT) is obj


def test_credentials_of_a_config_map_are_hidden_and_other_values_stay() -> None:
    data = {
        "DB_PASSWORD": "hunter22",
        "DB_URL": "postgresql://app:hunter22@postgres/db",
        "app.properties": "db.password=hunter22\ndb.host=postgres\n",
        "HOST": "postgres",
    }

    kept = recordable({"kind": "ConfigMap", "metadata": {}, "data": data}, SALT)

    assert "hunter22" not in json.dumps(kept)
    assert kept["data"]["HOST"] == "postgres"
    assert kept["data"]["app.properties"].endswith("db.host=postgres\n")
    assert f"{DIGEST}DB_PASSWORD" in annotations_of(kept)


def test_a_long_value_of_a_config_map_is_cut_and_noted() -> None:
    obj = {"kind": "ConfigMap", "metadata": {}, "data": {"a": "x" * 40_000, "b": "y"}}

    kept = recordable(obj, SALT)

    assert len(kept["data"]["a"]) == MAX_VALUE_CHARACTERS == 32 * 1024
    assert annotations_of(kept) == {f"{CUT}a": "32768 of 40000 characters kept"}


def test_a_config_map_without_credentials_keeps_its_metadata() -> None:
    obj = {"kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"a": "b"}}

    assert recordable(obj, SALT) == obj


def test_known_values_are_masked_in_texts_and_not_in_names() -> None:
    obj: Object = workload({"image": "postgres:17", "command": ["echo", "postgres"]})
    obj["metadata"]["annotations"] = {"note": "postgres"}
    obj["status"] = {"conditions": [{"type": "Ready", "message": "waits for postgres"}]}

    text = json.dumps(masked(obj, lambda t: t.replace("postgres", "****")))

    assert '"image": "postgres:17"' in text
    assert text.count("****") == 3


def test_known_values_are_masked_in_a_config_map() -> None:
    obj = {"kind": "ConfigMap", "metadata": {"name": "hunter22"}, "data": {"a": "hunter22"}}

    kept = masked(obj, lambda t: t.replace("hunter22", "****"))

    assert kept == {"kind": "ConfigMap", "metadata": {"name": "hunter22"}, "data": {"a": "****"}}

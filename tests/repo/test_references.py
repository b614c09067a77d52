from __future__ import annotations

from typing import Any

from harness.repo.references import image_uses, missing_secrets


def _deployment(spec: dict[str, Any], name: str = "web") -> dict[str, Any]:
    return {
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "dev"},
        "spec": {"template": {"spec": spec}},
    }


ACCOUNT = {
    "kind": "ServiceAccount",
    "metadata": {"name": "web", "namespace": "dev"},
    "imagePullSecrets": [{"name": "from-account"}],
}


def test_a_pods_own_pull_secrets_hide_those_of_its_account() -> None:
    own = _deployment(
        {
            "serviceAccountName": "web",
            "imagePullSecrets": [{"name": "own"}],
            "containers": [{"image": "ghcr.io/a/b:1"}],
        }
    )
    inherited = _deployment(
        {"serviceAccountName": "web", "containers": [{"image": "ghcr.io/a/c:1"}]}, "other"
    )

    found, _ = image_uses([own, inherited, ACCOUNT])

    assert {u.declared: u.pull_secrets for u in found} == {
        "ghcr.io/a/b:1": (("dev", "own"),),
        "ghcr.io/a/c:1": (("dev", "from-account"),),
    }


def test_init_containers_and_cron_jobs_name_images_too() -> None:
    cron = {
        "kind": "CronJob",
        "metadata": {"name": "c", "namespace": "dev"},
        "spec": {
            "jobTemplate": {
                "spec": {
                    "template": {
                        "spec": {
                            "initContainers": [{"image": "a:1"}],
                            "containers": [{"image": "b:1"}],
                        }
                    }
                }
            }
        },
    }

    found, _ = image_uses([cron])

    assert [u.declared for u in found] == ["a:1", "b:1"]


def test_a_container_without_image_is_noted() -> None:
    assert image_uses([_deployment({"containers": [{"name": "x"}]})])[1] == (
        "Deployment dev/web: container x has no image",
    )


def test_every_way_to_refer_to_a_secret_is_seen() -> None:
    spec = {
        "imagePullSecrets": [{"name": "pull"}],
        "containers": [
            {
                "image": "ghcr.io/a/b:1",
                "env": [{"valueFrom": {"secretKeyRef": {"name": "env", "key": "k"}}}],
                "envFrom": [{"secretRef": {"name": "all"}}],
            }
        ],
        "volumes": [
            {"secret": {"secretName": "mounted", "items": [{"key": "a"}, {"key": "b"}]}},
            {"projected": {"sources": [{"secret": {"name": "projected"}}]}},
        ],
    }

    found = {u.name: u for u in missing_secrets([_deployment(spec)])}

    assert set(found) == {"pull", "env", "all", "mounted", "projected"}
    assert found["mounted"].keys == ("a", "b")
    assert found["pull"].is_pull_secret
    assert found["pull"].hosts == ("ghcr.io",)


def test_a_secret_that_something_will_make_is_not_missing() -> None:
    spec = {
        "containers": [
            {
                "image": "a:1",
                "envFrom": [{"secretRef": {"name": n}} for n in ("a", "b", "c", "d", "e")],
            }
        ]
    }
    meta = {"namespace": "dev"}
    makers: list[dict[str, Any]] = [
        {"kind": "Secret", "metadata": {**meta, "name": "a"}},
        {"kind": "SealedSecret", "metadata": {**meta, "name": "b"}},
        {
            "kind": "ExternalSecret",
            "metadata": {**meta, "name": "x"},
            "spec": {"target": {"name": "c"}},
        },
        {"kind": "Certificate", "metadata": {**meta, "name": "y"}, "spec": {"secretName": "d"}},
        {"kind": "Secret", "metadata": {"namespace": "other", "name": "e"}},
    ]

    assert [u.name for u in missing_secrets([_deployment(spec), *makers])] == ["e"]


def test_a_secret_is_optional_only_when_every_reference_says_so() -> None:
    def env(optional: bool) -> dict[str, Any]:
        ref = {"name": "s", "key": "k", "optional": optional}
        container = {"image": "a:1", "env": [{"valueFrom": {"secretKeyRef": ref}}]}
        return _deployment({"containers": [container]}, f"web-{optional}")

    assert missing_secrets([env(True)])[0].optional
    assert not missing_secrets([env(True), env(False)])[0].optional

"""PostgreSQL's image: data directory, versions, password, variables given twice."""

from __future__ import annotations

from typing import Any

import pytest

from harness.audit.checks.postgres import (
    data_directories_are_right,
    passwords_are_given,
    variables_exclude_files,
)
from harness.audit.checks.postgres_versions import tools_fit_their_servers, versions_keep_their_data
from harness.audit.cluster_profile import KIND
from harness.audit.finding import Fault, Severity
from tests.audit.manifests import config_map, container, found, manifest, of, service
from tests.audit.manifests import workload as deployment

Object = dict[str, Any]
CHECKS = (
    data_directories_are_right,
    passwords_are_given,
    variables_exclude_files,
    versions_keep_their_data,
    tools_fit_their_servers,
)
OLD, HOME = "/var/lib/postgresql/data", "/var/lib/postgresql"
PASSWORD = {"POSTGRES_PASSWORD": "x"}


def server(
    image: str = "postgres:17",
    path: str = OLD,
    storage: str = "gp3",
    *,
    env: dict[str, str] | None = None,
    **more: Any,
) -> Object:
    claim = {"metadata": {"name": "data"}, "spec": {"storageClassName": storage}}
    mount = {"name": "data", "mountPath": path, **more.pop("mount", {})}
    own = more.pop("own", {})
    db = container("db", image, env={**PASSWORD, **(env or {})}, volumeMounts=[mount], **own)
    return deployment("db", db, kind="StatefulSet", volumeClaimTemplates=[claim], **more)


def faults(*objects: Object, **more: Any) -> list[Fault]:
    return [f for check in CHECKS for f in found(check, *objects, **more)]


SUBFOLDER = {"PGDATA": f"{OLD}/pgdata"}


@pytest.mark.parametrize(
    "healthy",
    [
        server(env=SUBFOLDER),
        server(mount={"subPath": "pgdata"}),
        server("postgres:18", HOME),
        server("postgres:18", OLD, env={"PGDATA": f"{OLD}/pg"}),
        server(storage="efs-sc"),
        server("bitnami/postgresql:17", "/bitnami/postgresql"),
        server("postgis/postgis:17-3.5", env=SUBFOLDER),
    ],
)
def test_a_healthy_server_has_no_fault(healthy: Object) -> None:
    assert not faults(healthy)


@pytest.mark.parametrize(
    "image", ["postgres:18", "postgres:18.1-alpine", "postgres", "postgres:latest"]
)
def test_the_old_place_from_18_on_is_a_defect(image: str) -> None:
    fault = next(f for f in faults(server(image)) if f.cause == "G02")

    assert (fault.rule, fault.severity) == ("postgres-data-directory", None)
    assert fault.fix == f"change mountPath {OLD} to {HOME}"
    assert fault.field == f"spec.template.spec.containers[db].volumeMounts[{OLD}].mountPath"


def test_data_at_the_root_of_block_storage_by_class() -> None:
    (block,) = faults(server())
    (unsure,) = faults(server(storage=""))
    declared = manifest("StorageClass", "fast", namespace="", provisioner="ebs.csi.aws.com")
    (by_provisioner,) = faults(server(storage="fast"), declared)

    assert (block.cause, block.severity) == ("G01", Severity.DEFECT)
    assert unsure.severity is Severity.NOTE
    assert by_provisioner.severity is Severity.DEFECT
    assert faults(server(storage="${CLASS}-gp3"))[0].severity is Severity.NOTE
    assert not faults(server(storage=""), profile=KIND)
    assert not faults(server(storage="local-path"))


def test_a_claim_by_name_has_its_own_class() -> None:
    claim = manifest("PersistentVolumeClaim", "db", {"storageClassName": "gp2"})
    volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": "db"}}]
    db = container(
        "db", "postgres:17", env=PASSWORD, volumeMounts=[{"name": "data", "mountPath": OLD}]
    )

    assert [f.cause for f in faults(deployment("db", db, pod={"volumes": volumes}), claim)] == [
        "G01"
    ]


def test_a_folder_that_belongs_to_root() -> None:
    user = {"pod": {"securityContext": {"runAsUser": 999}}}
    group = {"pod": {"securityContext": {"runAsUser": 999, "fsGroup": 999}}}
    owner = {
        "pod": {**user["pod"], "initContainers": [container("own", args=["chown", "999", "/d"])]}
    }

    assert [f.cause for f in faults(server(env=SUBFOLDER, **user))] == ["G04"]
    assert not faults(server(env=SUBFOLDER, **group))
    assert not faults(server(env=SUBFOLDER, **owner))


def test_a_volume_that_the_images_own_volume_hides() -> None:
    (fault,) = faults(server("postgres:16", HOME, "local-path"))

    assert (fault.cause, fault.severity) == ("", None)
    assert "lost with the container" in fault.message
    assert not faults(server("postgres:16", HOME, "local-path", env={"PGDATA": f"{HOME}/pgdata"}))


# --- password


def bare(**more: Any) -> Object:
    return deployment("db", container("db", "postgres:17", **more))


def test_a_server_without_a_password_does_not_start() -> None:
    (missing,) = found(passwords_are_given, bare(env={"POSTGRES_PASSWD": "x"}))
    (empty,) = found(passwords_are_given, bare(env={"POSTGRES_PASSWORD": ""}))

    assert (missing.rule, missing.cause) == ("postgres-password-missing", "G03")
    assert "it is given POSTGRES_PASSWD" in missing.message
    assert "an empty POSTGRES_PASSWORD" in empty.message


SECRET = {"name": "POSTGRES_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "db", "key": "p"}}}


@pytest.mark.parametrize(
    "more",
    [
        {"env": {"POSTGRES_PASSWORD": "x"}},
        {"env": {"POSTGRES_PASSWORD_FILE": "/run/secrets/p"}},
        {"env": {"POSTGRES_HOST_AUTH_METHOD": "trust"}},
        {"env": [SECRET]},
        {"envFrom": [{"secretRef": {"name": "absent"}}]},
        {"envFrom": [{"configMapRef": {"name": "settings"}}]},
        {"envFrom": [{"configMapRef": {"name": "absent"}}]},
        {"command": ["pg_dump", "-h", "db"]},
        {"command": ["sh", "-c", "psql"]},
        {"args": ["sleep", "1"]},
    ],
)
def test_a_server_with_a_password_or_another_program_is_fine(more: Object) -> None:
    settings = config_map("settings", POSTGRES_PASSWORD="x")

    assert not found(passwords_are_given, bare(**more), settings)


def test_arguments_of_the_server_change_nothing() -> None:
    assert len(found(passwords_are_given, bare(args=["-c", "max_connections=50"]))) == 1
    assert not found(
        passwords_are_given, deployment("j", container("db", "postgres:17"), kind="Job")
    )


def test_a_variable_by_value_and_by_file_is_refused() -> None:
    both = {"POSTGRES_USER": "a", "POSTGRES_USER_FILE": "/run/u", **PASSWORD}
    (fault,) = found(variables_exclude_files, bare(env=both))
    mysql = container("db", "mysql:8", env={"MYSQL_PASSWORD": "a", "MYSQL_PASSWORD_FILE": "/b"})

    assert (fault.rule, fault.cause) == ("variable-and-file-both-set", "G08")
    assert len(found(variables_exclude_files, deployment("my", mysql))) == 1
    assert not found(variables_exclude_files, bare(env={**both, "POSTGRES_USER": ""}))
    assert not found(
        variables_exclude_files, deployment("app", container(env={"A": "1", "A_FILE": "2"}))
    )


# --- versions


def test_a_tag_that_moves_on_is_noted_where_there_is_a_claim() -> None:
    (fault,) = found(versions_keep_their_data, server("postgres:alpine", env=SUBFOLDER))

    assert (fault.rule, fault.severity) == ("postgres-major-version", Severity.NOTE)
    assert not found(versions_keep_their_data, server("postgres:17-alpine"))
    assert not found(versions_keep_their_data, bare(env=PASSWORD))
    assert not found(versions_keep_their_data, server("postgres@sha256:" + "ab" * 32))


def test_one_claim_for_two_versions_is_a_defect() -> None:
    volumes = {"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "db"}}]}
    mount = {"volumeMounts": [{"name": "data", "mountPath": OLD}]}

    def using(name: str, image: str) -> Object:
        return deployment(name, container("db", image, env=PASSWORD, **mount), pod=volumes)

    (fault,) = found(versions_keep_their_data, using("a", "postgres:16"), using("b", "postgres:17"))

    assert (fault.cause, str(fault.object)) == ("G06", "PersistentVolumeClaim shop/db")
    assert not found(
        versions_keep_their_data, using("a", "postgres:17"), using("b", "postgres:17.2")
    )


def test_a_dump_by_an_older_tool_is_a_defect() -> None:
    def backup(image: str) -> Object:
        job = container("dump", image, command=["pg_dump", "-h", "db", "shop"])
        return manifest(
            "CronJob",
            "backup",
            {"jobTemplate": {"spec": {"template": {"spec": {"containers": [job]}}}}},
        )

    there = (server(env=SUBFOLDER), service("db", 5432))
    (fault,) = found(tools_fit_their_servers, backup("postgres:15"), *there)

    assert fault.rule == "postgres-major-version"
    assert fault.fix.startswith("use postgres:17 in spec.jobTemplate.")
    assert not found(tools_fit_their_servers, backup("postgres:17-alpine"), *there)
    assert not found(tools_fit_their_servers, backup("postgres:18"), *there)


LONE = {"image": "postgres:17", "volumeMounts": [{"name": "x", "mountPath": "/"}]}


@pytest.mark.parametrize(
    "odd",
    [
        server(image="postgres:99999999999999"),
        deployment("db", {"image": "postgres:17", "volumeMounts": ["a", {"mountPath": 7}]}),
        manifest("Pod", "db", {"containers": [{"image": "postgres", "command": "a"}]}),
        deployment("db", LONE, volumeClaimTemplates=[7, {"spec": "a"}], kind="StatefulSet"),
    ],
)
def test_odd_input_raises_nothing(odd: Object) -> None:
    for check in CHECKS:
        assert all(isinstance(f, Fault) for f in check(of(odd)))

"""Recipes carry our label, and their scripts do what the images they stand in for document."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from airgap.building.docker import proxies_of
from airgap.building.programs import constants_of
from airgap.errors import BuildError
from airgap.pins import HOME, read_pins

RECIPES = HOME / "recipes"
DOCKERFILES = sorted(RECIPES.rglob("Dockerfile"))


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.parent.name)
def test_every_recipe_labels_even_its_first_step(path: Path) -> None:
    instructions = [line.split()[0] for line in path.read_text().splitlines() if line[:1].isupper()]
    assert "dev.gitops-harness=bundle dev.gitops-harness.stage=$STAGE" in path.read_text()
    assert "RUN" not in instructions[: instructions.index("LABEL")]


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.parent.name)
def test_recipes_build_on_what_they_are_given(path: Path) -> None:
    stages: set[str] = set()
    for line in path.read_text().splitlines():
        if found := re.match(r"FROM (\S+)(?: AS (\S+))?$", line):
            assert found[1].startswith("$") or found[1] in stages | {"scratch"}
            stages.add(found[2])


def test_every_recipe_is_used() -> None:
    images = read_pins().images
    used = {*images["layers"], *images["images"], *images["addons"], "kafka-jars", "node-images"}
    assert {path.name for path in RECIPES.iterdir()} == used


def kafka_properties(environment: dict[str, str]) -> list[str]:
    script = RECIPES / "kafka/docker/properties"
    done = subprocess.run(
        ["bash", str(script)],
        env={"PATH": "/usr/bin:/bin", **environment},
        capture_output=True,
        text=True,
        check=True,
        timeout=20,
    )
    return done.stdout.splitlines()


def test_kafka_settings_come_from_the_environment_by_the_documented_rule() -> None:
    assert kafka_properties(
        {
            "KAFKA_NODE_ID": "1",
            "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@kafka-0.kafka:9093,2@kafka-1.kafka:9093",
            "KAFKA_LISTENER_NAME_A__B_SSL___X": "y=z",
            "KAFKA_HEAP_OPTS": "-Xmx512m",
            "KAFKA_LOG4J_ROOT_LOGLEVEL": "WARN",
            "CLUSTER_ID": "abc",
        }
    ) == [
        "controller.quorum.voters=1@kafka-0.kafka:9093,2@kafka-1.kafka:9093",
        "listener.name.a_b.ssl-x=y=z",
        "node.id=1",
    ]


def test_kafka_without_settings_has_no_properties() -> None:
    assert kafka_properties({}) == []


def test_kafka_jars_are_pinned_by_checksum() -> None:
    lines = (RECIPES / "kafka-jars/jars.sha256").read_text().splitlines()
    assert all(re.fullmatch(r"[0-9a-f]{64}  \S+\.jar", line) for line in lines)
    version = re.search(r"<kafka.version>(.+?)<", (RECIPES / "kafka-jars/pom.xml").read_text())
    assert version is not None
    assert any(line.endswith(f"kafka_2.13-{version[1]}.jar") for line in lines)
    (declared,) = read_pins().images["images"]["kafka"]["declared"]
    assert declared.endswith(f":{version[1]}")


def test_wheels_are_pinned_by_checksum() -> None:
    text = (RECIPES / "gate/requirements.txt").read_text()
    names = re.findall(r"^([a-z0-9-]+)==\S+ \\$", text, re.MULTILINE)
    assert {"dulwich", "cheroot", "cryptography", "pyjwt"} <= set(names)
    assert len(re.findall(r"--hash=sha256:[0-9a-f]{64}", text)) >= len(names)


@pytest.mark.parametrize(
    "script",
    [
        path
        for path in sorted(RECIPES.rglob("*"))
        if path.is_file() and path.read_bytes()[:2] == b"#!"
    ],
    ids=lambda path: str(path.relative_to(RECIPES)),
)
def test_scripts_have_no_syntax_errors(script: Path) -> None:
    shell = "bash" if "bash" in script.read_text().splitlines()[0] else "sh"
    done = subprocess.run([shell, "-n", str(script)], capture_output=True, timeout=20, check=False)
    assert done.returncode == 0, done.stderr


def test_upstream_constants_are_read_with_what_they_are_joined_from() -> None:
    source = """package x

const helper = "docker.io/x/helper:v1"

var other = []string{helper}

const manifest = `
image: ` + helper + `
end
`
"""
    assert constants_of(source) == {
        "helper": "docker.io/x/helper:v1",
        "manifest": "\nimage: docker.io/x/helper:v1\nend\n",
    }


def test_a_constant_joined_from_something_unknown_is_an_error() -> None:
    with pytest.raises(BuildError, match="elsewhere"):
        constants_of('package x\n\nconst a = "x" + elsewhere\n')


def test_builds_get_the_proxies_of_the_environment_and_nothing_else() -> None:
    environment = {"HTTPS_PROXY": "http://proxy:3128", "no_proxy": "", "HOME": "/root"}
    assert proxies_of(environment) == {"HTTPS_PROXY": "http://proxy:3128"}

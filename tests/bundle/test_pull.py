"""Upstream things come by digest and checksum, are kept one by one, and carry our names only."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO

import pytest

from harness.bundle.cache import exclusive
from harness.bundle.effects import Effects, Site, Upstream
from harness.bundle.manifest import ROLES, verify
from harness.bundle.progress import PartProgress, StoppedError
from harness.bundle.pull import pull_bundle
from harness.io.clock import SystemClock
from harness.io.process import Completed
from harness.model.errors import BundleError

KIND, KUBECTL, MANIFEST = (
    b"the kind program",
    b"the kubectl program",
    b"  image: quay.io/a/argocd:v3\n",
)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def digest(name: str) -> str:
    return "sha256:" + sha256(name.encode())


def packed(name: str, content: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


KUSTOMIZE = packed("kustomize", b"the kustomize program")
PINS = f"""
schema = 1
kubernetes = "v1.36.4"
[images.node]
reference = "docker.io/kindest/node:v1.36.4"
digest = "{digest("node")}"
[images.argocd]
reference = "quay.io/a/argocd:v3"
[images.redis]
reference = "docker.io/library/redis:8"
[images.registry]
reference = "docker.io/library/registry:2"
declared = []
[images.python]
reference = "docker.io/library/python:3.13-slim"
base = true
[images.postgres]
reference = "docker.io/library/postgres:17"
base = true
[images.kafka]
reference = "docker.io/apache/kafka:4.1.0"
base = true
[images.gate]
on = "python"
recipe = "gate"
declared = []
[images.loadbalancer]
reference = "docker.io/library/haproxy:3"
recipe = "loadbalancer"
declared = []
[tools.kind]
version = "v0.33.0"
url = "https://github.com/kind-{{os}}-{{arch}}"
sha256_url = "https://github.com/kind-{{os}}-{{arch}}.sha256"
[tools.kubectl]
version = "v1.36.4"
url = "https://dl.k8s.io/{{os}}/{{arch}}/kubectl"
[tools.kubectl.sha256]
"linux/amd64" = "{sha256(KUBECTL)}"
[tools.kustomize]
version = "v5"
url = "https://github.com/kustomize_{{os}}_{{arch}}.tar.gz"
unpack = "kustomize"
sha256 = "{sha256(KUSTOMIZE)}"
[manifests.argocd]
version = "v3"
url = "https://raw.githubusercontent.com/core-install.yaml"
sha256 = "{sha256(MANIFEST)}"
"""
FILES = {
    "https://github.com/kind-linux-amd64": KIND,
    "https://github.com/kind-linux-amd64.sha256": f"{sha256(KIND)}  kind-linux-amd64\n".encode(),
    "https://dl.k8s.io/linux/amd64/kubectl": KUBECTL,
    "https://github.com/kustomize_linux_amd64.tar.gz": KUSTOMIZE,
    "https://raw.githubusercontent.com/core-install.yaml": MANIFEST,
}


@dataclass
class Web:
    """Serves files; any other address fails the test."""

    files: dict[str, bytes]
    asked: list[str] = field(default_factory=list)

    def download(
        self,
        url: str,
        target: Path,
        *,
        on_bytes: Callable[[int, int | None], None],
        deadline_seconds: float,
    ) -> None:
        assert deadline_seconds > 0
        self.asked.append(url)
        content = self.files[url]
        target.write_bytes(content)
        on_bytes(len(content), len(content))


@dataclass
class Docker:
    """Registries and a daemon: images have a name, an id and the id of what they stand on."""

    ids: dict[str, str] = field(default_factory=dict)
    """Name in the daemon to id."""
    resolved: list[str] = field(default_factory=list)
    pulled: list[str] = field(default_factory=list)
    built: list[tuple[str, Mapping[str, str], list[str]]] = field(default_factory=list)
    absent: str = ""
    """An image no registry has."""
    fails_after: Path | None = None
    """The absence shows once this part of the cache is there."""
    user: str = ""
    generation: str = ""

    def resolve_digest(self, reference: str, *, deadline_seconds: float) -> str:
        assert deadline_seconds > 0
        self.resolved.append(reference)
        return digest(reference + self.generation)

    def pull(
        self,
        reference: str,
        *,
        on_progress: Callable[[str, float, float], None],
        deadline_seconds: float,
    ) -> None:
        assert deadline_seconds > 0
        if self.absent and self.absent in reference:
            while self.fails_after and not list(self.fails_after.glob("*/part.json")):
                time.sleep(0.01)
            raise BundleError(attempted="Pulling", subject=reference, seen="no such image")
        assert "@sha256:" in reference
        on_progress("downloading", 1, 2)
        self.pulled.append(reference)
        self.ids[reference] = digest("id of " + reference)

    def has_image(self, image_id: str) -> bool:
        return image_id in {*self.ids.values(), *self.ids}

    def load_archive(self, path: Path) -> None:
        self.ids[str(path)] = path.read_bytes().decode().rpartition(" ")[2]

    def tag(self, image_id: str, reference: str) -> None:
        assert image_id in self.ids.values()
        self.ids[reference] = image_id

    def remove_image(self, reference: str) -> None:
        self.ids.pop(reference, None)

    def image_id(self, reference: str) -> str:
        return self.ids[reference]

    def image_user(self, reference: str) -> str:
        assert reference in self.ids
        return self.user

    def build(
        self,
        context: IO[bytes],
        *,
        dockerfile: str,
        tag: str,
        labels: Mapping[str, str],
        build_args: Mapping[str, str],
        deadline_seconds: float,
    ) -> Iterator[str]:
        assert (dockerfile, labels) == ("Dockerfile", {"dev.gitops-harness": "bundle"})
        assert deadline_seconds > 0
        base = self.ids[build_args["BASE"]]
        with tarfile.open(fileobj=context) as archive:
            self.built.append((tag, dict(build_args), sorted(archive.getnames())))
        yield "Step 1/3 : FROM"
        self.ids[tag] = digest(f"built on {base}")

    def save_images(self, references: tuple[str, ...]) -> Iterator[bytes]:
        (reference,) = references
        yield b"archive of "
        yield f"{reference} {self.ids[reference]}".encode()


class NoStream:
    """Refuses to run anything."""

    def stream(self, *arguments: object, **options: object) -> Completed:
        raise AssertionError((arguments, options))


@dataclass
class World:
    """One machine that pulls."""

    site: Site
    docker: Docker = field(default_factory=Docker)
    web: Web = field(default_factory=lambda: Web(dict(FILES)))
    told: list[PartProgress] = field(default_factory=list)
    cancelled: threading.Event = field(default_factory=threading.Event)

    @property
    def effects(self) -> Effects:
        return Effects(
            stream=NoStream(),
            docker=lambda: self.docker,
            download=self.web,
            clock=SystemClock(),
            report=self.told.append,
            cancelled=self.cancelled,
        )

    def end(self, part: str) -> PartProgress:
        return [p for p in self.told if p.part == part][-1]


@pytest.fixture
def world(site: Site, tmp_path: Path) -> World:
    pins = tmp_path / "pins.toml"
    pins.write_text(PINS)
    return World(replace(site, upstream=Upstream(pins=pins)))


def test_a_pulled_bundle_is_complete_and_whole(world: World) -> None:
    bundle = pull_bundle(world.site, world.effects)
    verify(bundle, thorough=True)
    assert (bundle.origin, bundle.kubernetes, bundle.argocd_version) == ("pull", "v1.36.4", "v3")
    assert {image.role for image in bundle.images} == set(ROLES)
    assert bundle.tools["kind"].path.read_bytes() == KIND
    assert bundle.tools["kustomize"].path.read_bytes() == b"the kustomize program"
    assert bundle.argocd_manifest.read_bytes() == MANIFEST
    assert bundle.image("postgres").declared == ("docker.io/library/postgres:17",)
    assert bundle.image("gate").declared == ()


def test_images_are_pulled_by_digest_and_only_tags_without_one_are_resolved(world: World) -> None:
    bundle = pull_bundle(world.site, world.effects)
    assert f"docker.io/kindest/node@{digest('node')}" in world.docker.pulled
    assert "docker.io/kindest/node:v1.36.4" not in world.docker.resolved
    postgres = digest("docker.io/library/postgres:17")
    assert f"docker.io/library/postgres@{postgres}" in world.docker.pulled
    assert bundle.image("postgres").built_from == f"docker.io/library/postgres:17@{postgres}"
    assert bundle.image("postgres").reference == f"gitops-harness/postgres:{postgres[7:19]}"


def test_no_official_name_appears_in_docker(world: World) -> None:
    bundle = pull_bundle(world.site, world.effects)
    assert sorted(world.docker.ids) == sorted(image.reference for image in bundle.images)


def test_an_upstream_image_the_user_had_keeps_its_name(world: World) -> None:
    theirs = f"docker.io/kindest/node@{digest('node')}"
    world.docker.ids[theirs] = digest("id of " + theirs)
    pull_bundle(world.site, world.effects)
    assert theirs in world.docker.ids


def test_a_second_pull_asks_nobody_and_gives_the_same_bundle(world: World) -> None:
    first = pull_bundle(world.site, world.effects)
    again = World(world.site, web=Web({}))
    second = pull_bundle(world.site, again.effects)
    assert (second.path, second.key, second.seconds) == (first.path, first.key, first.seconds)
    assert (again.docker.pulled, again.docker.resolved, again.docker.built) == ([], [], [])
    assert {p.state.value for p in again.told} == {"waiting", "done"}
    assert all(p.cached for p in again.told if p.state.value == "done")


def test_a_tag_keeps_its_first_digest_until_a_refresh(world: World) -> None:
    first = pull_bundle(world.site, world.effects)
    moved = World(world.site, docker=Docker(generation="later"))
    assert pull_bundle(world.site, moved.effects).key == first.key
    fresh = pull_bundle(world.site, moved.effects, refresh=True)
    assert fresh.image("postgres").built_from != first.image("postgres").built_from
    assert fresh.image("node").sha256 == first.image("node").sha256


def test_an_interrupted_pull_goes_on_where_it_was(world: World) -> None:
    world.docker.absent = "kafka"
    world.docker.fails_after = world.site.cache / "parts" / "pull-node"
    with pytest.raises(BundleError, match="no such image"):
        pull_bundle(world.site, world.effects)
    assert not list(world.site.cache.glob("bundles/*"))
    kept = {path.parts[-3] for path in world.site.cache.glob("parts/*/*/part.json")}
    assert "pull-node" in kept
    again = World(world.site)
    verify(pull_bundle(world.site, again.effects), thorough=True)
    cached = {f"pull-{p.part}" for p in again.told if p.cached}
    assert kept == cached
    assert not any("kindest/node" in name for name in again.docker.pulled)


def test_a_damaged_part_is_pulled_again(world: World) -> None:
    first = pull_bundle(world.site, world.effects)
    first.image("redis").archive.write_bytes(b"")
    world.docker.pulled.clear()
    verify(pull_bundle(world.site, world.effects), thorough=True)
    assert [name.partition("@")[0] for name in world.docker.pulled] == ["docker.io/library/redis"]


def test_the_gate_stands_on_python_and_the_load_balancer_on_haproxy(world: World) -> None:
    bundle = pull_bundle(world.site, world.effects)
    built = {tag.partition(":")[0]: (args, files) for tag, args, files in world.docker.built}
    assert set(built) == {"gitops-harness/gate", "gitops-harness/loadbalancer"}
    assert {"Dockerfile", "requirements.txt"} <= set(built["gitops-harness/gate"][1])
    assert bundle.image("gate").built_from == (bundle.image("python").built_from + " + recipe gate")
    assert "haproxy:3@sha256:" in bundle.image("loadbalancer").built_from


def test_a_base_that_is_cached_but_gone_from_docker_is_loaded_for_what_stands_on_it(
    world: World,
) -> None:
    pull_bundle(world.site, world.effects)
    (gate,) = world.site.cache.glob("parts/pull-gate/*/part.json")
    gate.unlink()
    empty = World(world.site)
    bundle = pull_bundle(world.site, empty.effects)
    assert bundle.image("gate").built_from.startswith("docker.io/library/python:3.13-slim@")
    assert [tag for tag, _, _ in empty.docker.built] == [bundle.image("gate").reference]
    assert empty.docker.pulled == []


def test_bases_get_the_certificates_of_this_host_and_keep_their_user(
    world: World, tmp_path: Path
) -> None:
    authority = tmp_path / "ca.pem"
    authority.write_text("-----BEGIN CERTIFICATE-----\n")
    world.site = replace(world.site, ca_files=(authority,))
    world.docker.user = "appuser"
    bundle = pull_bundle(world.site, world.effects)
    built = {tag.partition(":")[0]: (args, files) for tag, args, files in world.docker.built}
    args, files = built["gitops-harness/kafka"]
    assert args["RUN_AS"] == "appuser"
    assert "host-additional.crt" in files
    assert "gitops-harness/redis" not in built
    assert bundle.image("kafka").built_from.endswith(" + 1 CA certificate(s) of this host")
    assert (
        bundle.image("redis").built_from
        == f"docker.io/library/redis:8@{digest('docker.io/library/redis:8')}"
    )


def test_mirrors_change_where_things_come_from_and_nothing_else(world: World) -> None:
    plain = pull_bundle(world.site, world.effects)
    upstream = replace(
        world.site.upstream,
        image_mirror="127.0.0.1:5000",
        download_mirror="http://127.0.0.1:8000/",
    )
    cache = world.site.cache.with_name("mirrored")
    site = replace(world.site, upstream=upstream, cache=cache)
    files = {f"http://127.0.0.1:8000/{u.removeprefix('https://')}": c for u, c in FILES.items()}
    mirrored = World(site, web=Web(files))
    bundle = pull_bundle(site, mirrored.effects)
    assert all(name.startswith("127.0.0.1:5000/") for name in mirrored.docker.pulled)
    assert "127.0.0.1:5000/docker.io/library/postgres:17" in mirrored.docker.resolved
    assert bundle.image("node").declared == plain.image("node").declared
    assert bundle.image("node").built_from == plain.image("node").built_from


def test_a_download_with_another_checksum_is_refused(world: World) -> None:
    world.web.files["https://dl.k8s.io/linux/amd64/kubectl"] = b"something else"
    with pytest.raises(BundleError) as caught:
        pull_bundle(world.site, world.effects)
    assert caught.value.seen == f"SHA-256 {sha256(b'something else')}"
    assert caught.value.expected == f"SHA-256 {sha256(KUBECTL)}, checksum pinned"
    assert not list(world.site.cache.glob("parts/pull-kubectl/*"))


def test_without_a_pin_the_published_checksum_is_demanded_and_said(world: World) -> None:
    pull_bundle(world.site, world.effects)
    assert world.end("kind").detail == (
        "checksum published beside it (none is pinned for linux/amd64)"
    )
    assert world.end("kubectl").detail == "checksum pinned"
    world.web.files["https://github.com/kind-linux-amd64"] = b"replaced"
    cache = world.site.cache.with_name("second")
    with pytest.raises(BundleError, match="published beside it"):
        pull_bundle(replace(world.site, cache=cache), world.effects)


def test_without_any_checksum_nothing_is_taken(world: World) -> None:
    site = replace(world.site, platform="linux/riscv64")
    world.web.files |= {
        "https://github.com/kind-linux-riscv64.sha256": b"not found",
        "https://github.com/kustomize_linux_riscv64.tar.gz": KUSTOMIZE,
    }
    with pytest.raises(BundleError, match="none is pinned for linux/riscv64"):
        pull_bundle(site, world.effects)


def test_a_manifest_that_names_an_unpinned_image_is_refused(world: World, tmp_path: Path) -> None:
    manifest = b"  image: quay.io/a/argocd:v4\n"
    pins = tmp_path / "other.toml"
    pins.write_text(PINS.replace(sha256(MANIFEST), sha256(manifest)))
    world.web.files["https://raw.githubusercontent.com/core-install.yaml"] = manifest
    site = replace(world.site, upstream=Upstream(pins=pins))
    with pytest.raises(BundleError, match=r"it names quay\.io/a/argocd:v4"):
        pull_bundle(site, world.effects)


def test_build_output_is_kept_in_a_log_that_is_named(world: World) -> None:
    pull_bundle(world.site, world.effects)
    log = world.end("gate").log
    assert log is not None
    assert "Step 1/3" in log.read_text()


def test_seconds_of_every_part_are_in_the_bundle(world: World) -> None:
    bundle = pull_bundle(world.site, world.effects)
    assert set(bundle.seconds) == {*ROLES, "kind", "kubectl", "kustomize", "argocd-manifest"}
    assert json.loads(bundle.path.read_text())["seconds"] == bundle.seconds


def test_two_pulls_at_once_take_turns_and_do_the_work_once(world: World) -> None:
    other = World(world.site)
    with ThreadPoolExecutor(2) as pool:
        bundles = [pool.submit(pull_bundle, w.site, w.effects) for w in (world, other)]
    assert bundles[0].result() == bundles[1].result()
    assert len(world.docker.pulled) + len(other.docker.pulled) == 8


def test_a_pull_that_waits_for_another_says_so_and_can_be_cancelled(world: World) -> None:
    with exclusive(world.site.cache / "locks" / "pull.lock", on_wait=pytest.fail):
        threading.Timer(0.5, world.cancelled.set).start()
        with pytest.raises(StoppedError):
            pull_bundle(world.site, world.effects)
    assert {p.part for p in world.told} == {"waiting for another run that pulls"}

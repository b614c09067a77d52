"""A run gets the right bundle, quickly where one is there."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NoReturn

import pytest

from harness.bundle.archive_save import save_bundle
from harness.bundle.choose import Choice, Way, Wish
from harness.bundle.effects import Effects, Site
from harness.bundle.ensure import build_recipe, ensure_bundle, find_candidates, make_bundle
from harness.bundle.manifest import read_bundle
from harness.bundle.progress import PartProgress
from harness.io.clock import SystemClock
from harness.io.process import Completed
from harness.model.bundle import Bundle
from harness.model.errors import BundleError

AUTO = Choice(wish=Wish.AUTO)


@dataclass
class Child:
    """Stands for the programme: writes a bundle, or nothing, and counts its calls."""

    make: Callable[[], Path | None]
    calls: list[str] = field(default_factory=list)

    def stream(
        self,
        argv: list[str],
        *,
        on_line: Callable[[str], None],
        deadline_seconds: float,
        cwd: Path | None = None,
        env: object = None,
        grace_seconds: float = 20.0,
        cancelled: threading.Event | None = None,
    ) -> Completed:
        assert (env, deadline_seconds > 0, grace_seconds) == (None, True, 20.0)
        assert cwd is not None
        assert cancelled is None or not cancelled.is_set()
        self.calls.append(argv[3])
        if argv[3] == "build":
            path = self.make()
            if path:
                on_line(json.dumps({"event": "bundle", "path": str(path), "seconds": 1}))
        return Completed(argv=tuple(argv), returncode=0, stdout="", stderr="")


def no_docker() -> NoReturn:
    raise AssertionError


class NoDownloads:
    """Refuses every download."""

    def download(self, url: str, target: Path, **options: object) -> None:
        raise AssertionError((url, target, options))


@dataclass
class Run:
    """One call of ensure_bundle after another."""

    site: Site
    child: Child
    told: list[PartProgress] = field(default_factory=list)

    @property
    def effects(self) -> Effects:
        return Effects(
            stream=self.child,  # type: ignore[arg-type] # argv is a list here
            docker=no_docker,
            download=NoDownloads(),
            clock=SystemClock(),
            report=self.told.append,
        )

    def ensure(self, choice: Choice = AUTO, *, reachable: bool = False) -> tuple[Bundle, str]:
        return ensure_bundle(
            choice=choice,
            site=self.site,
            effects=self.effects,
            registries_reachable=reachable,
            reasons={"docker.io": "connection refused"},
        )


@pytest.fixture
def run(site: Site, make_bundle_json: Callable[..., Path]) -> Run:
    return Run(site, Child(make_bundle_json))


def test_without_registries_the_child_builds_once_and_the_stamp_serves_afterwards(
    run: Run,
) -> None:
    bundle, why = run.ensure()
    assert why == (
        "no image registry answered (docker.io: connection refused), so the images are built "
        "from package registries"
    )
    assert run.child.calls == ["plan", "build"]
    again, why = run.ensure()
    assert again == bundle
    assert run.child.calls == ["plan", "build"]
    assert why == "a bundle built on 2026-01-02 from the current pins is in the cache"


def test_a_warm_call_takes_a_fraction_of_a_second(run: Run) -> None:
    run.ensure()
    began = time.monotonic()
    run.ensure()
    assert time.monotonic() - began < 1


def test_a_changed_recipe_or_certificate_makes_the_child_look_again(
    run: Run, tmp_path: Path
) -> None:
    run.ensure()
    (run.site.program_root / "airgap" / "recipe.txt").write_text("two")
    run.ensure()
    authority = tmp_path / "ca.pem"
    authority.write_text("x")
    run.site = replace(run.site, ca_files=(authority,))
    run.ensure()
    assert run.child.calls.count("build") == 3


def test_a_damaged_bundle_is_made_again_and_said(run: Run) -> None:
    bundle, _ = run.ensure()
    bundle.image("node").archive.unlink()
    again, why = run.ensure()
    assert again.image("node").archive.exists()
    assert "is not usable: image node is missing" in why
    assert run.child.calls.count("build") == 2


def test_a_child_that_leaves_a_damaged_bundle_is_not_believed(run: Run) -> None:
    whole = run.child.make

    def damaged() -> Path:
        path = whole()
        assert path is not None
        read_bundle(path).image("node").archive.write_bytes(b"")
        return path

    run.child.make = damaged
    with pytest.raises(BundleError, match="image node has 0 bytes"):
        run.ensure()
    assert not (run.site.cache / "stamps").exists()


def saved(run: Run, tmp_path: Path) -> Path:
    """Returns a file with the bundle that the child makes."""
    bundle = make_bundle(Way.BUILD, run.site, run.effects)
    target = tmp_path / "saved.tar"
    save_bundle(bundle, target, platform=run.site.platform, report=lambda _: None)
    return target


def test_a_loaded_bundle_serves_without_the_child(run: Run, tmp_path: Path) -> None:
    file = saved(run, tmp_path)
    elsewhere = Run(replace(run.site, cache=tmp_path / "elsewhere"), Child(lambda: None))
    loaded, why = elsewhere.ensure(Choice(wish=Wish.PATH, path=file))
    assert loaded.origin == "load"
    assert why == f"--bundle names {file}"
    found, why = elsewhere.ensure()
    assert found == loaded
    assert why.startswith("a bundle loaded on ")
    assert elsewhere.child.calls == []


def test_certificates_of_another_host_do_not_make_a_loaded_bundle_stale(
    run: Run, tmp_path: Path
) -> None:
    file = saved(run, tmp_path)
    authority = tmp_path / "ca.pem"
    authority.write_text("x")
    site = replace(run.site, cache=tmp_path / "elsewhere", ca_files=(authority,))
    elsewhere = Run(site, Child(lambda: None))
    elsewhere.ensure(Choice(wish=Wish.PATH, path=file))
    (found,), _ = find_candidates(site)
    assert found.fresh


def test_a_loaded_bundle_of_older_pins_is_used_offline_and_said(run: Run, tmp_path: Path) -> None:
    file = saved(run, tmp_path)
    elsewhere = Run(replace(run.site, cache=tmp_path / "elsewhere"), Child(lambda: None))
    elsewhere.ensure(Choice(wish=Wish.PATH, path=file))
    (run.site.program_root / "airgap" / "recipe.txt").write_text("newer")
    _, why = elsewhere.ensure()
    assert "although it was made from other pins" in why


def test_a_saved_file_is_loaded_once(run: Run, tmp_path: Path) -> None:
    file = saved(run, tmp_path)
    elsewhere = Run(replace(run.site, cache=tmp_path / "elsewhere"), Child(lambda: None))
    elsewhere.ensure(Choice(wish=Wish.PATH, path=file))
    assert elsewhere.told
    elsewhere.told.clear()
    elsewhere.ensure(Choice(wish=Wish.PATH, path=file))
    assert elsewhere.told == []


def test_a_bundle_json_or_its_folder_can_be_named(run: Run, bundle_json: Path) -> None:
    bundle, _ = run.ensure(Choice(wish=Wish.PATH, path=bundle_json))
    from_folder, _ = run.ensure(Choice(wish=Wish.PATH, path=bundle_json.parent))
    assert bundle == from_folder == read_bundle(bundle_json)
    bundle.image("gate").archive.unlink()
    with pytest.raises(BundleError, match="image gate is missing"):
        run.ensure(Choice(wish=Wish.PATH, path=bundle_json))


def test_the_real_recipes_are_hashed_quickly(site: Site) -> None:
    real = replace(site, program_root=Path(__file__).parents[2])
    began = time.monotonic()
    first = build_recipe(real)
    assert time.monotonic() - began < 1
    assert build_recipe(real) == first

"""Gives the pipeline its bundle: finds out what is there, decides, and has the rest made.

The one entry for `harness e2e`, `up` and the bundle commands. A bundle that was made from the
recipes as they are now is found by a stamp and its files' sizes, in a fraction of a second.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from harness.bundle.archive_load import load_bundle, loaded_bundle, loaded_manifests
from harness.bundle.build import PROGRAM, build_bundle
from harness.bundle.cache import Recipe, make_recipe, stamped_bundle, write_stamp
from harness.bundle.choose import Candidate, Choice, Decision, Way, choose
from harness.bundle.effects import Effects, Site
from harness.bundle.manifest import read_bundle, read_document, verify
from harness.bundle.progress import StoppedError, stoppable
from harness.bundle.pull import pull_bundle
from harness.bundle.upstream import RECIPES
from harness.model.bundle import Bundle
from harness.model.errors import BundleError


def ensure_bundle(
    *,
    choice: Choice,
    site: Site,
    effects: Effects,
    registries_reachable: bool,
    reasons: Mapping[str, str],
) -> tuple[Bundle, str]:
    """Returns a complete bundle and one sentence saying why it is this one.

    Args:
        choice: What the user asked for, from `parse_choice`.
        site: Where and from what.
        effects: Handles; used only where something has to be made.
        registries_reachable: Whether the image registries that matter answered.
        reasons: Registry host to what was seen there, for those that did not answer.

    Raises:
        BundleError: It can neither be found nor made.
        ImageError: A layer on top of an upstream image does not build.
        RunnerError: Docker is needed and does not answer.
    """
    candidates, problems = find_candidates(site)
    decision = choose(
        choice, candidates=candidates, registries_reachable=registries_reachable, reasons=reasons
    )
    bundle = _carry_out(decision, site, effects)
    return bundle, "; ".join([decision.why, *problems])


def find_candidates(site: Site) -> tuple[list[Candidate], list[str]]:
    """Returns the usable bundles of the cache, and what is wrong with those that are not."""
    recipes = {"build": build_recipe(site), "pull": pull_recipe(site)}
    found: list[Candidate] = []
    problems: list[str] = []
    for kind, recipe in recipes.items():
        path = stamped_bundle(site.cache, kind, recipe)
        if path is not None:
            _consider(path, fresh=True, found=found, problems=problems)
    for path in loaded_manifests(site.cache):
        _consider(path, fresh=_is_fresh(path, recipes), found=found, problems=problems)
    return found, problems


def make_bundle(way: Way, site: Site, effects: Effects, *, refresh: bool = False) -> Bundle:
    """Builds or pulls the bundle, checks it, and remembers what it was made from.

    Raises:
        BundleError: It cannot be made, or what was made is damaged.
    """
    recipe = build_recipe(site) if way is Way.BUILD else pull_recipe(site)
    if way is Way.BUILD:
        bundle = build_bundle(site, effects)
    else:
        bundle = _until_cancelled(site, lambda: pull_bundle(site, effects, refresh=refresh))
    if bundle is None:
        message = "a build of all parts makes a bundle"
        raise AssertionError(message)
    verify(bundle, thorough=False)
    write_stamp(site.cache, way.value, recipe, bundle.path)
    return bundle


def open_bundle(path: Path, site: Site, effects: Effects) -> Bundle:
    """Returns the bundle of a `bundle.json`, of a folder that holds one, or of a saved file.

    A saved file is loaded into the cache, once.

    Raises:
        BundleError: It is neither, or is damaged.
    """
    if path.is_dir():
        path = path / "bundle.json"
    if path.suffix == ".json":
        bundle = read_bundle(path)
        verify(bundle, thorough=False)
        return bundle
    return loaded_bundle(path, site.cache) or load_file(path, site, effects)


def load_file(path: Path, site: Site, effects: Effects) -> Bundle:
    """Loads a saved file into the cache, whether or not that was done before.

    Raises:
        BundleError: The file is refused, or the run was cancelled; nothing is left behind.
    """
    return _until_cancelled(
        site,
        lambda: load_bundle(
            path,
            site.cache,
            platform=site.platform,
            now=effects.clock.now().isoformat(timespec="seconds"),
            report=stoppable(effects.report, effects.cancelled),
        ),
    )


def build_recipe(site: Site) -> Recipe:
    """Returns the state of everything a built bundle is made from."""
    return make_recipe(
        sources=[site.program_root / PROGRAM], ca_files=site.ca_files, platform=site.platform
    )


def pull_recipe(site: Site) -> Recipe:
    """Returns the state of everything a pulled bundle is made from; mirrors do not count."""
    return make_recipe(
        sources=[site.upstream.pins, RECIPES], ca_files=site.ca_files, platform=site.platform
    )


def _until_cancelled(site: Site, action: Callable[[], Bundle]) -> Bundle:
    try:
        return action()
    except StoppedError as error:
        raise BundleError(
            attempted="Preparing the bundle in",
            subject=str(site.cache),
            seen="the run was cancelled",
            expected="time to finish; parts that are done are kept",
            next_step="the same command again; it goes on where it was",
        ) from error


def _carry_out(decision: Decision, site: Site, effects: Effects) -> Bundle:
    if decision.way in {Way.BUILD, Way.PULL}:
        return make_bundle(decision.way, site, effects)
    if decision.path is None:
        message = "only a bundle that is there needs no making"
        raise AssertionError(message)
    return open_bundle(decision.path, site, effects)


def _consider(path: Path, *, fresh: bool, found: list[Candidate], problems: list[str]) -> None:
    try:
        document = read_document(path)
        verify(read_bundle(path), thorough=False)
    except BundleError as error:
        problems.append(f"the bundle {path} is not usable: {error.seen}")
        return
    created = document.loaded.at if document.loaded else document.created
    found.append(Candidate(origin=document.origin, path=path, fresh=fresh, created=created))


def _is_fresh(path: Path, recipes: Mapping[str, Recipe]) -> bool:
    """Tells whether a loaded bundle was made from the recipes as they are here.

    CA certificates belong to a host, so they do not count for what came from another one.
    """
    try:
        loaded = read_document(path).loaded
    except BundleError:
        return False
    recipe = recipes.get(loaded.origin) if loaded else None
    return recipe is not None and loaded is not None and recipe.code == loaded.recipe

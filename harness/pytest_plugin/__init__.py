"""Options, fixtures and items for pytest: a GitOps repository deployed once per test run.

Loaded by every pytest run of an environment that holds the harness, so nothing slow is imported
here and nothing happens before a test asks for a cluster. Options start with `--gitops-`, so that
they do not clash with pytest-kind's. Under xdist all workers share one cluster
(`harness.pytest_plugin.shared_run`).
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.pytest_plugin.deployment import Deployment, Order, World

if TYPE_CHECKING:
    from harness.model.run import RunRecord
    from harness.pytest_plugin.asserting import Asserting
    from harness.pytest_plugin.cluster import Cluster, Deployed
    from harness.pytest_plugin.shared_run import SharedRun

WORLD = pytest.StashKey[World]()
"""A conftest may put a `World` of its own into `config.stash` here."""
_SHARED = pytest.StashKey["SharedRun"]()
_ALIVE = pytest.StashKey[bool]()
_SECTIONS = pytest.StashKey[int]()
LIVE_FIXTURES = frozenset(
    {"gitops_cluster", "gitops_deployed", "assert_ready", "assert_reaches", "assert_in_sync"}
)
EVIDENCE_FOLDERS = 5
"""Of so many failing tests the live cluster is written down."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the options of a deployment."""
    group = parser.getgroup("gitops", "GitOps harness")
    group.addoption(
        "--gitops-repo", default=".", metavar="DIR", help="Folder of the GitOps repository."
    )
    group.addoption("--gitops-env", default="dev", metavar="NAME", help="Environment to deploy.")
    group.addoption(
        "--gitops-output", default=None, metavar="DIR", help="Folder for reports and evidence."
    )
    group.addoption(
        "--gitops-bundle", default="auto", metavar="HOW", help="auto, pull, build or a file."
    )
    group.addoption(
        "--gitops-keep", action="store_true", help="Keep the cluster, and reuse it next time."
    )
    group.addoption(
        "--gitops-kind-config", default=None, metavar="FILE", help="kind configuration to use."
    )
    group.addoption(
        "--gitops-history", default=None, metavar="FILE", help="Record of runs, to find flakes."
    )
    group.addoption(
        "--gitops-workloads", action="store_true", help="Add one test per declared workload."
    )


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Adds the declared workloads to what pytest collects, where that is asked for."""
    report = yield
    config = collector.config
    if isinstance(collector, pytest.Session) and config.getoption("--gitops-workloads"):
        from harness.pytest_plugin.workloads import Environment  # noqa: PLC0415 -- only where asked

        report.result.append(Environment.of(collector, _shared(config)))
    return report


def pytest_collection_finish(session: pytest.Session) -> None:
    """Finds out who needs a cluster, before any process runs a test."""
    needs = [_needs(item) for item in session.items]
    session.config.stash[_ALIVE] = "cluster" in needs
    if any(needs) and not session.config.getoption("collectonly"):
        _shared(session.config).join()


def _needs(item: pytest.Item) -> str:
    names = set(getattr(item, "fixturenames", ()))
    if names & LIVE_FIXTURES or item.nodeid.startswith("gitops::"):
        return "cluster"
    return "run" if "gitops_run" in names else ""


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Gives the cluster up; the last process removes it."""
    config = session.config
    is_controller = getattr(config.option, "dist", "no") != "no" and not _is_worker(config)
    if _SHARED in config.stash or (is_controller and _place(config).is_dir()):
        _shared(config).leave()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Attaches the run and the state of the cluster to a failing test that uses them."""
    if call.excinfo is not None and call.when != "teardown" and _SHARED in item.config.stash:
        _attach(item, call.when)
    return (yield)


def _attach(item: pytest.Item, when: str) -> None:
    found = item.config.stash[_SHARED].known
    if found is None or item.nodeid.startswith("gitops::") or not _needs(item):
        return
    from harness.pytest_plugin import attached  # noqa: PLC0415 -- only for a failing test

    item.add_report_section(when, "gitops run", attached.evidence_text(found.run))
    evidence = found.run.evidence or _look(item, found)
    if evidence:
        item.add_report_section(when, "gitops evidence", evidence)
        item.user_properties.append(("gitops-evidence", evidence))


def _look(item: pytest.Item, found: Deployment) -> str:
    """Writes down the live cluster at the moment of the failure; returns the folder."""
    stash, shared = item.config.stash, item.config.stash[_SHARED]
    number = stash.get(_SECTIONS, 0)
    if found.kubeconfig is None or number >= EVIDENCE_FOLDERS:
        return ""
    stash[_SECTIONS] = number + 1
    name = "".join(c if c.isalnum() else "-" for c in item.name)[:60]
    folder = (shared.order.output or shared.place) / "evidence-of-tests" / name
    try:
        shared.world.evidence(found, folder)
    except Exception as error:  # must not hide why the test failed
        return f"not collected: {error}"
    return str(folder)


@pytest.fixture(scope="session")
def gitops_run(request: pytest.FixtureRequest) -> RunRecord:
    """Deploys the repository to a cluster, proves it, cleans up; returns the record of the run.

    A failed run is returned too: assert on `record.passed` or on one part of it. Where another test
    needs the cluster alive, it is removed after the last test.
    """
    return _deployment(request).run


@pytest.fixture(scope="session")
def gitops_cluster(request: pytest.FixtureRequest) -> Cluster:
    """The live cluster with the repository deployed to it, whether or not all came up.

    It has `kubeconfig`, `get`, `items`, `kubectl` and `run`.
    """
    found = _deployment(request)
    if found.kubeconfig is None:
        reason = found.run.error.paragraph() if found.run.error else "it was removed with its run"
        pytest.fail(f"There is no cluster: {reason}", pytrace=False)
    from harness.pytest_plugin.cluster import Cluster  # noqa: PLC0415 -- slow to import

    return Cluster(kubeconfig=found.kubeconfig, run=found.run)


@pytest.fixture(scope="session")
def gitops_deployed(gitops_cluster: Cluster) -> Deployed:
    """The repository deployed, ready and proven; a test that asks for it fails where it is not."""
    from harness.pytest_plugin.cluster import Deployed  # noqa: PLC0415 -- slow to import
    from harness.report.ending import bad_news, closing_title  # noqa: PLC0415

    run = gitops_cluster.run
    if not run.passed:
        pytest.fail("\n".join([closing_title(run), *bad_news(run)]), pytrace=False)
    return Deployed(cluster=gitops_cluster, run=run)


@pytest.fixture(scope="session")
def assert_ready(_gitops_asserting: Asserting) -> Callable[..., None]:
    """`assert_ready("order", within=60)`: these workloads, or all, are ready now or in time."""
    return _gitops_asserting.ready


@pytest.fixture(scope="session")
def assert_reaches(_gitops_asserting: Asserting) -> Callable[..., None]:
    """`assert_reaches("web", "api:8080", expected=True)`: a pod of web can connect, or cannot."""
    return _gitops_asserting.reaches


@pytest.fixture(scope="session")
def assert_in_sync(_gitops_asserting: Asserting) -> Callable[..., None]:
    """`assert_in_sync()`: the cluster runs what the repository declares, nothing else."""
    return _gitops_asserting.in_sync


@pytest.fixture(scope="session")
def _gitops_asserting(request: pytest.FixtureRequest, gitops_cluster: Cluster) -> Asserting:
    from harness.pytest_plugin.asserting import Asserting  # noqa: PLC0415 -- slow to import

    shared = _shared(request.config)
    found = Deployment(run=gitops_cluster.run, folder=gitops_cluster.kubeconfig.parent)
    return Asserting(shared.world, shared.order, found)


def _deployment(request: pytest.FixtureRequest) -> Deployment:
    shared = _shared(request.config)
    capture: Any = request.config.pluginmanager.getplugin("capturemanager")
    if capture is None or shared.known is not None or _is_worker(request.config):
        found = shared.get()
    else:
        with capture.global_and_fixture_disabled():
            sys.stdout.write("\n")
            found = shared.get()
    if found.run.interrupted:
        raise KeyboardInterrupt
    return found


def _shared(config: pytest.Config) -> SharedRun:
    if _SHARED not in config.stash:
        from harness.pytest_plugin.shared_run import SharedRun  # noqa: PLC0415 -- only where needed

        config.stash[_SHARED] = SharedRun(
            _place(config), lambda: config.stash.get(WORLD, None) or _real(), lambda: _order(config)
        )
    return config.stash[_SHARED]


def _real() -> World:
    from harness.pytest_plugin.real_world import RealWorld  # noqa: PLC0415 -- slow to import

    return RealWorld()


def _place(config: pytest.Config) -> Path:
    """Returns the folder that all processes of this test run share."""
    base: Path = config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined]
    return (base.parent if _is_worker(config) else base) / "gitops-harness"


def _is_worker(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput")


def _order(config: pytest.Config) -> Order:
    option = config.getoption
    output, kind_config = option("--gitops-output"), option("--gitops-kind-config")
    history = option("--gitops-history")
    return Order(
        repository=Path(option("--gitops-repo")).expanduser().resolve(),
        environment=option("--gitops-env"),
        output=Path(output).expanduser().resolve() if output else None,
        bundle=option("--gitops-bundle"),
        kind_config=Path(kind_config) if kind_config else None,
        keep=option("--gitops-keep"),
        history=Path(history).expanduser().resolve() if history else None,
        alive=config.stash.get(_ALIVE, True),
        command=shlex.join(["pytest", *map(str, config.invocation_params.args)]),
        log=_place(config) / "run.log" if _is_worker(config) else None,
    )

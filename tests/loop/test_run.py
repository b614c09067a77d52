from __future__ import annotations

import gc
import subprocess
import threading
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.loop.events import Means, Pressed, Quit, Saved, Wishes, coalesced
from harness.loop.run import Loop
from harness.loop.verdicts import Trigger, Word
from harness.model.errors import ExitCode, ImageError, RepositoryError
from harness.stages.context import Context
from tests.loop.worlds import Begun, FakeMeans, FakeWait, SilentScreen, loop_context

FILE = "order.yaml"


def broken() -> RepositoryError:
    return RepositoryError(
        attempted="Reading the YAML of", subject=FILE, seen="line 2: a key without its colon"
    )


@pytest.fixture
def screen() -> SilentScreen:
    return SilentScreen()


@pytest.fixture
def means() -> FakeMeans:
    return FakeMeans()


@pytest.fixture
def context(tmp_path: Path) -> Iterator[Context]:
    context = loop_context(tmp_path)
    context.reused = True
    tree = context.options.repository
    (tree / FILE).write_text("kind: Pod\nname\n")
    subprocess.run(["git", "init", "--quiet", str(tree)], check=True, timeout=20)
    (tree / ".gitignore").write_text("*.log\n")
    yield context
    context.folder.release()


@pytest.fixture
def looped(context: Context, screen: SilentScreen, means: FakeMeans) -> Callable[..., Loop]:
    def make(**wishes: bool) -> Loop:
        real = Means(begin=means.begin, prepare=means.prepare, wait=means.wait)
        # Means' own types are the real ones; the fakes are told apart by nothing that is used.
        return Loop(context=context, screen=screen, wishes=Wishes(**wishes), means=real)

    return make


def run(loop: Loop, *events: Saved | Pressed | Quit) -> int:
    for event in (*events, Quit()):
        loop._events.put(event)
    return _served(loop)


def _served(loop: Loop) -> int:
    """Runs a loop that ends when its events are used up."""
    session = loop._started()
    assert session is not None
    loop._session = session
    loop._round(session, Trigger.START, (), 0.0)
    loop._guarded(loop._list_files)
    while True:
        event = loop._events.get()
        if isinstance(event, Quit):
            return loop.history.exit_code
        if isinstance(event, Saved):
            loop._saved(session, coalesced(event, loop._events))


def saved(*files: str) -> Saved:
    return Saved(files=files or (FILE,), at=0.0)


def words(screen: SilentScreen) -> list[Word]:
    return [verdict.word for verdict in screen.verdicts]


def green(wait: FakeWait) -> None:
    wait.tell(Word.HEALTHY)


def test_a_newer_revision_supersedes_a_round_without_a_verdict(
    looped: Callable[..., Loop], means: FakeMeans, screen: SilentScreen
) -> None:
    run(looped(), saved())
    assert len(means.waits) == 2
    assert means.waits[0].ended is Word.SUPERSEDED
    assert words(screen) == [Word.SUPERSEDED]


def test_a_round_that_has_its_verdict_is_not_superseded(
    looped: Callable[..., Loop], means: FakeMeans, screen: SilentScreen
) -> None:
    means.started = green
    assert run(looped(), saved()) == ExitCode.OK
    assert words(screen) == [Word.HEALTHY, Word.HEALTHY]


def test_saves_that_wait_are_one_round(looped: Callable[..., Loop], means: FakeMeans) -> None:
    run(looped(), saved("order.yaml"), saved("order.yaml"), saved(".gitignore"))
    assert means.prepared == [(), ("order.yaml", ".gitignore")]


def test_a_broken_tree_is_said_and_the_last_revision_goes_on(
    looped: Callable[..., Loop], means: FakeMeans, screen: SilentScreen
) -> None:
    means.errors = [None, broken()]
    code = run(looped(), saved())
    verdict = screen.verdicts[-1]
    assert verdict.word is Word.BROKEN
    assert (verdict.trouble and verdict.trouble.file, verdict.trouble and verdict.trouble.line) == (
        FILE,
        2,
    )
    assert verdict.revision == means.waits[0].context.revision.get()
    assert "stays deployed" in verdict.line
    assert means.waits[0].ended is None
    assert code == ExitCode.REPOSITORY


def test_an_image_that_does_not_build_is_not_fatal(
    looped: Callable[..., Loop], means: FakeMeans, screen: SilentScreen
) -> None:
    means.errors = [None, ImageError(attempted="Building", subject="x", seen="exit code 1")]
    assert run(looped(), saved(), saved()) == ExitCode.IMAGE
    assert words(screen) == [Word.BROKEN]


def test_a_save_that_changes_nothing_deployed_leaves_the_round(
    looped: Callable[..., Loop], means: FakeMeans, screen: SilentScreen
) -> None:
    means.unchanged = True
    run(looped(), saved())
    assert len(means.waits) == 1
    assert means.waits[0].ended is None
    assert "nothing that is deployed changed" in screen.notes[-1]


def test_an_ignored_file_begins_no_round(looped: Callable[..., Loop], means: FakeMeans) -> None:
    run(looped(), saved("server.log"))
    assert means.prepared == [()]


def test_a_deleted_file_still_matters(looped: Callable[..., Loop], context: Context) -> None:
    loop = looped()
    loop._session = session = Begun(context, []).cluster()
    loop._list_files()
    (context.options.repository / FILE).unlink()
    assert loop._mattering(session, (FILE,)) == (FILE,)
    assert loop._mattering(session, (FILE,)) == ()


def test_a_tree_that_cannot_be_rendered_at_the_start_waits_for_a_save(
    looped: Callable[..., Loop], means: FakeMeans, screen: SilentScreen
) -> None:
    means.trees = [broken()]
    run(looped(), saved())
    assert words(screen) == [Word.BROKEN]
    assert screen.verdicts[0].trigger is Trigger.START
    assert len(means.waits) == 1


def test_two_hundred_rounds_leave_two_contexts(
    looped: Callable[..., Loop], means: FakeMeans, screen: SilentScreen
) -> None:
    contexts: list[weakref.ref[threading.Event]] = []

    def started(wait: FakeWait) -> None:
        contexts.append(weakref.ref(wait.context.stopped))
        wait.tell(Word.FAILED if len(contexts) % 2 else Word.HEALTHY)
        del means.waits[:]

    means.started = started
    loop = looped()
    session = loop._started()
    assert session is not None
    loop._session = session
    for _ in range(200):
        loop._round(session, Trigger.SAVE, (FILE,), 0.0)
    screen.verdicts.clear()
    gc.collect()
    assert len(contexts) == 200
    assert sum(ref() is not None for ref in contexts) <= 2
    assert len(loop.history.newest_first) == 10


def test_the_first_green_verdict_ends_a_loop_that_waits_for_it(
    looped: Callable[..., Loop], means: FakeMeans, screen: SilentScreen
) -> None:
    means.started = green
    loop = looped(once_green=True)
    assert loop.run() == ExitCode.OK
    assert screen.finished == 1
    assert "the cluster is kept" in screen.notes[-1]
    assert loop.context.folder.state.kept


def test_quitting_without_a_verdict_is_an_interruption(
    looped: Callable[..., Loop], means: FakeMeans
) -> None:
    loop = looped()
    means.started = lambda _: loop.key("q")
    assert loop.run() == ExitCode.INTERRUPTED
    assert means.waits[0].ended is Word.INTERRUPTED


def test_removing_the_cluster_is_an_option(
    looped: Callable[..., Loop], means: FakeMeans, context: Context
) -> None:
    means.started = green
    assert looped(once_green=True, down=True).run() == ExitCode.OK
    assert not context.folder.path.exists()


def test_a_full_run_waits_for_a_green_verdict(
    looped: Callable[..., Loop], means: FakeMeans, screen: SilentScreen
) -> None:
    loop = looped()
    run(loop)
    loop._full_run()
    assert "not everything is ready" in screen.notes[-1]
    assert means.waits[0].word is None

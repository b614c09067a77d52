"""A loop without a cluster: contexts, findings, and means that only take notes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.bundle.choose import Choice, Wish
from harness.cluster.runs import RunFolder
from harness.config import Settings
from harness.io.clock import SystemClock
from harness.io.process import ProcessRunner
from harness.loop.preparing import Prepared
from harness.loop.screen import Shown
from harness.loop.session import Session
from harness.loop.verdicts import AuditChange, LoopVerdict, Word
from harness.loop.waiting import Listeners, Round
from harness.model.errors import HarnessError
from harness.model.finding import Diagnosis, Finding, Outcome, Phase
from harness.model.refs import ObjectRef
from harness.model.repository import Declaration
from harness.model.run import ObjectStatus, RunRecord, StageRecord
from harness.stages.context import Context, RunOptions
from harness.stages.names import Names
from harness.stages.stage import Listener

SECRET = ObjectRef("Secret", "shop", "order-db")


def finding(cause: str = "S02", *, file: str = "", line: int = 0) -> Finding:
    return Finding(
        cause=cause,
        phase=Phase.SECRET,
        object=SECRET,
        seen="it has no key passwort",
        expected="the key passwort",
        fix="write key: password",
        file=file,
        line=line,
    )


def failed(*findings: Finding) -> Diagnosis:
    return Diagnosis(outcome=Outcome.FAILED, findings=findings)


def loop_context(tmp_path: Path) -> Context:
    tree, runs = tmp_path / "tree", tmp_path / "runs"
    tree.mkdir(exist_ok=True)
    context = Context(
        options=RunOptions(
            repository=tree,
            environment="dev",
            output=tmp_path / "report",
            cache=tmp_path / "cache",
            kind_config=None,
            bundle=Choice(wish=Wish.AUTO),
            keep=True,
            environment_variables={},
        ),
        settings=Settings(),
        folder=RunFolder.create(runs, repository=tree, environment="dev", created=""),
        run=RunRecord(
            run_id="r", environment="dev", repository=str(tree), command="", started_at=""
        ),
        runner=ProcessRunner(),
        clock=SystemClock(),
        cancelled=threading.Event(),
    )
    context.declaration.put(declaration(tree))
    return context


def declaration(root: Path) -> Declaration:
    return Declaration(
        root=root,
        environment="dev",
        bootstrap=(),
        generated_bootstrap=False,
        applications=(),
        repo_urls=("https://github.com/corp/deploys.git",),
        images=(),
        secrets=(),
        ingresses=(),
        load_balancer_subnets=(),
    )


class SilentScreen:
    """Takes note of what is shown."""

    def __init__(self) -> None:
        self.verdicts: list[LoopVerdict] = []
        self.notes: list[str] = []
        self.rounds: list[tuple[int, tuple[str, ...]]] = []
        self.finished = 0

    def begin(self, title: str) -> None:
        assert title

    def stage(self, record: StageRecord) -> None:
        assert record.name

    def objects(self, statuses: Sequence[ObjectStatus]) -> None:
        raise AssertionError(statuses)

    def note(self, text: str) -> None:
        self.notes.append(text)

    def saved(self, number: int, files: Sequence[str]) -> None:
        self.rounds.append((number, tuple(files)))

    def standing(self, shown: Shown) -> None:
        raise AssertionError(shown)

    def verdict(self, verdict: LoopVerdict) -> None:
        self.verdicts.append(verdict)

    def log(self, title: str, text: str) -> None:
        self.notes.append(f"{title}{text}")

    def help(self, text: str) -> None:
        self.notes.append(text)

    def select(self, step: int) -> ObjectStatus | None:
        assert step in {-1, 0, 1}
        return None

    def finish(self) -> None:
        self.finished += 1


class Begun:
    """A start that has a cluster at once; `trees` are the errors of the first tries."""

    def __init__(self, context: Context, trees: list[HarnessError]) -> None:
        self._context, self._trees = context, trees

    def machine(self) -> None:
        pass

    def tree(self) -> None:
        if self._trees:
            raise self._trees.pop(0)

    def cluster(self) -> Session:
        return Session(base=self._context, shared=Names())


@dataclass(kw_only=True)
class FakeWait:
    """Waits until somebody tells its word."""

    round: Round
    prepared: Prepared
    listeners: Listeners
    word: Word | None = None
    ended: Word | None = None

    @property
    def context(self) -> Context:
        return self.prepared.context

    def start(self) -> None:
        pass

    def tell(self, word: Word) -> None:
        self.word = word
        self.listeners.verdict(
            LoopVerdict(
                round=self.round.number,
                word=word,
                trigger=self.round.trigger,
                at=0.0,
                seconds=1.0,
                files=self.round.files,
                revision=self.prepared.context.revision.get(),
            )
        )

    def cancel(self, word: Word = Word.SUPERSEDED) -> None:
        self.ended = word
        if self.word is None:
            self.tell(word)

    def join(self, seconds: float) -> None:
        assert seconds > 0


@dataclass(kw_only=True)
class FakeMeans:
    """Means whose rounds succeed unless an error is next."""

    trees: list[HarnessError] = field(default_factory=list)
    errors: list[HarnessError | None] = field(default_factory=list)
    unchanged: bool = False
    waits: list[FakeWait] = field(default_factory=list)
    prepared: list[tuple[str, ...]] = field(default_factory=list)
    started: Callable[[FakeWait], None] = lambda _: None
    before_prepare: Callable[[], None] = lambda: None

    def begin(self, context: Context, _screen: object) -> Begun:
        return Begun(context, self.trees)

    def prepare(self, session: Session, files: tuple[str, ...], _listener: Listener) -> Prepared:
        self.prepared.append(files)
        self.before_prepare()
        error = self.errors.pop(0) if self.errors else None
        if error is not None:
            raise error
        context = session.new_context(session.base.settings)
        session.revision = f"{len(self.prepared):040d}"
        context.revision.put(session.revision)
        return Prepared(
            context=context, published=not self.unchanged, delivered=(), audit=AuditChange()
        )

    def wait(self, round_: Round, prepared: Prepared, listeners: Listeners) -> FakeWait:
        made = FakeWait(round=round_, prepared=prepared, listeners=listeners)
        self.waits.append(made)
        self.started(made)
        return made

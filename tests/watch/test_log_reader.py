from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from typing import Any

from harness.model.refs import ObjectRef
from harness.model.timeline import Entry, EntryKind
from harness.watch.log_reader import LOG_LINES, WORKERS, LogReader
from harness.watch.objects import Change

NOW = datetime(2026, 1, 1, tzinfo=UTC)
Object = dict[str, Any]


class StandingClock:
    """Does not move."""

    def monotonic(self) -> float:
        return 100.0

    def now(self) -> datetime:
        return NOW

    def sleep(self, seconds: float) -> None:
        raise AssertionError(seconds)


class Source:
    """Answers with one text per container; counts how many read at the same time."""

    def __init__(self, texts: dict[str, str | Exception]) -> None:
        self.texts = texts
        self.gate = threading.Event()
        self.gate.set()
        self.lock = threading.Lock()
        self.reading = self.most = 0
        self.asked: list[tuple[str, str, str, bool]] = []

    def logs(
        self, namespace: str, pod: str, container: str, *, previous: bool = False, lines: int = 200
    ) -> str:
        assert lines == LOG_LINES == 50
        with self.lock:
            self.asked.append((namespace, pod, container, previous))
            self.reading += 1
            self.most = max(self.most, self.reading)
        assert self.gate.wait(5)
        with self.lock:
            self.reading -= 1
        found = self.texts[container]
        if isinstance(found, Exception):
            raise found
        return found


def changed(name: str, *containers: str, restarts: int = 0) -> Change:
    statuses = [
        {"name": c, "state": {"waiting": {}} if restarts else {"running": {}}, "ready": False}
        | {"restartCount": restarts}
        for c in containers
    ]
    obj = {"metadata": {"name": name}, "status": {"containerStatuses": statuses}}
    return Change(kind=EntryKind.OBJECT, ref=ObjectRef("Pod", "dev", name), object=obj)


def wait(goal: Any) -> None:
    end = time.monotonic() + 5
    while not goal() and time.monotonic() < end:
        time.sleep(0.002)
    assert goal()


def test_a_log_becomes_an_entry() -> None:
    entries: list[Entry] = []
    source = Source({"app": "boom"})

    with LogReader(source, entries.append, clock=StandingClock()) as reader:
        reader.changed(changed("web", "app", restarts=2))
        wait(lambda: entries)

    assert source.asked == [("dev", "web", "app", True)]
    assert entries == [
        Entry(
            at=NOW.timestamp(),
            kind=EntryKind.LOG,
            ref=ObjectRef("Pod", "dev", "web"),
            container="app",
            previous=True,
            restarts=2,
            text="boom",
        )
    ]


def test_known_secrets_and_the_passwords_of_urls_are_masked_before_the_text_is_cut() -> None:
    entries: list[Entry] = []
    secret = "hunter22" * 30  # so long that a cut would go through one
    text = f"{secret} " * 60 + "amqp://u:other@mq"

    with LogReader(
        Source({"app": text}),
        entries.append,
        clock=StandingClock(),
        mask=lambda t: t.replace(secret, "********" * 20),
    ) as reader:
        reader.changed(changed("web", "app"))
        wait(lambda: entries)

    assert set(entries[0].text.partition("\n")[2]) == set("**** amqp://u:@mq")
    assert "other" not in entries[0].text
    assert len(entries[0].text.encode()) <= 8 * 1024


def test_no_more_than_four_logs_are_read_at_the_same_time() -> None:
    entries: list[Entry] = []
    source = Source({"app": "x"})
    source.gate.clear()

    with LogReader(source, entries.append, clock=StandingClock()) as reader:
        for number in range(12):
            reader.changed(changed(f"web-{number}", "app"))
        wait(lambda: source.reading == WORKERS)
        time.sleep(0.02)
        source.gate.set()
        wait(lambda: len(entries) == 12)

    assert source.most == WORKERS == 4


def test_a_source_that_fails_is_said_and_others_are_read() -> None:
    entries: list[Entry] = []
    source = Source({"app": RuntimeError("no kubelet"), "proxy": "listening"})

    with LogReader(source, entries.append, clock=StandingClock(), workers=1) as reader:
        reader.changed(changed("web", "app", "proxy"))
        wait(lambda: entries)

    assert [e.container for e in entries] == ["proxy"]
    assert "no kubelet" in reader.last_error


def test_a_mask_that_fails_gives_no_text_away() -> None:
    entries: list[Entry] = []

    def fail(text: str) -> str:
        raise ValueError(len(text))

    source = Source({"app": "hunter22"})
    with LogReader(source, entries.append, clock=StandingClock(), mask=fail) as reader:
        reader.changed(changed("web", "app"))
        wait(lambda: reader.last_error)

    assert entries == []


def test_a_listener_that_fails_does_not_end_the_reading() -> None:
    told: list[str] = []

    def fail(entry: Entry) -> None:
        told.append(entry.ref.name)
        raise RuntimeError(entry.ref.name)

    with LogReader(Source({"app": "x"}), fail, clock=StandingClock(), workers=1) as reader:
        reader.changed(changed("a", "app"))
        reader.changed(changed("b", "app"))
        wait(lambda: len(told) == 2)

    assert "RuntimeError" in reader.last_error


def test_a_log_is_read_on_request() -> None:
    entries: list[Entry] = []

    with LogReader(Source({"postgres": "ready"}), entries.append, clock=StandingClock()) as reader:
        reader.request(ObjectRef("Pod", "dev", "postgres-0"), "postgres")
        wait(lambda: entries)

    assert entries[0].ref == ObjectRef("Pod", "dev", "postgres-0")


def test_other_kinds_and_gone_pods_are_not_read() -> None:
    source = Source({"app": "x"})
    pod = ObjectRef("Pod", "dev", "web")

    reader = LogReader(source, lambda _: None, clock=StandingClock())
    reader.changed(Change(kind=EntryKind.LISTED, ref=ObjectRef("Pod", "dev", "")))
    reader.changed(Change(kind=EntryKind.OBJECT, ref=ObjectRef("Job", "dev", "j"), object={}))
    reader.changed(changed("web", "app"))
    reader.changed(Change(kind=EntryKind.GONE, ref=pod))

    assert reader._schedule.next_due() is None


def test_leaving_ends_the_threads() -> None:
    with LogReader(Source({}), lambda _: None, clock=StandingClock()) as reader:
        begun = time.monotonic()

    assert time.monotonic() - begun < 0.5
    assert not any(thread.is_alive() for thread in reader._threads)

"""Results appear whole, stay as they are, and are built by one build at a time."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import pytest

from airgap.errors import CancelledBuildError
from airgap.store import Result, Store, write_json

KEY = "0123456789abcdef" * 2


def keep(store: Store, content: str = "result") -> Result:
    draft = store.draft("part", KEY)
    (draft / "file").write_text(content)
    return store.keep("part", KEY, draft=draft, seconds=1.26, facts={"version": "v1"})


def wait_unheard() -> None:
    """Waits for a lock without saying so."""


def test_a_kept_result_is_found_with_its_facts(store: Store) -> None:
    kept = keep(store)
    found = store.find("part", KEY)
    assert found == kept
    assert found is not None
    assert (found.text("version"), found.seconds) == ("v1", 1.3)
    assert (found.folder / "file").read_text() == "result"


def test_another_key_is_not_found(store: Store) -> None:
    keep(store)
    assert store.find("part", "f" * 32) is None


def test_a_draft_is_no_result(store: Store) -> None:
    draft = store.draft("part", KEY)
    (draft / "file").write_text("half")
    assert store.find("part", KEY) is None


def test_what_a_dead_build_left_is_removed_by_the_next(store: Store) -> None:
    left = store.draft("part", KEY)
    (left / "file").write_text("half")
    dead = left.rename(left.with_name(".building-0123456789ab-1"))
    store.draft("part", KEY)
    assert not dead.exists()


@pytest.mark.parametrize("damage", ["shorter", "absent"])
def test_a_damaged_result_is_not_found_and_can_be_replaced(store: Store, damage: str) -> None:
    file = keep(store).folder / "file"
    if damage == "shorter":
        file.write_text("res")
    else:
        file.unlink()
    assert store.find("part", KEY) is None
    keep(store, "again!")
    assert store.find("part", KEY) is not None


def test_a_large_file_deep_inside_is_missed_too(store: Store) -> None:
    draft = store.draft("part", KEY)
    (draft / "deep").mkdir()
    (draft / "deep" / "large").write_bytes(b"x" * (1 << 20))
    kept = store.keep("part", KEY, draft=draft, seconds=1, facts={})
    (kept.folder / "deep" / "large").unlink()
    assert store.find("part", KEY) is None


def test_unreadable_facts_are_no_result(store: Store) -> None:
    (keep(store).folder / "part.json").write_text("{")
    assert store.find("part", KEY) is None


def test_a_second_build_waits_for_the_lock(store: Store, going_on: threading.Event) -> None:
    order: list[str] = []
    waiting = threading.Event()

    def second() -> None:
        with store.lock("part", cancelled=going_on, on_wait=waiting.set):
            order.append("second")

    with store.lock("part", cancelled=going_on, on_wait=wait_unheard):
        thread = threading.Thread(target=second)
        thread.start()
        assert waiting.wait(5)
        order.append("first")
    thread.join(5)
    assert order == ["first", "second"]


def test_locks_of_different_parts_do_not_meet(store: Store, going_on: threading.Event) -> None:
    with (
        store.lock("one", cancelled=going_on, on_wait=wait_unheard),
        store.lock("two", cancelled=going_on, on_wait=wait_unheard),
    ):
        assert (store.root / "locks" / "two.lock").exists()


def test_waiting_for_a_lock_ends_when_the_build_is_cancelled(
    store: Store, going_on: threading.Event
) -> None:
    cancelled = threading.Event()
    cancelled.set()
    began = time.monotonic()
    with (
        store.lock("part", cancelled=going_on, on_wait=wait_unheard),
        pytest.raises(CancelledBuildError),
        store.lock("part", cancelled=cancelled, on_wait=wait_unheard),
    ):
        pytest.fail("the lock was given twice")
    assert time.monotonic() - began < 5


def test_json_replaces_the_old_file_and_leaves_no_draft(tmp_path: Path) -> None:
    path = tmp_path / "bundle.json"
    write_json(path, {"a": 1})
    write_json(path, {"a": 2})
    assert json.loads(path.read_text()) == {"a": 2}
    assert list(tmp_path.iterdir()) == [path]

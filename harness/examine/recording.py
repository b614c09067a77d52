"""Judges a recording: an evidence folder or a timeline file, at the moment of its last entry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from harness.diagnosis.diagnose import Decisions, diagnose
from harness.diagnosis.fold import folded
from harness.evidence.cassette import FILE_NAME, cassette_from_evidence, read_cassette
from harness.examine.outcome import late, proven
from harness.examine.question import Question
from harness.model.declared import declared_objects
from harness.model.errors import UsageError
from harness.model.finding import Diagnosis
from harness.model.timeline import Cassette


def examine_recording(path: Path, question: Question) -> Diagnosis:
    """Judges an evidence folder or a timeline file at the moment of its last entry.

    Raises:
        UsageError: The file is damaged or of another version, or the folder holds no evidence.
    """
    notes: list[str] = []
    cassette = _recording(path, notes.append)
    repository = question.read_repository()
    if repository and not cassette.header.declared:
        declared = declared_objects(repository.declaration)
        cassette = replace(cassette, header=replace(cassette.header, declared=declared))
    facts = folded(cassette)
    found = late(proven(Decisions().stamped(diagnose(facts)), facts))
    found = replace(found, notes=(*found.notes, *notes))
    return repository.placed(found) if repository else found


def _recording(path: Path, note: Callable[[str], None]) -> Cassette:
    if not path.exists():
        raise UsageError(
            attempted="Reading the recording in",
            subject=str(path),
            seen="there is no such file or folder",
            expected=f"an evidence folder or a {FILE_NAME} that a run left",
            next_step="harness diagnose FOLDER",
        )
    if path.is_file():
        return read_cassette(path, note=note)
    return cassette_from_evidence(path, note=note)

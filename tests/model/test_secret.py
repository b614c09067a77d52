from __future__ import annotations

from harness.model.secret import MASK, Secret, redact


def test_a_secret_never_shows_itself() -> None:
    secret = Secret("hunter22")

    assert f"{secret} {secret!r} {[secret]}" == f"{MASK} {MASK} [{MASK}]"
    assert secret.reveal() == "hunter22"


def test_redaction_masks_every_occurrence() -> None:
    assert redact("a hunter22 b hunter22", [Secret("hunter22")]) == f"a {MASK} b {MASK}"


def test_redaction_leaves_text_alone_that_a_short_value_would_shred() -> None:
    assert redact("a cat", [Secret("a")]) == "a cat"

from __future__ import annotations

import base64
import gzip
import json
import time
from urllib.parse import quote

import pytest

from harness.model.secret import Secret
from harness.reproduction.masking import KEY, LOGIN, TOKEN, UNREADABLE, VALUE, Masker

VALUE_OF_RUN = 'p"ss wörd/+=4711'
PEM = (
    "-----BEGIN PRIVATE KEY-----\n"
    + base64.b64encode(bytes(range(96))).decode()
    + "\n-----END PRIVATE KEY-----\n"
)


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "spelled",
    [
        VALUE_OF_RUN,
        b64(VALUE_OF_RUN),
        b64(f"u:{VALUE_OF_RUN}"),
        b64(f"us:{VALUE_OF_RUN}:x"),
        quote(VALUE_OF_RUN, safe=""),
        json.dumps(VALUE_OF_RUN),
        json.dumps(VALUE_OF_RUN, ensure_ascii=False),
        json.dumps(json.dumps({"password": VALUE_OF_RUN})),
    ],
)
def test_a_value_is_masked_in_every_spelling(spelled: str) -> None:
    masker = Masker([Secret(VALUE_OF_RUN)])
    text = f"before {spelled} after".encode()

    data, counts = masker.masked(text)

    assert counts[VALUE] == 1
    assert data.startswith(b"before ")
    assert data.endswith(b" after")
    assert not masker.found(data)


def test_compressed_data_is_masked_inside() -> None:
    masker = Masker([Secret("correct-horse")])

    data, counts = masker.masked(gzip.compress(b'{"text": "correct-horse"}\n'))

    assert counts == {VALUE: 1}
    assert gzip.decompress(data) == b'{"text": "********"}\n'


def test_compressed_data_that_cannot_be_read_is_not_passed_on() -> None:
    data, counts = Masker([]).masked(b"\x1f\x8b\x08\x00 nonsense that no gzip is")

    assert data == b""
    assert counts == {UNREADABLE: 1}


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (PEM, KEY),
        (PEM.partition("-----END")[0], KEY),
        (json.dumps({"tls.key": PEM}), KEY),
        (f"tls.key: {b64(PEM)}", KEY),
        ('{"auths": {"ghcr.io": {"auth": "' + b64("u:hunter2hunter2") + '"}}}', LOGIN),
        (b64('{"auths": {"ghcr.io": {"auth": "' + b64("u:hunter2hunter2") + '"}}}'), KEY),
        ("Bearer eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJnYXRlIn0.c2lnbmF0dXJlLW9mLWl0", TOKEN),
    ],
)
def test_what_gives_itself_away_by_its_form_is_masked(text: str, what: str) -> None:
    masker = Masker([])

    data, counts = masker.masked(text.encode())

    assert counts[what] == 1, counts
    assert not masker.found(data)


@pytest.mark.parametrize(
    "text",
    [
        "-----BEGIN CERTIFICATE-----\n" + "MIIB" * 30 + "\n-----END CERTIFICATE-----\n",
        '{"data": {".dockerconfigjson": "(hidden)"}}',
        "sha256:" + "0123456789abcdef" * 4,
        'the docs say "-----BEGIN PRIVATE KEY-----" begins a key',
        "the line -----BEGIN PRIVATE KEY----- begins a key, and what follows it is base64",
        b64("just a long and harmless text, " * 5),
    ],
)
def test_innocent_text_stays(text: str) -> None:
    assert Masker([]).masked(text.encode()) == (text.encode(), {})


def test_a_short_value_is_not_searched_for() -> None:
    assert Masker([Secret("app")]).masked(b"apps/v1 application") == (b"apps/v1 application", {})


@pytest.mark.parametrize(
    "text",
    [
        b"-----BEGIN PRIVATE KEY-----" * 5_000,
        b'"auth": "' * 20_000,
        b"\\" * 100_000,
        b"eyJaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" * 5_000,
        b"eyJaaaaaaaaaa." * 10_000,
        b"-----BEGIN PRIVATE KEY-----" + b"-A" * 50_000,
    ],
)
def test_text_made_to_take_for_ever_does_not(text: bytes) -> None:
    began = time.process_time()

    Masker([]).masked(text)

    assert time.process_time() - began < 5

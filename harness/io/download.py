"""Downloads files over HTTP, with a deadline, a few attempts, and progress.

Trusts what the system trusts and, besides, the certificates it is given (intercepted TLS, corporate
proxies); honours the usual proxy variables. Whether the content is right, the caller checks.
"""

from __future__ import annotations

import ssl
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from http.client import HTTPException
from pathlib import Path
from typing import Protocol

import tenacity

from harness.io.clock import Clock, SystemClock
from harness.model.errors import BundleError

CHUNK = 1 << 18
SILENCE_SECONDS = 30.0
ATTEMPTS = 3


class Downloader(Protocol):
    """Fetches a URL into a file."""

    def download(
        self,
        url: str,
        target: Path,
        *,
        on_bytes: Callable[[int, int | None], None],
        deadline_seconds: float,
    ) -> None:
        """Writes the content of `url` to `target`; reports bytes done and the total if known.

        Raises:
            BundleError: The server does not answer, refuses, or stops in the middle.
        """


class _DeadlineError(OSError):
    """The whole download took too long."""


class HttpDownloader:
    """Downloads for real."""

    def __init__(
        self,
        *,
        ca_files: Sequence[Path] = (),
        clock: Clock | None = None,
        wait_seconds: float = 1.0,
    ) -> None:
        self._ca_files = tuple(ca_files)
        self._clock = clock or SystemClock()
        self._wait_seconds = wait_seconds

    def download(
        self,
        url: str,
        target: Path,
        *,
        on_bytes: Callable[[int, int | None], None],
        deadline_seconds: float,
    ) -> None:
        """Downloads `url`; see `Downloader.download`. Three attempts, fewer if it is refused."""
        limit = self._clock.monotonic() + deadline_seconds
        attempts = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(ATTEMPTS),
            wait=tenacity.wait_exponential(multiplier=self._wait_seconds, max=10),
            retry=tenacity.retry_if_exception(_is_passing),
            sleep=self._clock.sleep,
            reraise=True,
        )
        try:
            attempts(self._attempt, url, target, on_bytes, limit)
        except (OSError, HTTPException, ValueError) as error:
            raise BundleError(
                attempted="Downloading",
                subject=url,
                seen=_reason(error),
                expected="the file, within the deadline",
                next_step="check the network and the proxy variables, then try again",
            ) from error

    def _attempt(
        self, url: str, target: Path, on_bytes: Callable[[int, int | None], None], limit: float
    ) -> None:
        try:
            self._once(url, target, on_bytes, limit)
        except urllib.error.HTTPError as error:
            error.close()
            raise

    def _once(
        self, url: str, target: Path, on_bytes: Callable[[int, int | None], None], limit: float
    ) -> None:
        context = ssl.create_default_context()
        for path in self._ca_files:
            context.load_verify_locations(path)
        with (
            urllib.request.urlopen(url, timeout=SILENCE_SECONDS, context=context) as response,
            target.open("wb") as out,
        ):
            length = response.headers.get("Content-Length")
            total = int(length) if length else None
            done = 0
            while chunk := response.read(CHUNK):
                if self._clock.monotonic() > limit:
                    message = f"{done} bytes had come when the deadline passed"
                    raise _DeadlineError(message)
                out.write(chunk)
                done += len(chunk)
                on_bytes(done, total)
        if total is not None and done != total:
            message = f"the connection ended after {done} of {total} bytes"
            raise ConnectionError(message)


def _is_passing(error: BaseException) -> bool:
    """Tells whether another attempt may help."""
    if isinstance(error, urllib.error.HTTPError):
        return error.code >= 500 or error.code in {408, 429}
    if isinstance(error, _DeadlineError):
        return False
    if isinstance(error, urllib.error.URLError) and isinstance(error.reason, ssl.SSLError):
        return False
    return isinstance(error, OSError | HTTPException)


def _reason(error: BaseException) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"the server answered {error.code} {error.reason}"
    if isinstance(error, urllib.error.URLError):
        return str(error.reason)
    return str(error) or type(error).__name__

"""Fetching one file over HTTP, going on where an earlier try stopped."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path

import httpx
import truststore

from orchestration.models.errors import InstallError

Progress = Callable[[str, int, int], None]
"""Told (what is done, bytes of it done, bytes in all)."""

TIMEOUT = 30.0  # seconds for connecting and for every read, not for the whole file
TRIES = 3


def download_file(
    url: str, target: Path, *, size: int, name: str, report: Callable[[int], None] | None = None
) -> None:
    """Download ``url`` of ``size`` bytes to ``target``, which appears only when it is whole.

    What an interrupted download left is continued if the server can. ``report`` is told the bytes so far.
    Raises ``InstallError`` naming model ``name`` when the server refuses or ``TRIES`` connections broke.
    """
    partial = partial_of(target)
    if partial.is_file() and partial.stat().st_size > size:
        partial.unlink()
    failure = ""
    for _ in range(TRIES):
        try:
            _continue(url, partial, size, report)
        except httpx.HTTPStatusError as error:
            reason = f"{url} answered {error.response.status_code}"
            raise InstallError(name, reason, "correct the url in the registry") from error
        except httpx.TransportError as error:
            failure = f"{url}: {str(error) or type(error).__name__}"
            continue
        if partial.stat().st_size == size:
            partial.replace(target)
            return
        failure = f"{url} gave {partial.stat().st_size} bytes instead of {size}"
        partial.unlink()
    raise InstallError(name, failure, f"check the network, then `visavis models install {name}`")


def partial_of(target: Path) -> Path:
    """Where ``target`` grows until it is whole."""
    return target.with_name(target.name + ".part")


def _continue(url: str, partial: Path, size: int, report: Callable[[int], None] | None) -> None:
    done = partial.stat().st_size if partial.is_file() else 0
    if done == size:
        return
    headers = {"Accept-Encoding": "identity"}  # offsets count bytes of the file, not of a compressed form
    if done:
        headers["Range"] = f"bytes={done}-"
    with httpx.stream(
        "GET", url, headers=headers, timeout=TIMEOUT, follow_redirects=True, verify=_whom_the_system_trusts()
    ) as response:
        response.raise_for_status()
        if done and response.status_code != httpx.codes.PARTIAL_CONTENT:
            done = 0  # the server sends everything again
        with partial.open("ab" if done else "wb") as out:
            for block in response.iter_raw():
                out.write(block)
                done += len(block)
                if report is not None:
                    report(done)
                if done > size:  # a wrong address; no reason to fill the disk
                    return


def _whom_the_system_trusts() -> ssl.SSLContext:
    """The machine's own authorities: they know a company's proxy, which httpx's own list doesn't."""
    return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

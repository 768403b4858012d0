"""Downloads over real HTTP from a server on this machine: whole, continued, broken, refused, wrong."""

from __future__ import annotations

import hashlib
import io
import tarfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from orchestration.models.download import download_file, partial_of
from orchestration.models.errors import InstallError
from orchestration.models.install import install
from orchestration.models.ledger import Ledger
from orchestration.models.registry import ModelArchive, ModelEntry, ModelFile
from orchestration.models.store import ModelState

CONTENT = bytes(range(256)) * 4_096  # 1 MiB
SIZE = len(CONTENT)


class Server(ThreadingHTTPServer):
    """Serves ``content``; ``cuts`` connections break in the middle, ``ranges``: whether it can continue."""

    content = CONTENT
    cuts = 0
    ranges = True
    requests: list[str | None]

    def url(self, path: str = "/model") -> str:
        return f"http://127.0.0.1:{self.server_address[1]}{path}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        self.server.requests.append(wanted)
        if self.path != "/model":
            self.send_error(404)
            return
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and self.server.ranges else 0
        body = self.server.content[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.server.cuts:
            self.server.cuts -= 1
            body = body[: len(body) // 2]
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        return


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Handler) as running:
        running.requests = []
        thread = threading.Thread(target=running.serve_forever, args=(0.05,))
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "model"


def test_a_file_appears_whole_and_its_progress_reaches_the_end(server: Server, target: Path) -> None:
    seen: list[int] = []
    download_file(server.url(), target, size=SIZE, name="m", report=seen.append)
    assert target.read_bytes() == CONTENT
    assert seen == sorted(seen)
    assert seen[-1] == SIZE
    assert not partial_of(target).exists()


def test_a_broken_connection_is_continued_where_it_stopped(server: Server, target: Path) -> None:
    server.cuts = 1
    download_file(server.url(), target, size=SIZE, name="m")
    assert target.read_bytes() == CONTENT
    assert server.requests[0] is None
    assert server.requests[1] is not None


def test_what_an_earlier_run_left_is_kept(server: Server, target: Path) -> None:
    partial_of(target).write_bytes(CONTENT[:1000])
    download_file(server.url(), target, size=SIZE, name="m")
    assert target.read_bytes() == CONTENT
    assert server.requests == ["bytes=1000-"]


def test_a_server_that_cannot_continue_sends_everything_again(server: Server, target: Path) -> None:
    server.ranges = False
    partial_of(target).write_bytes(b"x" * 1000)
    download_file(server.url(), target, size=SIZE, name="m")
    assert target.read_bytes() == CONTENT


def test_three_broken_connections_are_an_error_and_what_came_is_kept(server: Server, target: Path) -> None:
    server.cuts = 3
    with pytest.raises(InstallError, match=r"model m: .*fix: check the network"):
        download_file(server.url(), target, size=SIZE, name="m")
    assert not target.exists()
    assert CONTENT.startswith(partial_of(target).read_bytes())


def test_an_address_that_does_not_exist_is_said_once(server: Server, target: Path) -> None:
    with pytest.raises(InstallError, match="answered 404; fix: correct the url"):
        download_file(server.url("/nothing"), target, size=SIZE, name="m")
    assert len(server.requests) == 1


@pytest.mark.parametrize("size", [SIZE - 1, SIZE + 1])
def test_another_length_than_registered_is_refused(server: Server, target: Path, size: int) -> None:
    with pytest.raises(InstallError):
        download_file(server.url(), target, size=size, name="m")
    assert not target.exists()


def test_nobody_listening_is_an_error(target: Path) -> None:
    with pytest.raises(InstallError, match="fix: check the network"):
        download_file("http://127.0.0.1:9/model", target, size=SIZE, name="m")


@pytest.mark.parametrize("right", [True, False])
def test_a_downloaded_model_is_verified(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, right: bool
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    digest = hashlib.sha256(CONTENT if right else b"other").hexdigest()
    entry = ModelEntry(
        name="m",
        role="recognizer",
        summary="a test's own",
        languages=("en",),
        licence="MIT",
        opens="model",
        files=(ModelFile(file="model", url=server.url(), size=SIZE, sha256=digest),),
    )
    [status] = install([entry], Ledger())
    assert status.state is (ModelState.READY if right else ModelState.CORRUPT)
    again = install([entry], Ledger())
    assert again[0].state is status.state
    assert len(server.requests) == 1  # what is here is not fetched again without --force
    if not right:
        assert status.fix == "visavis models install m --force"


def tarball(**members: bytes) -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w:gz") as archive:
        for name, content in members.items():
            entry = tarfile.TarInfo(f"package/{name}")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return written.getvalue()


def in_archive(server: Server, *names: str, digest: str = "") -> ModelEntry:
    archive = ModelArchive(
        name="m.tgz",
        url=server.url(),
        size=len(server.content),
        sha256=digest or hashlib.sha256(server.content).hexdigest(),
    )
    files = [
        ModelFile(
            file=f"voices/{name}",
            archive="m.tgz",
            member=f"package/{name}",
            size=len(name),
            sha256=hashlib.sha256(name.encode()).hexdigest(),
        )
        for name in names
    ]
    return ModelEntry(
        name="m",
        role="synthesizer",
        summary="a test's own",
        languages=("en",),
        licence="MIT",
        opens=".",
        archives=(archive,),
        files=tuple(files),
    )


def test_files_are_taken_out_of_a_tarball_which_is_fetched_once(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    server.content = tarball(one=b"one", two=b"two", three=b"three")
    entry = in_archive(server, "one", "two")
    for _ in range(2):
        [status] = install([entry], Ledger())
        assert status.state is ModelState.READY
    assert status.path is not None
    there = {path.name: path.read_bytes() for path in status.path.rglob("*") if path.is_file()}
    assert there == {"one": b"one", "two": b"two"}  # neither the tarball nor what nobody asked for
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("content", "digest", "message"),
    [
        pytest.param(tarball(one=b"one"), "0" * 64, "has sha256 .*instead of 0000", id="another tarball"),
        pytest.param(tarball(two=b"two"), "", "no file package/one", id="a tarball without the file"),
        pytest.param(b"no tarball at all", "", "is no tarball", id="something else"),
    ],
)
def test_a_tarball_that_is_not_the_registrys_is_refused(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, digest: str, message: str
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    server.content = content
    with pytest.raises(InstallError, match=message):
        install([in_archive(server, "one", digest=digest)], Ledger())
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]

"""What browsers get over HTTP: the page, heads, options, and the headers that keep them safe."""

from __future__ import annotations

import gzip
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from starlette.datastructures import Headers
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from avatar.head import head_path
from orchestration.clock import LoopClock
from orchestration.configuration import load_configuration
from orchestration.gateway.api import SESSION_PATH, create_api
from orchestration.gateway.browsers import SECURITY_HEADERS, may_connect
from orchestration.gateway.files import MEDIA_TYPES, FileShelf
from orchestration.gateway.host import SessionHost
from orchestration.protocol import Hello, Welcome, decode, encode
from orchestration.simulation.scripted import scripted_engines


def host_of(**changes):
    configuration = load_configuration("default", models=False)
    gateway = configuration.gateway.model_copy(update=changes.pop("gateway", {}))
    configuration = configuration.model_copy(update={"gateway": gateway, **changes})
    engines = scripted_engines(["hello"], lambda _: "one two.", apology="sorry")
    return SessionHost(configuration, engines, LoopClock())


@pytest.fixture
def page(tmp_path: Path) -> Path:
    folder = tmp_path / "page"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>face</title>")
    (folder / "assets" / "main-1a2b.js").write_text("const words = 'face to face';\n" * 400)
    (folder / "favicon.svg").write_text("<svg/>")
    (tmp_path / "secret.txt").write_text("not for you")
    return folder


@asynccontextmanager
async def browsing(folder: Path, host: SessionHost | None = None):
    host = host or host_of()
    transport = httpx.ASGITransport(create_api(lambda: host, page=lambda: folder))
    async with httpx.AsyncClient(transport=transport, base_url="http://agent.test") as client:
        yield client


async def test_the_root_is_the_page_and_asks_again_each_time(page):
    async with browsing(page) as client:
        answer = await client.get("/")
    assert answer.status_code == 200
    assert answer.text.startswith("<!doctype html>")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"


async def test_every_answer_carries_the_security_headers(page):
    async with browsing(page) as client:
        for path in ("/", "/assets/main-1a2b.js", "/nothing", "/v1/health", "/v1/options", "/heads/none.glb"):
            headers = (await client.get(path)).headers
            assert {name: headers[name] for name in SECURITY_HEADERS} == SECURITY_HEADERS, path
    policy = SECURITY_HEADERS["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'self'" in policy


async def test_assets_are_kept_for_good_and_compressed_only_for_who_can_read_that(page):
    async with browsing(page) as client:
        plain = await client.get("/assets/main-1a2b.js", headers={"accept-encoding": "gzip;q=0, br"})
        small = await client.get("/assets/main-1a2b.js", headers={"accept-encoding": "br, gzip"})
        raw = int(small.headers["content-length"])
    assert "immutable" in plain.headers["cache-control"]
    assert plain.headers["content-type"] == "text/javascript; charset=utf-8"
    assert "content-encoding" not in plain.headers
    assert small.headers["content-encoding"] == "gzip"
    assert small.content == plain.content == (page / "assets" / "main-1a2b.js").read_bytes()
    assert raw < len(plain.content) / 10
    assert small.headers["vary"] == "Accept-Encoding"


async def test_what_the_client_has_already_is_not_sent_again_until_it_changes(page):
    async with browsing(page) as client:
        for encoding in ("gzip", "identity"):
            first = await client.get("/favicon.svg", headers={"accept-encoding": encoding})
            known = {"if-none-match": first.headers["etag"], "accept-encoding": encoding}
            again = await client.get("/favicon.svg", headers=known)
            assert (again.status_code, again.content) == (304, b"")
        (page / "favicon.svg").write_text("<svg>new</svg>")
        changed = await client.get("/favicon.svg", headers=known)
    assert (changed.status_code, changed.text) == (200, "<svg>new</svg>")


@pytest.mark.parametrize(
    "path",
    ["/../secret.txt", "/assets/../../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/assets/%00"],
)
async def test_nothing_outside_the_page_is_served(page, path):
    async with browsing(page) as client:
        answer = await client.get(httpx.URL("http://agent.test").copy_with(raw_path=path.encode()))
    assert answer.status_code == 404
    assert "not for you" not in answer.text


async def test_a_folder_is_no_file(page):
    async with browsing(page) as client:
        assert (await client.get("/assets")).status_code == 404


async def test_a_page_that_isnt_built_says_how_to_build_it(tmp_path):
    async with browsing(tmp_path / "none") as client:
        answer = await client.get("/")
    assert answer.status_code == 503
    assert "make page" in answer.text
    assert answer.headers["content-type"].startswith("text/plain")


async def test_options_name_personas_voices_and_heads(page):
    async with browsing(page) as client:
        options = (await client.get("/v1/options")).json()
    assert options["version"] == 1
    assert options["persona"] == "mira"
    mira, noor = options["personas"]
    assert (mira["name"], mira["title"], mira["voice"], mira["head"]) == ("mira", "Mira", "joe", "mira")
    assert (noor["name"], noor["title"], noor["voice"], noor["head"]) == ("noor", "Noor", "joan", "noor")
    assert mira["detail"] == "The receptionist of the Lakeside Science Museum"
    assert mira["language"] == "en"
    assert [voice["name"] for voice in options["voices"]] == ["joe", "joan"]
    assert all(voice["title"] and voice["detail"] for voice in options["voices"])
    assert options["heads"] == {"mira": "/heads/mira.glb", "noor": "/heads/noor.glb"}
    assert options["light_heads"] == {"mira": "/heads/mira-light.glb", "noor": "/heads/noor-light.glb"}
    assert options["recording"] is False


async def test_a_system_without_heads_and_voices_offers_none():
    configuration = load_configuration("default", models=False)
    synthesizer = configuration.synthesizer.model_copy(update={"voices": {}})
    host = host_of(head=None, synthesizer=synthesizer)
    async with browsing(Path("nowhere"), host) as client:
        options = (await client.get("/v1/options")).json()
        assert (await client.get("/heads/mira.glb")).status_code == 404
    assert (options["heads"], options["light_heads"], options["voices"]) == ({}, {}, [])
    assert {persona["voice"] for persona in options["personas"]} == {""}
    assert {persona["head"] for persona in options["personas"]} == {""}


async def test_a_head_is_served_as_the_gltf_that_it_is(page):
    host = host_of()
    async with browsing(page, host) as client:
        answer = await client.get("/heads/noor.glb", headers={"accept-encoding": "identity"})
        again = await client.get("/heads/noor.glb", headers={"if-none-match": answer.headers["etag"]})
        small = await client.get("/heads/noor.glb", headers={"accept-encoding": "gzip"})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "model/gltf-binary"
    assert answer.content[:4] == b"glTF"
    assert answer.content == (await host.heads.path("noor")).read_bytes() == small.content
    assert "max-age" in answer.headers["cache-control"]
    assert again.status_code == 304


async def test_the_light_heads_are_served_at_the_addresses_in_the_options(page):
    host = host_of()
    async with browsing(page, host) as client:
        addresses = (await client.get("/v1/options")).json()["light_heads"]
        answers = {name: await client.get(address) for name, address in addresses.items()}
    for name, answer in answers.items():
        assert answer.status_code == 200, answer.text
        assert answer.content == head_path(name, detail="light").read_bytes()


async def test_a_head_that_is_unknown_or_cant_be_built_is_said_with_the_remedy(page, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "empty"))
    configuration = load_configuration("default", models=False)
    head = configuration.head.model_copy(update={"model": str(tmp_path)})  # a folder without the data
    async with browsing(page, host_of(head=head)) as client:
        unknown = await client.get("/heads/nobody.glb")
        missing = await client.get("/heads/mira.glb")
    assert (unknown.status_code, missing.status_code) == (404, 503)
    assert "heads: mira, noor" in unknown.text
    assert missing.text.strip()


async def test_the_shelf_forgets_what_was_asked_for_longest_ago(tmp_path, monkeypatch):
    monkeypatch.setattr("orchestration.gateway.files.SHELF_FILES", 3)
    shelf = FileShelf()
    for number in range(6):
        (tmp_path / f"{number}.txt").write_text(str(number))
        await shelf.get(tmp_path / f"{number}.txt")
    assert [file.body for file in shelf._files.values()] == [b"3", b"4", b"5"]


async def test_a_file_that_doesnt_get_smaller_is_not_compressed(tmp_path):
    (tmp_path / "a.png").write_bytes(gzip.compress(bytes(range(256)) * 4, mtime=0)[:200])
    assert (await FileShelf().get(tmp_path / "a.png")).gzipped is None


def test_what_the_build_makes_has_a_media_type():
    made = {".html", ".js", ".css", ".svg", ".json", ".map", ".png", ".ico", ".glb"}
    assert made <= set(MEDIA_TYPES)


class TestOrigins:
    @pytest.mark.parametrize(
        ("origin", "host", "allowed", "may"),
        [
            (None, "agent.test:8000", (), True),
            ("http://agent.test:8000", "agent.test:8000", (), True),
            ("https://agent.test", "agent.test", (), True),
            ("https://agent.test:443", "agent.test", (), True),
            ("http://AGENT.test", "agent.test", (), True),
            ("http://[::1]:8000", "[::1]:8000", (), True),
            ("http://agent.test:9000", "agent.test:8000", (), False),
            ("https://evil.test", "agent.test", (), False),
            ("https://agent.test.evil.test", "agent.test", (), False),
            ("null", "agent.test", (), False),
            ("", "agent.test", (), False),
            ("http://agent.test:port", "agent.test", (), False),
            ("https://other.test", "agent.test", ("https://other.test",), True),
            ("https://other.test", "agent.test", ("https://another.test",), False),
            ("https://other.test", "agent.test", ("*",), True),
        ],
    )
    def test_our_own_page_and_allowed_ones_may_connect(self, origin, host, allowed, may):
        headers = {"host": host} | ({} if origin is None else {"origin": origin})
        assert may_connect(Headers(headers), allowed) is may

    async def test_a_page_from_elsewhere_is_turned_away_before_anything_is_said(self, gateway):
        async with gateway(host_of()) as port:
            url = f"ws://127.0.0.1:{port}{SESSION_PATH}"
            with pytest.raises(InvalidStatus) as refused:
                await connect(url, origin="https://evil.test")
            assert refused.value.response.status_code == 403
            async with connect(url, origin=f"http://127.0.0.1:{port}") as socket:
                await socket.send(encode(Hello()))
                assert isinstance(decode(await socket.recv(decode=False)), Welcome)

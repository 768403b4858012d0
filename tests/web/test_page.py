"""The page in Debian's Chromium, served by a real gateway with real models."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import groupby, pairwise
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import numpy as np
import pytest
from playwright.sync_api import Browser

from avatar.gltf import read_head
from avatar.gltf.read import split
from avatar.gltf.write import container
from avatar.head import head_path
from tests.web.bad_network import bad_network
from tests.web.conftest import ALLOWED, PageServer, served, watch
from tests.web.visitor import MICROPHONE, Visitor

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

PLAYS = "--autoplay-policy=no-user-gesture-required"  # for the microphone that tests speak into
FAKE_DEVICE = "--use-fake-device-for-media-stream"
QUESTION = "vm-savefolder"  # "Which folder should I save the message to?"
INTERRUPTION = "vm-incorrect-mailbox"


@pytest.fixture(scope="module")
def browser(launch: Callable[..., Browser]) -> Browser:
    """A browser that allows the microphone, which is silent unless a test speaks into it."""
    return launch(ALLOWED, FAKE_DEVICE, PLAYS)


@pytest.fixture
def visitor(browser: Browser, errors: list[str]) -> Iterator[Visitor]:
    """A visitor with a microphone that the test speaks into; nothing on the page may have failed."""
    with browser.new_context(viewport={"width": 1280, "height": 800}) as context:
        context.add_init_script(MICROPHONE)
        page = context.new_page()
        watch(page, errors)
        yield Visitor(page)


@pytest.fixture(scope="session")
def question(asterisk_prompts: dict[str, Path]) -> Path:
    """A question asked by a person."""
    return asterisk_prompts[QUESTION]


def moved(before: np.ndarray, after: np.ndarray) -> float:
    """Share of the pixels that differ visibly."""
    return float((np.abs(before - after).max(axis=2) > 12).mean())


class TestFirstLoad:
    def test_the_head_is_drawn_and_nothing_comes_from_elsewhere(self, server, visitor, errors):
        asked: list[str] = []
        visitor.page.on("request", lambda request: asked.append(request.url))
        visitor.open(server.url)
        assert {urlsplit(url).hostname for url in asked if not url.startswith(("data:", "blob:"))} == {
            "127.0.0.1"
        }
        assert any(url.endswith("/heads/mira-light.glb") for url in asked)
        assert visitor.face().reshape(-1, 3).std(axis=0).max() > 20, "the stage is not of one colour"
        assert errors == []

    def test_every_persona_and_voice_of_the_server_is_offered(self, server, visitor):
        visitor.open(server.url)
        offered = httpx.get(f"{server.url}v1/options").json()
        for persona in offered["personas"]:
            assert visitor.page.get_by_role("radio", name=persona["title"]).count() == 1
        names = visitor.page.get_by_label("Voice").locator("option").all_inner_texts()
        assert {voice["title"] for voice in offered["voices"]} <= set(names)

    def test_another_persona_brings_another_head(self, server, visitor):
        visitor.open(server.url)
        mira = visitor.face()
        with visitor.page.expect_response(lambda response: response.url.endswith("/heads/noor-light.glb")):
            visitor.page.get_by_role("radio", name="Noor").check()
        visitor.page.wait_for_timeout(1500)
        assert moved(mira, visitor.face()) > 0.15

    @pytest.mark.parametrize("place", ["start", "conversation", "settings"])
    def test_a_screen_reader_finds_no_fault(self, server, visitor, place):
        visitor.open(server.url)
        if place != "start":
            visitor.start(typing=True)
        if place == "settings":
            visitor.page.get_by_role("button", name="Settings").click()
        rules = Path("web/node_modules/axe-core/axe.min.js").read_text()
        visitor.page.evaluate(rules)
        found = visitor.page.evaluate("() => axe.run()")
        assert [(fault["id"], fault["nodes"][0]["html"]) for fault in found["violations"]] == []

    @pytest.mark.parametrize(("width", "height"), [(390, 844), (844, 390), (320, 568)])
    def test_a_phone_shows_face_and_controls_without_scrolling(self, browser, server, width, height):
        with browser.new_context(viewport={"width": width, "height": height}, has_touch=True) as context:
            visitor = Visitor(context.new_page())
            visitor.open(server.url)
            visitor.start(typing=True)
            page = visitor.page
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            for name in ("Send", "End the conversation"):
                box = page.get_by_role("button", name=name).bounding_box()
                assert box is not None and box["y"] >= 0 and box["y"] + box["height"] <= height
                assert min(box["width"], box["height"]) >= 43.5
            face = page.locator(".free").bounding_box()
            assert face is not None and face["height"] >= 0.25 * height

    def test_the_keyboard_is_enough(self, server, visitor):
        visitor.open(server.url)
        visitor.page.get_by_role("radio", name="Writing only").check()
        for _ in range(30):
            visitor.page.keyboard.press("Tab")
            if visitor.page.evaluate("document.activeElement.textContent") == "Start writing":
                break
        visitor.page.keyboard.press("Enter")
        visitor.page.locator(".page[data-phase=open]").wait_for(timeout=30_000)
        visitor.page.evaluate("document.activeElement.blur()")
        visitor.page.keyboard.press("t")
        visitor.page.keyboard.type("hello")
        visitor.page.keyboard.press("Enter")
        assert visitor.captions("mine").first.inner_text() == "hello"


class TestMicrophone:
    def test_a_denied_microphone_is_said_in_words_and_typing_goes_on(self, launch, server):
        with launch() as browser:  # no permission is granted and nobody can be asked
            visitor = Visitor(browser.new_page())
            visitor.open(server.url)
            visitor.page.get_by_role("button", name="Start talking").click()
            visitor.banner().wait_for(timeout=20_000)
            assert "microphone" in visitor.banner().inner_text().lower()
            visitor.page.get_by_role("button", name="Talk by typing").click()
            visitor.write("What time does the museum open?")
            visitor.answered()
            assert "nine" in visitor.captions("theirs").last.inner_text()

    def test_a_spoken_question_is_captioned_and_answered(self, launch, server, question, errors):
        """The browser's own fake microphone plays a person's recording, once."""
        flags = (ALLOWED, FAKE_DEVICE, f"--use-file-for-fake-audio-capture={question}%noloop")
        with launch(*flags) as browser:
            visitor = Visitor(browser.new_page(viewport={"width": 1280, "height": 800}))
            watch(visitor.page, errors)
            visitor.open(server.url)
            visitor.start()
            visitor.floor("user")
            visitor.answered()
            assert "folder" in visitor.captions("mine").first.inner_text().lower()
            assert visitor.captions("theirs").first.inner_text()
            assert "Answered in" in visitor.page.locator(".latency").inner_text()
            measured = visitor.snapshot()
            assert max(row["rms"] for row in measured["sounded"]) > 0.02, "the voice left the loudspeaker"
            assert max(row["jawOpen"] for row in measured["drawn"]) > 0.1
            assert errors == []

    def test_muted_words_are_not_heard(self, server, visitor, question):
        visitor.open(server.url)
        visitor.start()
        visitor.page.get_by_role("button", name="Mute").click()
        visitor.speak(question)
        visitor.page.wait_for_timeout(4000)
        assert visitor.captions("mine").count() == 0
        visitor.page.get_by_role("button", name="Unmute").click()
        visitor.speak(question)
        visitor.floor("user")

    def test_push_to_talk_hears_only_while_it_is_held(self, server, visitor, question):
        visitor.open(server.url)
        visitor.start()
        visitor.page.get_by_role("button", name="Talk only while a button is held").click()
        visitor.speak(question)
        visitor.page.wait_for_timeout(4000)
        assert visitor.captions("mine").count() == 0
        visitor.page.evaluate("document.activeElement.blur()")
        visitor.page.keyboard.down("Space")
        visitor.speak(question)
        visitor.floor("user")
        visitor.page.keyboard.up("Space")


class TestConversation:
    def test_a_barge_in_stops_the_sound_and_shuts_the_mouth(self, server, visitor, asterisk_prompts):
        visitor.open(server.url)
        visitor.start()
        visitor.write("What time does the museum open?")
        began = visitor.interrupt(asterisk_prompts[INTERRUPTION])
        visitor.page.locator(".captions li.theirs.interrupted").wait_for()
        flushed = [mark["time"] for mark in visitor.snapshot(began)["marks"] if mark["kind"] == "flush"]
        assert len(flushed) == 1
        visitor.until(lambda: len(visitor.snapshot(flushed[0] + 60)["sounded"]) >= 5)
        measured = visitor.snapshot(began)
        after = [row for row in measured["sounded"] if row["time"] > flushed[0] + 60]
        assert max(row["rms"] for row in after[:5]) < 0.005
        shut = [
            row["jawOpen"] for row in measured["drawn"] if flushed[0] + 100 < row["time"] < flushed[0] + 400
        ]
        assert shut and max(shut) < 0.05

    def test_a_written_turn_is_answered_aloud_without_any_microphone(self, server, visitor, errors):
        visitor.open(server.url)
        visitor.start(typing=True)
        visitor.write("How much is a ticket?")
        visitor.answered()
        assert "ten dollars" in visitor.captions("theirs").last.inner_text()
        assert max(row["rms"] for row in visitor.snapshot()["sounded"]) > 0.02
        assert errors == []

    def test_the_face_moves_while_it_listens_and_its_mouth_while_it_speaks(self, server, visitor, question):
        visitor.open(server.url)
        visitor.start()
        visitor.speak(question)
        visitor.floor("user")
        listening = [visitor.face() for _ in range(4)]
        visitor.captions("theirs").first.wait_for(timeout=60_000)
        visitor.floor("nobody")
        visitor.write("What time does the museum open?")
        visitor.floor("agent")
        speaking = [visitor.face() for _ in range(4)]
        assert max(moved(listening[0], later) for later in listening[1:]) > 0.004
        assert max(moved(speaking[0], later) for later in speaking[1:]) > 0.004
        assert max(row["jawOpen"] for row in visitor.snapshot()["drawn"]) > 0.1

    def test_reduced_motion_calms_the_head_and_leaves_the_lips(self, browser, server):
        heads: dict[str, float] = {}
        for wish in ("no-preference", "reduce"):
            with browser.new_page(viewport={"width": 1280, "height": 800}, reduced_motion=wish) as page:
                visitor = Visitor(page)
                visitor.open(server.url)
                visitor.start(typing=True)
                page.wait_for_timeout(2000)  # until the resolution is adapted to the machine
                pictures = [visitor.face() for _ in range(10)]
                heads[wish] = float(np.median([moved(a, b) for a, b in pairwise(pictures)]))
                if wish == "reduce":
                    visitor.write("What time does the museum open?")
                    visitor.answered()
                    assert max(row["jawOpen"] for row in visitor.snapshot()["drawn"]) > 0.1
        assert heads["reduce"] < 0.7 * heads["no-preference"]

    def test_a_still_face_stands_still(self, server, visitor):
        visitor.open(server.url)
        visitor.start(typing=True)
        visitor.page.get_by_role("button", name="Settings").click()
        dial = visitor.page.get_by_label("Liveliness")
        dial.focus()
        dial.press("Home")
        visitor.page.keyboard.press("Escape")
        visitor.page.wait_for_timeout(800)
        pictures = [visitor.face() for _ in range(8)]
        # One pair may differ, where the resolution was just adapted to the machine.
        assert np.median([moved(a, b) for a, b in pairwise(pictures)]) < 0.0005


class TestConnection:
    def test_the_conversation_goes_on_after_the_server_was_restarted(self, browser):
        with served() as own, browser.new_page() as page:
            visitor = Visitor(page)
            visitor.open(own.url)
            visitor.start(typing=True)
            visitor.write("What time does the museum open?")
            visitor.answered()
            own.stop()
            visitor.page.locator(".page[data-phase=reconnecting]").wait_for(timeout=20_000)
            first = visitor.snapshot()["counts"]["drawn"]
            visitor.page.wait_for_timeout(1000)
            assert visitor.snapshot()["counts"]["drawn"] > first, "the face goes on meanwhile"
            own.start()
            visitor.page.locator(".page[data-phase=open]").wait_for(timeout=40_000)
            assert httpx.get(f"{own.url}v1/health").json()["counts"]["resumed_from_history"] == 1
            assert visitor.captions("mine").first.inner_text() == "What time does the museum open?"
            visitor.write("How much is a ticket?")
            visitor.answered()
            assert "ten" in visitor.captions("theirs").last.inner_text()

    def test_a_dropped_network_is_bridged_with_the_same_conversation(self, browser, server):
        with bad_network(server.port, share=0, delay=0) as network, browser.new_page() as page:
            visitor = Visitor(page)
            visitor.open(f"http://127.0.0.1:{network.listen}/")
            visitor.start(typing=True)
            visitor.write("What time does the museum open?")
            visitor.answered()
            network.drop()
            visitor.until(lambda: visitor.snapshot()["counts"]["reconnects"] == 1, 20)
            visitor.page.locator(".page[data-phase=open]").wait_for(timeout=20_000)
            assert httpx.get(f"{server.url}v1/health").json()["counts"]["resumed_from_memory"] >= 1
            visitor.write("How much is a ticket?")
            visitor.answered()
            assert visitor.captions("mine").count() == 2

    def test_the_face_goes_on_over_a_network_that_delays_packets(self, browser, server):
        """5 % of the server's packets come 300 ms late, in order: sound may have gaps, the face has none."""
        with bad_network(server.port, share=0.05, delay=0.3, seed=4) as network, browser.new_page() as page:
            visitor = Visitor(page)
            visitor.open(f"http://127.0.0.1:{network.listen}/")
            visitor.start(typing=True)
            visitor.write("What time does the museum open?")
            visitor.answered()
            measured = visitor.snapshot()
        assert network.delayed > 3
        assert measured["counts"]["framesReceived"] > 50
        runs = groupby(measured["drawn"][1:], key=lambda row: row["moved"] < 1e-6)
        still = [[row["time"] for row in run] for unmoved, run in runs if unmoved]
        assert max((times[-1] - times[0] for times in still), default=0) <= 120

    def test_a_full_server_says_so_and_lets_the_visitor_in_once_there_is_room(self, browser):
        with (
            served("gateway.max_sessions=1") as own,
            browser.new_page() as one,
            browser.new_page() as other,
        ):
            first, second = Visitor(one), Visitor(other)
            first.open(own.url)
            first.start(typing=True)
            second.open(own.url)
            second.page.get_by_role("radio", name="Writing only").check()
            second.page.get_by_role("button", name="Start writing").click()
            second.banner().wait_for(timeout=20_000)
            assert (
                "taken" in second.banner().inner_text().lower()
                or "full" in second.banner().inner_text().lower()
            )
            first.page.get_by_role("button", name="End the conversation").click()
            second.page.locator(".page[data-phase=open]").wait_for(timeout=40_000)

    def test_a_server_that_isnt_there_is_said_in_words(self, server, visitor):
        visitor.page.route("**/v1/options", lambda route: route.abort())
        visitor.page.goto(server.url)
        visitor.page.get_by_text(re.compile("The server doesn.t answer")).wait_for(timeout=20_000)


class TestOwnHeads:
    """Files that a person drops on the page."""

    def choose(self, visitor: Visitor, path: Path) -> None:
        visitor.page.locator("input[type=file]").set_input_files(path)

    def with_names(self, source: Path, path: Path, rename: Callable[[int, str], str]) -> Path:
        """A copy of a head whose morph targets are called differently."""
        document, binary = split(source.read_bytes(), source.name)
        for mesh in document["meshes"]:
            names = mesh.get("extras", {}).get("targetNames")
            if names:
                mesh["extras"]["targetNames"] = [rename(index, name) for index, name in enumerate(names)]
        path.write_bytes(container(document, binary))
        return path

    def test_a_head_with_other_spellings_is_taken(self, server, visitor, tmp_path):
        spelt = self.with_names(
            head_path("noor"),
            tmp_path / "spelt.glb",
            lambda _, name: name.replace("Left", "_L").replace("Right", "_R"),
        )
        visitor.open(server.url)
        before = visitor.face()
        self.choose(visitor, spelt)
        visitor.page.get_by_text("spelt.glb").wait_for(timeout=20_000)
        visitor.page.wait_for_timeout(1000)
        assert visitor.banner().count() == 0
        assert moved(before, visitor.face()) > 0.15

    @pytest.mark.parametrize("kind", ["none", "not glTF", "wrong count"])
    def test_what_is_no_head_is_refused_in_words_and_the_old_one_stays(self, server, visitor, tmp_path, kind):
        path = tmp_path / "mine.glb"
        if kind == "not glTF":
            path.write_bytes(b"a text that calls itself a head" * 10)
        elif kind == "none":
            self.with_names(head_path("mira"), path, lambda index, _: f"target{index}")
        else:
            document, binary = split(head_path("mira").read_bytes(), "mira.glb")
            for mesh in document["meshes"]:
                if "targetNames" in mesh.get("extras", {}):
                    mesh["extras"]["targetNames"].pop()
            path.write_bytes(container(document, binary))
        visitor.open(server.url)
        self.choose(visitor, path)
        visitor.banner().wait_for(timeout=20_000)
        assert "mine.glb" in visitor.banner().inner_text()
        drawn = visitor.snapshot()["counts"]["drawn"]
        visitor.until(lambda: visitor.snapshot()["counts"]["drawn"] > drawn + 3)

    def test_a_head_with_half_the_shapes_is_shown_with_what_it_lacks(self, server, visitor, tmp_path):
        half = self.with_names(
            head_path("mira"), tmp_path / "half.glb", lambda index, name: name if index < 26 else f"x{index}"
        )
        visitor.open(server.url)
        self.choose(visitor, half)
        lacking = (
            visitor.page.locator(".banner[role=status]").filter(has_text="half.glb").filter(has_text="26")
        )
        lacking.wait_for(timeout=20_000)


def test_the_heads_of_the_page_are_those_of_the_library(server: PageServer):
    for name in ("mira", "noor"):
        answer = httpx.get(f"{server.url}heads/{name}.glb")
        assert answer.content == head_path(name).read_bytes()
        assert len(read_head(head_path(name)).target_names) == 52

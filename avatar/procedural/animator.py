"""The procedural animator: parts that each do one thing, stepped together for one face or a bank of slots."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from avatar.animator import FloatArray
from avatar.config import AnimatorConfig
from avatar.inputs import motion_frame, sound_frame
from avatar.motion import COLUMNS, clip
from avatar.procedural.attention import ATTENTION, LISTENER_BLINK, SPEAKER_BLINK
from avatar.procedural.blinks import Activity
from avatar.procedural.expression import Expression
from avatar.procedural.head import Nods, SpeakingHead
from avatar.procedural.idle import IdleLife
from avatar.procedural.listening import Listening
from avatar.procedural.mimicry import Mimicry
from avatar.procedural.mouth import Mouth
from avatar.procedural.prosody import Prosody, ProsodyTracker
from avatar.slots import check_count, check_slot, check_step


class ProceduralFace:
    """One agent's face, streaming; the state of one conversation."""

    def __init__(self, config: AnimatorConfig, seed: int) -> None:
        source = np.random.SeedSequence([config.seed, seed])
        life, nods, head, listening, expression = source.spawn(5)
        self._intensity = config.intensity
        self._own = ProsodyTracker()
        self._user = ProsodyTracker()
        self._mouth = Mouth(config.articulation)
        self._life = IdleLife(life)
        self._nods = Nods(np.random.default_rng(nods))
        self._head = SpeakingHead(np.random.default_rng(head))
        self._listening = Listening(np.random.default_rng(listening))
        self._expression = Expression(np.random.default_rng(expression))
        self._mimicry = Mimicry(config.mimicry)

    def step(
        self,
        agent_pcm: FloatArray,
        user_pcm: FloatArray,
        user_motion: FloatArray | None = None,
        agent_ahead: FloatArray | None = None,
    ) -> FloatArray:
        """Advance one frame: two float32 (640,) sounds, -1..1, and the user's float32 (61,) motion if known.

        What the agent says next (``agent_ahead``) makes no difference here.
        Returns the agent's motion, float32 (61,). Raises ``MotionError`` on wrong shapes or non-finite input,
        before any state has changed.
        """
        agent_pcm, user_pcm = sound_frame(agent_pcm, "agent"), sound_frame(user_pcm, "user")
        user_motion = motion_frame(user_motion)
        own, user = self._own.step(agent_pcm), self._user.step(user_pcm)
        activity = _activity(own, user)
        smile, mirrored_pitch = self._mimicry.step(user_motion)
        self._react(user, own, activity)
        head = self._head.step(own)
        head[1] += self._nods.step() + mirrored_pitch
        motion = self._life.advance(activity, self._intensity * head)
        motion += self._mouth.step(agent_pcm, own)
        smile, brow = self._expression.step(own, smile)
        self._expression.write(motion, self._intensity * smile, self._intensity * brow)
        return clip(motion)

    def _react(self, user: Prosody, own: Prosody, activity: Activity) -> None:
        reaction = self._listening.step(user, attending=activity is Activity.LISTENING)
        if reaction.nod:
            self._nods.start(reaction.nod)
        if reaction.smile:
            self._expression.smile(reaction.smile)
        if reaction.brow:
            self._expression.raise_brows(reaction.brow)
        if user.phrase_ended and activity is Activity.LISTENING:
            self._life.blinks.answer(*LISTENER_BLINK)
        if own.phrase_ended:
            self._life.blinks.answer(*SPEAKER_BLINK)


def _activity(own: Prosody, user: Prosody) -> Activity:
    if own.speaking:
        return Activity.SPEAKING
    return Activity.LISTENING if user.silence < ATTENTION else Activity.IDLE


class ProceduralSlots:
    """A fixed number of faces stepped together; each is exactly what a single stream of its seed would be."""

    look_ahead = 0

    def __init__(self, config: AnimatorConfig, slots: int) -> None:
        check_count(slots)
        self.slots = slots
        self._config = config
        self._faces = [ProceduralFace(config, seed) for seed in range(slots)]

    def reset(self, slot: int, seed: int) -> None:
        """Clear one slot for a newcomer without touching the others; raises ``MotionError`` for a slot not
        there.
        """
        check_slot(slot, self.slots)
        self._faces[slot] = ProceduralFace(self._config, seed)

    def step(
        self,
        mask: NDArray[np.bool_],
        agent_pcm: FloatArray,
        user_pcm: FloatArray,
        user_motion: FloatArray | None = None,
        agent_ahead: FloatArray | None = None,
    ) -> FloatArray:
        """Advance the slots where ``mask`` (slots,) is true; others keep their state and return zeros.

        Sounds are (slots, 640); ``user_motion`` is (slots, 61), a row of NaN meaning unknown. Returns (slots,
        61). Raises ``MotionError`` on wrong shapes, and on non-finite input of a running slot before any
        state has changed.
        """
        check_step(self.slots, self.look_ahead, mask, agent_pcm, user_pcm, user_motion, agent_ahead)
        running = np.flatnonzero(mask)
        inputs = []
        for slot in running:
            unknown = user_motion is None or bool(np.isnan(user_motion[slot]).all())
            theirs = None if user_motion is None or unknown else motion_frame(user_motion[slot])
            inputs.append(
                (sound_frame(agent_pcm[slot], "agent"), sound_frame(user_pcm[slot], "user"), theirs)
            )
        motion = np.zeros((self.slots, COLUMNS), dtype=np.float32)
        for slot, (agent, user, theirs) in zip(running, inputs, strict=True):
            motion[slot] = self._faces[slot].step(agent, user, theirs)
        return motion


class ProceduralAnimator:
    """Animates any number of faces by rule; no weights, no downloads."""

    name = "procedural"
    look_ahead = 0

    def __init__(self, config: AnimatorConfig | None = None) -> None:
        self.config = config or AnimatorConfig(name="procedural")

    @contextmanager
    def stream(self, seed: int = 0) -> Iterator[ProceduralFace]:
        """Open one face; the same seed and input give the same motion."""
        yield ProceduralFace(self.config, seed)

    @contextmanager
    def open_slots(self, slots: int) -> Iterator[ProceduralSlots]:
        """Open a bank of slots for serving many sessions with one call a tick; slot n starts with seed n."""
        yield ProceduralSlots(self.config, slots)

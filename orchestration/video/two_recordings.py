"""Two sound files and the motion made from them as a film."""

from __future__ import annotations

from pathlib import Path

from avatar.gltf import HeadModel
from avatar.video.film import Film, Side
from orchestration.media import AGENT_SAMPLE_RATE, USER_SAMPLE_RATE, FloatArray
from orchestration.video.colours import AGENT, USER
from orchestration.video.floor import floor_of_sound
from orchestration.video.folder import Cast
from speech.audio import load_audio, resample


def film_of(
    recordings: tuple[Path, Path],
    motion: FloatArray,
    user_motion: FloatArray | None,
    heads: tuple[HeadModel, HeadModel | None],
    cast: Cast,
) -> Film:
    """The film of two recordings (agent's, user's) with motion (T, 61) of the agent and perhaps the user.

    Nobody knows the words, so there are no captions; the floor is taken from who is heard. Raises what
    ``load_audio`` raises.
    """
    agent_pcm, user_pcm = (load_audio(path, AGENT_SAMPLE_RATE) for path in recordings)
    floor = floor_of_sound(
        resample(user_pcm, AGENT_SAMPLE_RATE, USER_SAMPLE_RATE),
        resample(agent_pcm, AGENT_SAMPLE_RATE, USER_SAMPLE_RATE),
        cast.user,
        cast.agent,
    )
    return Film(
        user=Side(
            cast.user,
            USER,
            user_pcm,
            AGENT_SAMPLE_RATE,
            head=None if user_motion is None else heads[1],
            motion=user_motion,
        ),
        agent=Side(cast.agent, AGENT, agent_pcm, AGENT_SAMPLE_RATE, head=heads[0], motion=motion),
        floor=floor,
    )

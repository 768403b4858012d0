"""The face of one who speaks, from phones and sound: the mouth by coarticulation, brows and head by
prosody.
"""

from avatar.training.dyads.speaking.motion import speaking_motion

__all__ = ["speaking_motion"]

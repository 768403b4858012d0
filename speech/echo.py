"""How much of what a microphone hears is the loudspeaker: the agent's own voice, coming back.

The sound that was sent is the reference. Where in the last second the microphone's sound fits it best is
found by cross-correlation; there, a short filter (room, loudspeaker) is fitted by least squares. What the
filter can't explain belongs to somebody else: so a person who talks over the echo still comes through.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import scipy.linalg
import scipy.signal
from numpy.typing import NDArray

from speech.audio import FRAME_SAMPLES, SAMPLE_RATE

LONGEST_DELAY: Final = (
    0.9  # seconds from a sound's being sent to its coming back, buffers on the way included
)
_STEP: Final = 2  # 8 kHz is enough: it is voices that are compared
_RATE: Final = SAMPLE_RATE // _STEP
_FRAME: Final = FRAME_SAMPLES // _STEP
_FITTED: Final = 6 * _FRAME  # samples of the microphone that are compared, .24 s
_JUDGED: Final = 2 * _FRAME  # the latest of them, of which it is told how much is explained
_DELAYS: Final = round(LONGEST_DELAY * _RATE)
_TAPS: Final = 48  # of the filter, 6 ms
_BEFORE: Final = 12  # of them before the best delay
_TRANSFORM: Final = 9_216  # points; the whole reference fits
_THINNING: Final = scipy.signal.butter(2, (60, 3_600), "bandpass", fs=SAMPLE_RATE)
_QUIET: Final = 1e-9  # mean power, -90 dBFS, below which there is nothing to explain
_LOADING: Final = 1e-3  # of the reference's power, so that the fit stays sane where it has none


class EchoMeter:
    """Follows what was sent and what is heard, frame by frame, and tells how alike they are.

    No look-ahead. The comparing is done when it is asked for, and not at all in silence.
    """

    def __init__(self) -> None:
        self._reference = np.zeros(_DELAYS + _FITTED + _BEFORE + _TAPS, np.float64)
        self._heard = np.zeros(_FITTED, np.float64)
        self._sent_state = np.zeros(len(_THINNING[0]) - 1)
        self._heard_state = np.zeros(len(_THINNING[0]) - 1)

    def sent(self, pcm: NDArray[np.float32]) -> None:
        """The agent's next frame (640,) at 16 kHz went out."""
        frame, self._sent_state = _thinned(pcm, self._sent_state)
        self._reference = np.concatenate((self._reference[_FRAME:], frame))

    def heard(self, pcm: NDArray[np.float32]) -> None:
        """The microphone's next frame (640,) at 16 kHz came."""
        frame, self._heard_state = _thinned(pcm, self._heard_state)
        self._heard = np.concatenate((self._heard[_FRAME:], frame))

    def share(self) -> float:
        """How much, 0..1, of the latest 80 ms of the microphone is echo."""
        latest = self._heard[-_JUDGED:]
        if np.mean(latest**2) < _QUIET or np.mean(self._reference**2) < _QUIET:
            return 0.0
        begin = self._best_begin()
        return 0.0 if begin is None else self._explained(begin)

    def _best_begin(self) -> int | None:
        """Where in the reference the piece that was heard begins; None if it has no sound there."""
        flat_heard = _whitened(self._heard)
        flat_sent = _whitened(self._reference)
        product = np.fft.rfft(flat_sent, _TRANSFORM) * np.conj(np.fft.rfft(flat_heard, _TRANSFORM))
        match = np.abs(np.fft.irfft(product, _TRANSFORM)[_BEFORE + _TAPS : _DELAYS + _BEFORE + _TAPS])
        best = int(match.argmax())
        return best + _BEFORE + _TAPS if match[best] > 0 else None

    def _explained(self, begin: int) -> float:
        late = begin + _BEFORE  # of the tap without delay; the filter looks back from here
        sent = self._reference[late - _TAPS + 1 : late + _FITTED]
        if len(sent) < _FITTED + _TAPS - 1:
            sent = np.pad(sent, (0, _FITTED + _TAPS - 1 - len(sent)))
        taps = _gram(sent)
        taps[np.diag_indices(_TAPS)] += _LOADING * taps.trace() / _TAPS + _QUIET
        fit = np.correlate(sent, self._heard, "valid")
        filter_ = scipy.linalg.solve(taps, fit, assume_a="pos", check_finite=False)
        latest = self._heard[-_JUDGED:]
        rest = latest - np.correlate(sent[-(_JUDGED + _TAPS - 1) :], filter_, "valid")
        return float(np.clip(1 - np.sum(rest**2) / np.sum(latest**2), 0, 1))


def _gram(sent: NDArray[np.float64]) -> NDArray[np.float64]:
    """Products of ``sent`` with itself at all pairs of taps, row by row from the row before."""
    gram = np.empty((_TAPS, _TAPS))
    gram[0] = np.correlate(sent, sent[:_FITTED], "valid")
    first, after = sent[: _TAPS - 1], sent[_FITTED : _FITTED + _TAPS - 1]
    change = np.outer(after, after) - np.outer(first, first)
    for row in range(1, _TAPS):
        gram[row, 0] = gram[0, row]
        gram[row, 1:] = gram[row - 1, :-1] + change[row - 1]
    return gram


def _whitened(sound: NDArray[np.float64]) -> NDArray[np.float64]:
    """Without the slope of a voice's spectrum, whose periods would fit everywhere."""
    return np.append(0.0, np.diff(sound))


def _thinned(
    pcm: NDArray[np.float32], state: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    sound, state = scipy.signal.lfilter(*_THINNING, pcm.astype(np.float64), zi=state)
    return sound[::_STEP], state

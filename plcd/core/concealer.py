"""The concealer as a streaming object: packets or losses in, continuous audio out."""

import numpy as np
from numpy.typing import NDArray

from plcd.core.ensemble import BEST, Ensemble
from plcd.core.frame import Hole, Samples
from plcd.core.hole_filler import HoleFiller
from plcd.core.innovation import MAX_NOISE
from plcd.core.predictor import Predictor
from plcd.core.presence import run_end
from plcd.core.refined import RefinerCounters
from plcd.core.refiner import Refiner, own_predictor


class Concealer:
    """Conceals lost packets of one stream.

    ::

        concealer = Concealer(rate=44_100)
        for packet in packets:              # (512,) or (512, channels) float32, None where one was lost
            play(concealer.push(packet))
        play(concealer.flush())

    ``rate`` in Hz, ``packet`` in samples. ``predictor`` as in :meth:`Ensemble.parse`; None: what the network was trained on,
    without one ``best``. ``refiner``: a network, see :func:`plcd.load_model`. With ``lookahead`` N the output lags by
    N packets, and a hole is closed from both sides where one of the N packets after it arrived. ``noise`` scales the sampled
    innovation that keeps up the energy in holes; 0: prediction alone, nearest in waveform and duller. Samples that
    were pushed come out unchanged, but for a crossfade of 2.9 ms after a hole that was extrapolated.

    A ``patient`` concealer makes all fits when a packet is lost, 6 ms a channel for the default predictor; the result
    depends on the input alone. Live, say ``patient=False`` and call :meth:`prepare` between packets until it has nothing
    left to do: a loss then costs 0.8 ms where the fits are made, else a fit of the first predictor more (2 ms).
    Not thread-safe; memory is bounded.

    Raises ValueError for arguments out of range.
    """

    def __init__(
        self,
        rate: int,
        channels: int = 1,
        packet: int = 512,
        predictor: str | Predictor | Ensemble | None = None,
        lookahead: int = 0,
        refiner: Refiner | None = None,
        noise: float = 1.0,
        patient: bool = True,
    ) -> None:
        for name, value, limit in (
            ("rate", rate, 768_000),
            ("channels", channels, 1024),
            ("packet", packet, 65_536),
        ):
            if not 1 <= value <= limit:
                raise ValueError(f"{name} must lie in 1..{limit}, not {value}")
        if not 0.0 <= noise <= MAX_NOISE:
            raise ValueError(f"noise must lie in 0..{MAX_NOISE:g}, not {noise:g}")
        if not 0 <= lookahead <= 64:
            raise ValueError(f"lookahead must lie in 0..64 packets, not {lookahead}")
        self.rate = rate
        self.channels = channels
        self.packet = packet
        self.lookahead = lookahead
        self.refused = None if refiner is None else refiner.refuses(rate)
        """Why the network does not work here, and the predictor alone conceals; None where it does, or where there is none."""
        self.holes: list[Hole] = []
        """The holes in the audio that the last call returned."""
        network = None if self.refused else refiner
        ensemble = (own_predictor(network) or BEST) if predictor is None else Ensemble.of(predictor)
        self._filler = HoleFiller(rate, channels, ensemble, packet, network, noise, patient)
        self._samples = np.zeros((0, channels), dtype=np.float32)
        self._present = np.zeros(0, dtype=np.bool_)
        self._lengths: list[int] = []

    def push(self, packet: NDArray[np.floating] | None) -> Samples:
        """Take the next packet, ``(n, channels)`` or ``(n,)`` with 1 <= n <= ``packet``, or None for a lost one.

        Returns the audio that is now due, ``(n, channels)``: nothing in the first ``lookahead`` calls. Raises ValueError
        for another shape, and for NaN or infinity; the packet then counts as not pushed.
        """
        if packet is None:
            return self.push_lost(self.packet)
        with np.errstate(over="ignore"):  # becomes infinity, which is told below
            samples = np.asarray(packet, dtype=np.float32)
        if samples.ndim == 1:
            samples = samples[:, None]
        if samples.ndim != 2 or samples.shape[1] != self.channels or not 1 <= samples.shape[0] <= self.packet:
            raise ValueError(
                f"a packet has shape (1..{self.packet}, {self.channels}), not {'x'.join(map(str, np.shape(packet)))}"
            )
        if not np.isfinite(samples).all():
            raise ValueError("a packet holds NaN or infinity")
        return self._take(samples, True)

    def push_lost(self, samples: int) -> Samples:
        """Like ``push(None)`` for a lost packet of another length than usual (the last one of a file)."""
        if not 1 <= samples <= self.packet:
            raise ValueError(f"a lost packet has 1..{self.packet} samples, not {samples}")
        return self._take(np.zeros((samples, self.channels), dtype=np.float32), False)

    def prepare(self) -> bool:
        """Make ahead one of the fits that a loss would need; False when there is none left to make.

        For live use with ``patient=False``: call it between packets as often as there is time. Without lookahead any packet may
        be lost, and all that the loss of the next one would need is made. With lookahead a loss is known before it is played,
        and its fits are made then; those by which predictors are compared, one window (11.6 ms or one packet) before it, are made
        for each packet only where the lookahead is no longer than that window.
        """
        return any(self._filler.prepare(self._samples[:after]) for after in self._worth_fitting())

    def run_ahead(self, whole: bool = True) -> bool:
        """Prepare the concealment of the next packet, and then try the network, one step a call; False when all is done.

        Not ``whole``: only what the network can do with what was played, without a prediction. For live use, behind
        :meth:`prepare`. What is played does not depend on it where every trial is done before the next loss.
        """
        step = None if self._lengths else self._filler.next_step(lost=True, run_ahead=whole)
        return step is not None and self._filler.do(step)

    @property
    def predictor(self) -> Ensemble:
        """What predicts."""
        return self._filler.opener.predictor

    @property
    def refinements(self) -> RefinerCounters:
        """What became of the blocks shown to the network."""
        return self._filler.opener.refinements

    def flush(self) -> Samples:
        """The audio still held back by the lookahead. The stream may go on afterwards."""
        return self._give(len(self._lengths))

    def _worth_fitting(self) -> list[int]:
        """How many of the samples held back, all received, lie before each place at which fits will or may be needed."""
        known, window = self._present.size, self._filler.window
        received = run_end(self._present, 0, known) if known and self._present[0] else 0
        compared = (
            len(self._filler.opener.predictor.members) > 1 or self._filler.opener.trials.gate is not None
        )
        if received < known or not known:
            return [
                place
                for place in (received, received - window)
                if place == received or (compared and place >= 0)
            ]
        return [0] if compared and known <= window else []

    def _take(self, samples: Samples, present: bool) -> Samples:
        self._samples = np.concatenate((self._samples, samples))
        self._present = np.concatenate((self._present, np.full(samples.shape[0], present)))
        self._lengths.append(samples.shape[0])
        return self._give(len(self._lengths) - self.lookahead)

    def _give(self, packets: int) -> Samples:
        """Fill and return the oldest ``packets`` packets."""
        self.holes = []
        parts = [np.zeros((0, self.channels), dtype=np.float32)]
        start = 0
        for _ in range(packets):
            frames = self._lengths.pop(0)
            audio, holes = self._filler.fill(self._samples, self._present, frames)
            self.holes += [Hole(start + hole.start, hole.length, hole.origin) for hole in holes]
            parts.append(audio)
            start += frames
            self._samples = self._samples[frames:]
            self._present = self._present[frames:]
        return np.concatenate(parts)

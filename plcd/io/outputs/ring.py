"""The ring of samples between the engine thread and the audio callback."""

import numpy as np

from plcd.core.frame import Samples
from plcd.io.outputs import ring_memory as memory

LARGEST_HOST_BUFFER = 8192
"""Samples the memory can always hold: the largest buffer that JACK allows (a few hundred kB at most)."""


class Ring:
    """One producer, one consumer, no lock: float32 samples, interleaved, at most two periods of them.

    Some hosts have buffers longer than a period and call several times at once for each. Then two of *their* periods
    would be too much and two of ours too little: the ring is filled up to one such burst instead.

    ``write``, ``room`` and ``end`` are the producer's; ``take`` is the consumer's; the counters may be read by anyone.
    """

    def __init__(self, period: int, channels: int, wake: int = -1) -> None:
        """``period`` in samples; ``wake`` is a non-blocking file descriptor that each callback writes 8 bytes to, or -1."""
        self._period = period
        self._channels = channels
        capacity = max(2, -(-LARGEST_HOST_BUFFER // period)) * period
        self._samples = np.zeros((capacity, channels), np.float32)
        words = np.zeros(memory.WORDS + memory.LINE, np.int64)
        skip = -(words.ctypes.data // memory.WORD) % memory.LINE
        self._words = words[skip : skip + memory.WORDS]
        self._words[memory.DATA] = self._samples.ctypes.data
        self._words[memory.CAPACITY] = capacity
        self._words[memory.FRAME_BYTES] = 4 * channels
        self._words[memory.WAKE] = wake
        self._words[memory.ONE] = 1
        self.address: int = self._words.ctypes.data
        """Where the control block lies; valid as long as this object lives."""
        self.write(self._samples[:0])  # this and the next two compile what the engine thread will call
        memory.store_word(self.address, memory.QUIET, 0)
        self.room()

    def write(self, audio: Samples) -> bool:
        """Put in ``audio``, shape (samples, channels). False, and nothing is done, if the memory cannot hold it."""
        if audio.ndim != 2 or audio.shape[1] != self._channels:
            raise ValueError(f"audio of shape {audio.shape} into a ring of {self._channels} channels")
        block = np.ascontiguousarray(audio, np.float32)
        return memory.put(self.address, block.ctypes.data, len(block))

    def room(self) -> int:
        """Samples that may be written before the ring is as full as it should be."""
        return self.limit - self.held

    def end(self) -> None:
        """No more will be written: finding nothing is no underrun from now on."""
        memory.store_word(self.address, memory.QUIET, 1)

    def take(self, target: int, samples: int, moment: int) -> int:
        """What the callback does, for a consumer in Python; see ``ring_memory.take``."""
        return memory.take(self.address, target, samples, moment)

    @property
    def held(self) -> int:
        """Samples written and not yet taken."""
        taken = memory.load_word(self.address, memory.TAKEN)
        return memory.load_word(self.address, memory.WRITTEN) - taken

    @property
    def limit(self) -> int:
        """Samples the ring is filled up to: two periods, or as many as the host asks for at once."""
        burst = memory.load_word(self.address, memory.LONGEST_BURST)
        most = len(self._samples) // self._period
        return max(2, min(burst, most)) * self._period

    @property
    def callbacks(self) -> int:
        """How often the device has called."""
        return memory.load_word(self.address, memory.CALLBACKS)

    @property
    def asked(self) -> int:
        """Samples the device has asked for: its clock."""
        return memory.load_word(self.address, memory.ASKED)

    @property
    def underruns(self) -> int:
        """Callbacks that found less than they asked for."""
        return memory.load_word(self.address, memory.UNDERRUNS)

    @property
    def host_underruns(self) -> int:
        """Callbacks told by the host that its own buffer had run dry."""
        return memory.load_word(self.address, memory.HOST_UNDERRUNS)

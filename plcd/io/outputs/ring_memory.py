"""The ring's memory and the machine code that moves samples through it.

One block of 64-bit words, the *control block*, says where the samples lie and how far each side has come.
The producer (engine thread) alone moves ``WRITTEN``, the consumer (audio callback) alone moves ``TAKEN``; both only
grow, counted in samples per channel, and what lies between them is in the ring. Each side reads the other's word
with acquire and moves its own with release, after the copy: so a side that sees an index also sees, on processors
that reorder memory (ARM), the samples it stands for. Each side has a cache line of its own.

Everything here takes addresses, so one compiled function serves any ring and can be cached on disk. It all stays in
one module because numba's cache looks at the age of this file only, not at the callees'.
"""

from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from plcd.core.jit import kernel

WORD = 8
LINE = 16
"""Words apart that the sides are kept: 128 bytes, the cache line of Apple's processors and the pair x86 prefetches."""

DATA, CAPACITY, FRAME_BYTES, WAKE, ONE = range(5)
"""Set once: address of the samples, samples it holds, bytes per sample of all channels, file descriptor to post on
(-1: none), and the number one to be written there."""

WRITTEN, QUIET = range(LINE, LINE + 2)
"""The producer's: samples put in; 1 once the producer has ended and finding nothing is no underrun."""

TAKEN, ASKED, CALLBACKS, UNDERRUNS, HOST_UNDERRUNS, MOMENT, BURST, LONGEST_BURST = range(
    2 * LINE, 2 * LINE + 8
)
"""The consumer's: samples taken out; samples the device asked for (its clock); callbacks; those that found too little;
those told by the host that it had run dry; the host's time at the last callback, how many callbacks there
were at that same time, and the most there ever were."""

WORDS = 3 * LINE

HOST_RAN_DRY = 4
"""PortAudio's ``paOutputUnderflow``."""

_word = ir.IntType(64)
_byte = ir.IntType(8)
_emit_memcpy = cast(Callable[..., None], cgutils.raw_memcpy)
_emit_memset = cast(Callable[..., None], cgutils.memset)


def _emit_load(_: Any, address: Any) -> Any:
    def emit(_context: Any, builder: Any, _signature: Any, args: Sequence[Any]) -> Any:
        return builder.load_atomic(builder.inttoptr(args[0], _word.as_pointer()), "acquire", WORD)

    return types.int64(types.int64), emit


def _emit_store(_: Any, address: Any, value: Any) -> Any:
    def emit(context: Any, builder: Any, _signature: Any, args: Sequence[Any]) -> Any:
        builder.store_atomic(args[1], builder.inttoptr(args[0], _word.as_pointer()), "release", WORD)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64), emit


def _emit_copy(_: Any, target: Any, source: Any, count: Any) -> Any:
    def emit(context: Any, builder: Any, _signature: Any, args: Sequence[Any]) -> Any:
        to, origin = (builder.inttoptr(arg, _byte.as_pointer()) for arg in args[:2])
        _emit_memcpy(builder, to, origin, args[2], 1)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.int64), emit


def _emit_clear(_: Any, target: Any, count: Any) -> Any:
    def emit(context: Any, builder: Any, _signature: Any, args: Sequence[Any]) -> Any:
        _emit_memset(builder, builder.inttoptr(args[0], _byte.as_pointer()), args[1], 0)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64), emit


_load = cast(Callable[[int], int], intrinsic(_emit_load))
_store = cast(Callable[[int, int], None], intrinsic(_emit_store))
_copy_bytes = cast(Callable[[int, int, int], None], intrinsic(_emit_copy))
_clear_bytes = cast(Callable[[int, int], None], intrinsic(_emit_clear))
_system_write = cast(
    Callable[[int, int, int], int],
    types.ExternalFunction("write", types.intp(types.intc, types.intp, types.uintp)),
)
_int64 = cast(Callable[[int], int], np.int64)


@kernel
def load_word(control: int, word: int) -> int:
    """Word number ``word`` of the control block at address ``control`` (acquire)."""
    return _load(control + word * WORD)


@kernel
def store_word(control: int, word: int, value: int) -> None:
    """Set word number ``word`` (release). Only the side that owns the word may."""
    _store(control + word * WORD, value)


@kernel
def put(control: int, source: int, samples: int) -> bool:
    """Producer: copy ``samples`` interleaved samples from address ``source``. False, and nothing done, if they do not fit."""
    written = load_word(control, WRITTEN)
    capacity = load_word(control, CAPACITY)
    if samples > capacity - (written - load_word(control, TAKEN)):
        return False
    data = load_word(control, DATA)
    size = load_word(control, FRAME_BYTES)
    at = written % capacity
    first = min(samples, capacity - at)
    _copy_bytes(data + at * size, source, first * size)
    _copy_bytes(data, source + first * size, (samples - first) * size)
    store_word(control, WRITTEN, written + samples)
    return True


@kernel
def take(control: int, target: int, samples: int, moment: int) -> int:
    """Consumer: copy up to ``samples`` to address ``target``, zeros for the rest; how many there were.

    ``moment`` is the host's time in any unit: callbacks of the same moment serve one buffer of the host; 0 if
    unknown. Finding
    less than asked is an underrun, except before the first ``put`` and after ``QUIET``.
    """
    taken = load_word(control, TAKEN)
    written = load_word(control, WRITTEN)
    capacity = load_word(control, CAPACITY)
    data = load_word(control, DATA)
    size = load_word(control, FRAME_BYTES)
    found = min(samples, written - taken)
    at = taken % capacity
    first = min(found, capacity - at)
    _copy_bytes(target, data + at * size, first * size)
    _copy_bytes(target + first * size, data, (found - first) * size)
    _clear_bytes(target + found * size, (samples - found) * size)
    if found < samples and written > 0 and load_word(control, QUIET) == 0:
        store_word(control, UNDERRUNS, load_word(control, UNDERRUNS) + 1)
    same = moment != 0 and load_word(control, MOMENT) == moment
    burst = load_word(control, BURST) + 1 if same else 1
    store_word(control, MOMENT, moment)
    store_word(control, BURST, burst)
    if burst > load_word(control, LONGEST_BURST):
        store_word(control, LONGEST_BURST, burst)
    store_word(control, ASKED, load_word(control, ASKED) + samples)
    store_word(control, CALLBACKS, load_word(control, CALLBACKS) + 1)
    store_word(control, TAKEN, taken + found)
    return found


def play(_input: int, output: int, samples: int, time_info: int, flags: int, control: int) -> int:
    """PortAudio's callback (``PaStreamCallback``), to be compiled as such: ``control`` is the stream's user data.

    Takes no lock, allocates nothing, waits for nothing. ``time_info`` points to three doubles, the second of which is
    the host's current time.
    """
    moment = _int64(0)
    if time_info != 0:
        moment = _int64(_load(time_info + WORD))
    take(control, output, _int64(samples), moment)
    if flags & HOST_RAN_DRY:
        store_word(control, HOST_UNDERRUNS, load_word(control, HOST_UNDERRUNS) + 1)
    wake = load_word(control, WAKE)
    if wake >= 0:
        _system_write(wake, control + ONE * WORD, WORD)
    return 0

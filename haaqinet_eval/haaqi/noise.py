"""Threshold noise: numpy's legacy Gaussians, drawn faster and in single precision.

pyclarity draws its noise with `np.random.standard_normal`: the Mersenne Twister MT19937
(Matsumoto and Nishimura 1998) and Marsaglia's polar method (1964). Both are sequential, but
most of their work is not: words are tempered, tried and scaled in batches here.
"""

from __future__ import annotations

import copy
import math
import threading

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from . import scratch
from .simd import (
    LANES,
    constant_words,
    load,
    load_words,
    log2,
    splat,
    sqrt,
    store,
    store_words,
)

_WORDS, _MIDDLE = 624, 397
_BATCH = 1024  # pairs tried at once
_AT_ONCE = 2**20  # numbers of another generator that are passed over at once
_MINUS_LN4 = np.float32(-2 * np.log(2.0))

_jit = njit(cache=True, nogil=True, error_model="numpy")


@njit(inline="always")
def _mixed(this, following, far):
    y = (this & np.uint32(0x80000000)) | (following & np.uint32(0x7FFFFFFF))
    return far ^ (y >> np.uint32(1)) ^ ((np.uint32(0) - (y & np.uint32(1))) & np.uint32(0x9908B0DF))


@intrinsic
def _mix_words(typingctx, key, index, far):
    """`_mixed` for the sixteen words from `index` on, in place."""

    def codegen(context, builder, sig, args):
        array, at, other = args
        this, following, away = (
            load_words(context, builder, sig.args[0], array, builder.add(at, ir.Constant(at.type, step)))
            for step, at in ((0, at), (1, at), (0, other))
        )
        top = builder.and_(this, constant_words(0x80000000))
        y = builder.or_(top, builder.and_(following, constant_words(0x7FFFFFFF)))
        odd = builder.sub(constant_words(0), builder.and_(y, constant_words(1)))
        mixed = builder.xor(away, builder.lshr(y, constant_words(1)))
        mixed = builder.xor(mixed, builder.and_(odd, constant_words(0x9908B0DF)))
        store_words(context, builder, sig.args[0], array, at, mixed)
        return context.get_dummy_value()

    return types.void(key, types.intp, types.intp), codegen


@intrinsic
def _temper_words(typingctx, key, index, words, place):
    """Tempered key[index : index + 16] into words[place:]."""

    def codegen(context, builder, sig, args):
        y = load_words(context, builder, sig.args[0], args[0], args[1])
        y = builder.xor(y, builder.lshr(y, constant_words(11)))
        y = builder.xor(y, builder.and_(builder.shl(y, constant_words(7)), constant_words(0x9D2C5680)))
        y = builder.xor(y, builder.and_(builder.shl(y, constant_words(15)), constant_words(0xEFC60000)))
        y = builder.xor(y, builder.lshr(y, constant_words(18)))
        store_words(context, builder, sig.args[2], args[2], args[3], y)
        return context.get_dummy_value()

    return types.void(key, types.intp, words, types.intp), codegen


@_jit
def _twist(key):
    # the next 624 words of the generator's state, in place
    ahead = _WORDS - _MIDDLE
    whole = ahead - ahead % LANES
    for i in range(0, whole, LANES):
        _mix_words(key, i, i + _MIDDLE)
    for i in range(whole, ahead):
        key[i] = _mixed(key[i], key[i + 1], key[i + _MIDDLE])
    whole = _WORDS - 1 - (_MIDDLE - 1) % LANES
    for i in range(ahead, whole, LANES):
        _mix_words(key, i, i - ahead)
    for i in range(whole, _WORDS - 1):
        key[i] = _mixed(key[i], key[i + 1], key[i - ahead])
    key[_WORDS - 1] = _mixed(key[_WORDS - 1], key[0], key[_MIDDLE - 1])


@_jit
def _next_words(key, position, count, words):
    done = 0
    while done < count:
        if position == _WORDS:
            _twist(key)
            position = 0
        here = min(_WORDS - position, count - done)
        whole = here - here % LANES
        for i in range(0, whole, LANES):
            _temper_words(key, position + i, words, done + i)
        for i in range(whole, here):
            y = key[position + i]
            y ^= y >> np.uint32(11)
            y ^= (y << np.uint32(7)) & np.uint32(0x9D2C5680)
            y ^= (y << np.uint32(15)) & np.uint32(0xEFC60000)
            words[done + i] = y ^ (y >> np.uint32(18))
        position += here
        done += here
    return position


@_jit
def _uniform(high, low):
    # 53 random bits as a number in [-1, 1)
    return 2.0 * ((np.int32(high >> 5) * 67108864.0 + np.int32(low >> 6)) / 9007199254740992.0) - 1.0


@_jit
def _try_pairs(words, count, x, y, square):
    for i in range(count):
        a = _uniform(words[4 * i], words[4 * i + 1])
        b = _uniform(words[4 * i + 2], words[4 * i + 3])
        x[i], y[i], square[i] = a, b, a * a + b * b
    taken = 0
    for i in range(count):
        a, b, s = x[i], y[i], square[i]
        x[taken], y[taken], square[taken] = a, b, s
        taken += (s < 1.0) & (s != 0.0)
    return taken


@_jit
def _scale(x, y, square, count, singles, out):
    # polar method: both numbers of each accepted pair, the second coordinate's first
    px, py, ps = singles[0], singles[1], singles[2]
    for i in range(count):
        px[i], py[i], ps[i] = x[i], y[i], square[i]
    for i in range(0, count, LANES):
        s = load(ps, i)
        factor = sqrt(splat(_MINUS_LN4) * log2(s) / s)
        store(px, i, load(px, i) * factor)
        store(py, i, load(py, i) * factor)
    for i in range(count):
        out[2 * i] = py[i]
        out[2 * i + 1] = px[i]


@_jit
def _fill(key, position, held, spare, out):
    """Standard normal numbers into float32 `out`; returns the state after the last."""
    words = np.empty(4 * _BATCH, np.uint32)
    x, y, square = np.empty(_BATCH), np.empty(_BATCH), np.empty(_BATCH)
    singles = np.ones((3, _BATCH), np.float32)
    done = 0
    if held and out.size:
        out[0] = spare
        held, spare, done = 0, 0.0, 1
    while out.size - done >= 2:
        count = min(_BATCH, (out.size - done) // 2)
        position = _next_words(key, position, 4 * count, words)
        taken = _try_pairs(words, count, x, y, square)
        _scale(x, y, square, taken, singles, out[done:])
        done += 2 * taken
    if done < out.size:
        position, first, spare = _one_pair(key, position)
        out[done], held = first, 1
    return position, held, spare


@_jit
def _one_pair(key, position):
    # both numbers of the next accepted pair in double precision
    words = np.empty(4, np.uint32)
    x, y, square = np.empty(1), np.empty(1), np.empty(1)
    taken = 0
    while taken == 0:
        position = _next_words(key, position, 4, words)
        taken = _try_pairs(words, 1, x, y, square)
    factor = math.sqrt(-2.0 * math.log(square[0]) / square[0])
    return position, factor * y[0], factor * x[0]


@_jit
def _accepted(words, count):
    # how many of `count` pairs the polar method takes
    taken = 0
    for i in range(count):
        a = _uniform(words[4 * i], words[4 * i + 1])
        b = _uniform(words[4 * i + 2], words[4 * i + 3])
        s = a * a + b * b
        taken += (s < 1.0) & (s != 0.0)
    return taken


@_jit
def _skip(key, position, held, spare, count):
    """The state after `count` numbers that nobody wants."""
    words = np.empty(4 * _BATCH, np.uint32)
    left = count
    if held and left:
        held, spare = 0, 0.0
        left -= 1
    while left >= 2:
        pairs = min(_BATCH, left // 2)
        position = _next_words(key, position, 4 * pairs, words)
        left -= 2 * _accepted(words, pairs)
    if left:
        position, _, spare = _one_pair(key, position)
        held = 1
    return position, held, spare


class Gaussians:
    """The Gaussian numbers that a `RandomState` gives next, as float32.

    The generator itself moves only with `hand_back` (or at once, where it is another than the
    usual Mersenne Twister).
    """

    def __init__(self, rng: np.random.RandomState) -> None:
        self._rng = rng
        state = rng.get_state(legacy=False)
        self._twister = state["bit_generator"] == "MT19937"
        if self._twister:
            self._key = state["state"]["key"].copy()
            self._rest = (int(state["state"]["pos"]), int(state["has_gauss"]), float(state["gauss"]))

    def fill(self, out: np.ndarray) -> np.ndarray:
        """The next numbers into contiguous float32 `out` [N], which is returned."""
        if self._twister:
            self._rest = _fill(self._key, *self._rest, out)
        else:
            out[:] = self._rng.standard_normal(out.size)
        return out

    def copy(self) -> Gaussians:
        """Another one that gives the same numbers; it moves no generator but its own."""
        return Gaussians(self.at(np.random.RandomState()) if self._twister else copy.deepcopy(self._rng))

    def skip(self, count: int) -> None:
        """Pass over the next numbers, in about half the time."""
        if self._twister:
            self._rest = _skip(self._key, *self._rest, count)
            return
        for done in range(0, count, _AT_ONCE):
            self._rng.standard_normal(min(_AT_ONCE, count - done))

    def hand_back(self) -> None:
        """Leave the generator as if it had drawn all these numbers itself."""
        if self._twister:
            self.at(self._rng)

    def at(self, rng: np.random.RandomState) -> np.random.RandomState:
        """A Mersenne Twister, brought to where this one is."""
        position, held, spare = self._rest
        state = {"key": self._key, "pos": position}
        rng.set_state({"bit_generator": "MT19937", "state": state, "has_gauss": held, "gauss": spare})
        return rng


class NoiseBlocks:
    """Blocks of Gaussian numbers that must be drawn in order, asked for in any, from any thread.

    Args:
        stream: where they come from.
        count: numbers in a block.
        pad: zeros put before each block.
    """

    def __init__(self, stream: Gaussians, count: int, pad: int) -> None:
        self.stream, self._count, self._pad = stream, count, pad
        self._drawn: dict[int, np.ndarray] = {}
        self._next = 0
        self._lock = threading.Lock()

    def take(self, index: int) -> np.ndarray:
        """Block `index`, float32 [pad + count]; each can be taken once."""
        with self._lock:
            while self._next <= index:
                block = scratch.take(self._pad + self._count)
                block[: self._pad] = 0
                self.stream.fill(block[self._pad :])
                self._drawn[self._next] = block
                self._next += 1
            return self._drawn.pop(index)

"""Sixteen single-precision numbers as one value, for numba code.

`F32x16` lives in registers: one 512-bit register, two of 256 bits or four of 128, as the
processor has them. One lane is one auditory channel. Loads and stores go to flat float32
or float64 arrays; nothing here checks bounds, the callers do.

Multiply-adds are fused where the processor can; no other reassociation takes place, so a
lane's result depends neither on the other lanes nor on threads.
"""

from __future__ import annotations

import operator
from typing import ClassVar

import numpy as np
from llvmlite import ir
from numba import types
from numba.core.typing.templates import ConcreteTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin, models, register_model

LANES = 16
_F32 = ir.FloatType()
_I32 = ir.IntType(32)
_VECTOR = ir.VectorType(_F32, LANES)
_DOUBLES = ir.VectorType(ir.DoubleType(), LANES)
_INTS = ir.VectorType(_I32, LANES)


class _Vector(types.Type):
    """numba's type of sixteen numbers."""


F32x16 = _Vector(name="F32x16")
F64x16 = _Vector(name="F64x16")
_IR = {F32x16: _VECTOR, F64x16: _DOUBLES}


@register_model(_Vector)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, dmm, fe_type):
        super().__init__(dmm, fe_type, _IR[fe_type])


def _define(op, name: str) -> None:
    for vector in (F32x16, F64x16):

        @lower_builtin(op, vector, vector)
        def _lower(context, builder, sig, args):
            return getattr(builder, name)(*args)

    @infer_global(op)
    class _Typing(ConcreteTemplate):
        cases: ClassVar = [signature(F32x16, F32x16, F32x16), signature(F64x16, F64x16, F64x16)]


for _op, _name in (
    (operator.add, "fadd"),
    (operator.sub, "fsub"),
    (operator.mul, "fmul"),
    (operator.truediv, "fdiv"),
):
    _define(_op, _name)


def _call(builder, name: str, *args):
    """Call an LLVM intrinsic that keeps its arguments' type."""
    kind = args[0].type
    suffix = "v16f32" if kind == _VECTOR else "v16f64"
    function_type = ir.FunctionType(kind, [a.type for a in args])
    function = builder.module.declare_intrinsic(f"llvm.{name}.{suffix}", fnty=function_type)
    return builder.call(function, args)


def _constant(value, kind=_VECTOR):
    return ir.Constant(kind, [value] * LANES)


def _fma(builder, a, b, c):
    return _call(builder, "fmuladd", a, b, c)


def _pointer(context, builder, array_type, array, index):
    struct = context.make_array(array_type)(context, builder, array)
    return builder.gep(struct.data, [index])


def _of(array):
    # the vector type of an array type, and the size of one number in bytes
    return (F32x16, 4) if array.dtype == types.float32 else (F64x16, 8)


@intrinsic
def load(typingctx, array, index):
    """array[index : index + 16] as a vector, in the array's precision."""
    vector, size = _of(array)

    def codegen(context, builder, sig, args):
        pointer = _pointer(context, builder, sig.args[0], *args)
        return builder.load(builder.bitcast(pointer, _IR[vector].as_pointer()), align=size)

    return vector(array, types.intp), codegen


@intrinsic
def store(typingctx, array, index, vector):
    """array[index : index + 16] = vector, of the array's precision."""
    kind, size = _of(array)

    def codegen(context, builder, sig, args):
        pointer = _pointer(context, builder, sig.args[0], *args[:2])
        builder.store(args[2], builder.bitcast(pointer, _IR[kind].as_pointer()), align=size)
        return context.get_dummy_value()

    return types.void(array, types.intp, kind), codegen


@intrinsic
def gather(typingctx, array, offsets, index):
    """array[offsets[l] + index] for each lane l; `offsets` is a flat int64 array [16]."""
    kind, _ = _of(array)

    def codegen(context, builder, sig, args):
        base = _pointer(context, builder, sig.args[0], args[0], args[2])
        vector = ir.Constant(_IR[kind], ir.Undefined)
        for lane in range(LANES):
            place = _pointer(context, builder, sig.args[1], args[1], ir.Constant(ir.IntType(64), lane))
            value = builder.load(builder.gep(base, [builder.load(place)]))
            vector = builder.insert_element(vector, value, ir.Constant(_I32, lane))
        return vector

    return kind(array, offsets, types.intp), codegen


@intrinsic
def splat(typingctx, number):
    """Sixteen times the same number, in its own precision."""
    vector = {types.float32: F32x16, types.float64: F64x16}[number]

    def codegen(context, builder, sig, args):
        undefined = ir.Constant(_IR[vector], ir.Undefined)
        one = builder.insert_element(undefined, args[0], ir.Constant(_I32, 0))
        return builder.shuffle_vector(one, undefined, ir.Constant(_INTS, [0] * LANES))

    return vector(number), codegen


@intrinsic
def fma(typingctx, a, b, c):
    """a * b + c."""
    return a(a, a, a), lambda context, builder, sig, args: _fma(builder, *args)


@intrinsic
def widen(typingctx, a):
    """To double precision."""
    return F64x16(F32x16), lambda context, builder, sig, args: builder.fpext(args[0], _DOUBLES)


@intrinsic
def narrow(typingctx, a):
    """To single precision."""
    return F32x16(F64x16), lambda context, builder, sig, args: builder.fptrunc(args[0], _VECTOR)


@intrinsic
def sqrt(typingctx, a):
    """Square root of each lane."""
    return a(a), lambda context, builder, sig, args: _call(builder, "sqrt", args[0])


@intrinsic
def absolute(typingctx, a):
    """Magnitude of each lane."""
    return a(a), lambda context, builder, sig, args: _call(builder, "fabs", args[0])


@intrinsic
def maximum(typingctx, a, b):
    """The larger of each lane."""

    def codegen(context, builder, sig, args):
        return builder.select(builder.fcmp_ordered(">", *args), *args)

    return a(a, a), codegen


@intrinsic
def minimum(typingctx, a, b):
    """The smaller of each lane."""

    def codegen(context, builder, sig, args):
        return builder.select(builder.fcmp_ordered("<", *args), *args)

    return a(a, a), codegen


@intrinsic
def where_reached(typingctx, position, start, a):
    """`a` where position >= start, else 0."""

    def codegen(context, builder, sig, args):
        reached = builder.fcmp_ordered(">=", args[0], args[1])
        return builder.select(reached, args[2], _constant(0.0))

    return a(a, a, a), codegen


def load_words(context, builder, array_type, array, index):
    """LLVM code for sixteen words of a flat uint32 array."""
    pointer = _pointer(context, builder, array_type, array, index)
    return builder.load(builder.bitcast(pointer, _INTS.as_pointer()), align=4)


def store_words(context, builder, array_type, array, index, words) -> None:
    """LLVM code that stores sixteen words in a flat uint32 array."""
    pointer = _pointer(context, builder, array_type, array, index)
    builder.store(words, builder.bitcast(pointer, _INTS.as_pointer()), align=4)


def constant_words(value: int):
    """Sixteen times the same word, for LLVM code."""
    return _constant(value, _INTS)


def _polynomial(function, low: float, high: float, degree: int) -> list[float]:
    """Coefficients, lowest first, of the Chebyshev interpolant on [low, high]."""
    fit = np.polynomial.Chebyshev.interpolate(function, degree, domain=[low, high])
    return [float(np.float32(c)) for c in fit.convert(kind=np.polynomial.Polynomial).coef]


def _horner(builder, coefficients, x):
    value = _constant(coefficients[-1])
    for coefficient in reversed(coefficients[:-1]):
        value = _fma(builder, value, x, _constant(coefficient))
    return value


_ROOT_HALF = 0x3F3504F3  # bits of sqrt(1/2): the mantissa is taken from [sqrt(1/2), sqrt(2))
_LOG2 = _polynomial(lambda f: np.log1p(f) / f / np.log(2), 2**-0.5 - 1, 2**0.5 - 1, 9)
_EXP2 = _polynomial(np.exp2, -0.5, 0.5, 6)


@intrinsic
def log2(typingctx, a):
    """Base-2 logarithm of normal positive numbers: exponent bits plus a polynomial, 1e-7."""

    def codegen(context, builder, sig, args):
        bits = builder.bitcast(args[0], _INTS)
        above = builder.sub(bits, _constant(_ROOT_HALF, _INTS))
        exponent = builder.ashr(above, _constant(23, _INTS))
        mantissa = builder.sub(bits, builder.shl(exponent, _constant(23, _INTS)))
        f = builder.fsub(builder.bitcast(mantissa, _VECTOR), _constant(1.0))
        return _fma(builder, f, _horner(builder, _LOG2, f), builder.sitofp(exponent, _VECTOR))

    return F32x16(F32x16), codegen


@intrinsic
def exp2(typingctx, a):
    """2 to the power of numbers in (-126, 127): a polynomial, scaled through the exponent bits."""

    def codegen(context, builder, sig, args):
        whole = _call(builder, "rint", args[0])
        value = _horner(builder, _EXP2, builder.fsub(args[0], whole))
        exponent = builder.add(builder.fptosi(whole, _INTS), _constant(127, _INTS))
        scale = builder.bitcast(builder.shl(exponent, _constant(23, _INTS)), _VECTOR)
        return builder.fmul(value, scale)

    return F32x16(F32x16), codegen

"""Vectors of integers for Numba: several neurons or synapses in one register.

Numba widens every integer to 64 bits and vectorises loops only where it can show that arrays do not
overlap; the golden model's fast path needs neither guess.  A vector is made by :func:`load8` (eight
of 64 bits) or :func:`load16` (sixteen of 32) from a row of a two-dimensional array, combined with
``+ - * << >> & ^`` (a plain integer counts as a vector of equal lanes) and the verbs below, and put
back by :func:`store`.  LLVM makes of it what the processor has.
"""

import operator

import llvmlite.ir as ir
from numba.core import cgutils, types
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin, models, register_model

__all__ = ["bit_lengths", "clip", "count", "gather", "load16", "load8", "pick", "store", "total"]


class Lanes(types.Type):
    """``lanes`` integers of ``bits`` bits; one bit: truths."""

    def __init__(self, bits: int, lanes: int):
        self.bits, self.lanes = bits, lanes
        super().__init__(name=f"Lanes({bits}, {lanes})")

    @property
    def vector(self) -> ir.VectorType:
        """The same in LLVM."""
        return ir.VectorType(ir.IntType(self.bits), self.lanes)


@register_model(Lanes)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager, kind):
        super().__init__(manager, kind, kind.vector)


def _spread(context, builder, kind: Lanes, given, value):
    """``value`` of Numba type ``given`` as a vector of type ``kind``."""
    if isinstance(given, Lanes):
        return value
    item = ir.IntType(kind.bits)
    wide = context.cast(builder, value, given, types.int64)
    item_value = wide if kind.bits == 64 else builder.trunc(wide, item)
    one = builder.insert_element(ir.Constant(kind.vector, ir.Undefined), item_value,
                                 ir.Constant(ir.IntType(32), 0))
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), kind.lanes), None)
    return builder.shuffle_vector(one, ir.Constant(kind.vector, ir.Undefined), zeros)


def _define(verb, emit, result=lambda kind: kind):
    """Make Numba understand ``verb`` of two vectors, or of a vector and an integer."""
    @infer_global(verb)
    class _Verb(AbstractTemplate):
        def generic(self, arguments, _keywords):
            kinds = [a for a in arguments if isinstance(a, Lanes)]
            others = [a for a in arguments if not isinstance(a, Lanes | types.Integer)]
            if len(arguments) == 2 and kinds and not others and kinds[0] == kinds[-1]:
                return signature(result(kinds[0]), *arguments)
            return None

    def lower(context, builder, sig, arguments):
        kind = next(a for a in sig.args if isinstance(a, Lanes))
        return emit(builder, *(_spread(context, builder, kind, given, value)
                               for given, value in zip(sig.args, arguments, strict=True)))

    for pair in ((Lanes, Lanes), (Lanes, types.Integer), (types.Integer, Lanes)):
        lower_builtin(verb, *pair)(lower)


for _operator, _name in ((operator.add, "add"), (operator.iadd, "add"), (operator.sub, "sub"),
                         (operator.mul, "mul"), (operator.lshift, "shl"), (operator.rshift, "ashr"),
                         (operator.and_, "and_"), (operator.xor, "xor")):
    _define(_operator, lambda builder, a, b, name=_name: getattr(builder, name)(a, b))
for _operator, _sign in ((operator.eq, "=="), (operator.ne, "!="), (operator.gt, ">"),
                         (operator.lt, "<")):
    _define(_operator, lambda builder, a, b, sign=_sign: builder.icmp_signed(sign, a, b),
            lambda kind: Lanes(1, kind.lanes))


def _pointer(context, builder, array, value, indices, kind: ir.Type):
    """Address of ``array[row, place]``, as a pointer to ``kind``."""
    held = context.make_array(array)(context, builder, value)
    shape = cgutils.unpack_tuple(builder, held.shape, 2)
    offset = builder.add(builder.mul(indices[0], shape[1]), indices[1])
    return builder.bitcast(builder.gep(held.data, [offset]), kind.as_pointer())


def _loader(kind: Lanes):
    @intrinsic
    def load(_context, array, row, place):
        """``array[row, place:place + lanes]``, sign-extended."""
        def emit(context, builder, sig, arguments):
            held = ir.VectorType(ir.IntType(array.dtype.bitwidth), kind.lanes)
            at = _pointer(context, builder, array, arguments[0], arguments[1:], held)
            vector = builder.load(at, align=array.dtype.bitwidth // 8)
            return vector if held == kind.vector else builder.sext(vector, kind.vector)
        return kind(array, types.int64, types.int64), emit
    return load


load8, load16 = _loader(Lanes(64, 8)), _loader(Lanes(32, 16))


@intrinsic
def store(_context, array, row, place, vector):
    """``array[row, place:place + lanes] = vector``, cut to the array's width."""
    def emit(context, builder, sig, arguments):
        held = ir.VectorType(ir.IntType(array.dtype.bitwidth), vector.lanes)
        at = _pointer(context, builder, array, arguments[0], arguments[1:3], held)
        value = arguments[3] if held == vector.vector else builder.trunc(arguments[3], held)
        builder.store(value, at, align=array.dtype.bitwidth // 8)
    return types.void(array, types.int64, types.int64, vector), emit


@intrinsic
def clip(_context, vector, low, high):
    """Each lane limited to ``low`` … ``high``, vectors or integers."""
    def emit(context, builder, sig, arguments):
        value, least, most = (_spread(context, builder, vector, given, argument)
                              for given, argument in zip(sig.args, arguments, strict=True))
        value = builder.select(builder.icmp_signed("<", value, least), least, value)
        return builder.select(builder.icmp_signed(">", value, most), most, value)
    return vector(vector, low, high), emit


@intrinsic
def pick(_context, truths, yes, no):
    """Lanes of ``yes`` where ``truths`` holds, of ``no`` elsewhere; vectors or integers."""
    kind = yes if isinstance(yes, Lanes) else no

    def emit(context, builder, sig, arguments):
        values = (_spread(context, builder, kind, given, value)
                  for given, value in zip(sig.args[1:], arguments[1:], strict=True))
        return builder.select(arguments[0], *values)
    return kind(truths, yes, no), emit


def _reducer(name: str):
    """What LLVM calls ``name`` of a vector, as one int64."""
    def emit(context, builder, sig, arguments):
        vector = arguments[0]
        function = builder.module.declare_intrinsic(
            f"llvm.vector.reduce.{name}.v{vector.type.count}i{vector.type.element.width}", (),
            ir.FunctionType(vector.type.element, [vector.type]))
        return builder.call(function, [vector])
    return emit


@intrinsic
def total(_context, vector):
    """Sum of eight lanes."""
    return types.int64(vector), _reducer("add")


@intrinsic
def count(_context, truths):
    """How many truths hold."""
    def emit(context, builder, sig, arguments):
        bits = ir.IntType(truths.lanes)
        return builder.zext(builder.ctpop(builder.bitcast(arguments[0], bits)), ir.IntType(64))
    return types.int64(truths), emit


@intrinsic
def bit_lengths(_context, vector):
    """Bits that each non-negative lane needs: 0 for 0, else 1 + ⌊log2⌋."""
    def emit(context, builder, sig, arguments):
        kind = vector.vector
        function = builder.module.declare_intrinsic(
            f"llvm.ctlz.v{kind.count}i{kind.element.width}", (),
            ir.FunctionType(kind, [kind, ir.IntType(1)]))
        zeros = builder.call(function, [arguments[0], ir.Constant(ir.IntType(1), 0)])
        width = ir.Constant(kind, [kind.element.width] * kind.count)
        return builder.sub(width, zeros)
    return vector(vector), emit


@intrinsic
def gather(_context, array, row, places):
    """``array[row, places]``, lane by lane."""
    def emit(context, builder, sig, arguments):
        kind = ir.IntType(64)
        at = _pointer(context, builder, array, arguments[0],
                      [arguments[1], ir.Constant(kind, 0)], kind)
        result = ir.Constant(places.vector, ir.Undefined)
        for lane in range(places.lanes):
            number = ir.Constant(ir.IntType(32), lane)
            place = builder.extract_element(arguments[2], number)
            item = builder.load(builder.gep(at, [place]))
            result = builder.insert_element(result, item, number)
        return result
    return places(array, types.int64, places), emit

"""The stages of :class:`hdl.neuron.NeuronPipeline`, after ``model/neuron.py``.

Each function takes the staged values of a neuron (its ``old`` states, its population's ``record``,
its ``frame``), adds to the dictionary of ``new`` states, and to ``hits`` what saturated.
"""

from amaranth import Cat, Const, Mux

from hdl.fixed import (
    BIT_LENGTH_STAGES,
    down,
    lift,
    narrow,
    round_half,
    saturate,
    shift_keep_half,
    shift_round,
    sign,
    up,
)
from hdl.pipeline import limit_in_two, settle, shift_in_two
from model.formats import (
    ARGUMENT,
    CHANGE_MEAN,
    CURRENT,
    DRIVE,
    ERROR,
    FACTOR_WIDTH,
    INTEGRATOR,
    MEMBRANE,
    MODULATOR,
    RATE,
    RATIO,
    ROUNDING_BITS,
    SLOPE,
    SLOPE_SUM,
    SUM,
    TAP,
    TAP_STATE,
    WEIGHT,
)
from model.program import Teach

__all__ = ["bias", "look_ahead", "membrane", "note", "receive", "send", "squares",
           "tau_pull"]

SUM_SHIFT = SUM.frac - CURRENT.frac
ARRIVAL_SHIFT = SUM.frac - ERROR.frac
DRIVE_SHIFT = MEMBRANE.frac - DRIVE.frac
ARGUMENT_SHIFT = RATIO.frac + DRIVE.frac - ARGUMENT.frac
STEP_SHIFT = RATIO.frac + DRIVE.frac - MEMBRANE.frac
NOW_SHIFT = INTEGRATOR.frac - ERROR.frac
TAP_SHIFT = TAP_STATE.frac - TAP.frac
FACTOR_SHIFT = MODULATOR.frac
UNHURRIED = 4
"""Stages that what nobody waits for may wait itself for a shared multiplier or shifter."""
MEAN_SHIFT = 8
"""The mean of |ΔI| reaches back over 2**8 steps."""


def _choose(choice, this, other):
    return Mux(choice, this, other)


def _move(pipe, state, product, shift, *, slack):
    """``state + product / 2**(STEP_SHIFT + shift)``, a low-pass's step before it saturates."""
    step = shift_in_two(pipe, product, shift, least=STEP_SHIFT, slack=slack)
    return pipe.then(lambda state, step: down(lift(state, 1) + step, 1), state, step)


def membrane(pipe, old, record, frame, integrate, new, hits):
    """``I = Σ W r + b + γ e``; ``s = u + ρ (I − u)``; ``u ← u + dt/τm (I − u)``."""
    coarse = pipe.then(
        lambda e, shift, on: Mux(on, shift_keep_half(
            up(e, CURRENT.frac - ERROR.frac), Cat(Const(0, 2), shift[2:])), 0),
        old["e"], record["nudge_shift"], record["nudged"])
    nudge = pipe.now(lambda coarse, shift: coarse >> shift[:2], coarse, record["nudge_shift"])
    driven = pipe.then(
        lambda total, bias: down(total + lift(bias, SUM.frac - WEIGHT.frac, SUM_SHIFT), SUM_SHIFT),
        frame["total"], old["bias"])
    total = pipe.then(lambda driven, nudge: down(lift(driven, 1) + nudge, 1), driven, nudge)
    current, hit = pipe.then(lambda total: saturate(total, CURRENT.width), total)
    hits["current"].append(hit)

    u = old["u"]
    from_u = pipe.then(lambda u: (1 << (DRIVE_SHIFT - 1)) - u, u)
    wide = pipe.then(
        lambda current, from_u: down(up(current, MEMBRANE.frac - CURRENT.frac) + from_u,
                                     DRIVE_SHIFT), current, from_u)
    drive, hit = pipe.now(lambda wide: saturate(wide, DRIVE.width), wide)
    hits["membrane"].append(hit)
    new["drive"] = pipe.now(_choose, integrate, drive, old["drive"])
    ahead = pipe.product(drive, record["ratio"])
    back = pipe.product(drive, record["membrane_mantissa"], slack=UNHURRIED)

    raised = pipe.then(lambda u: u + (1 << (ARGUMENT_SHIFT - STEP_SHIFT - 1)), u)
    s_sum = pipe.then(lambda raised, ahead: down(up(raised, STEP_SHIFT) + ahead, ARGUMENT_SHIFT),
                      raised, ahead)
    u_sum = _move(pipe, u, back, record["membrane_shift"], slack=UNHURRIED)
    for name, moved, form in (("s", s_sum, ARGUMENT), ("u", u_sum, MEMBRANE)):
        new[name], hit = pipe.now(settle(form.width, always_counted=True),
                                  moved, integrate, old[name])
        hits["membrane"].append(hit)
    new["current"] = pipe.now(_choose, integrate, current, old["current"])
    _change(pipe, current, old, integrate, new, hits)


def _change(pipe, current, old, integrate, new, hits):
    """ΔI and the running mean of its size."""
    difference = pipe.then(lambda now, before: now - before, current, old["current"])
    new["change"], hit = pipe.now(settle(CURRENT.width), difference, integrate, old["change"])
    hits["current"].append(hit)
    size = pipe.then(lambda change: Mux(change[-1], -change, change), pipe.hold(new["change"]))
    mean = old["change_mean"]
    from_mean = pipe.then(lambda mean: (1 << (MEAN_SHIFT - 1)) - mean, mean, stage=size.stage - 1)
    step = pipe.then(
        lambda size, from_mean: down(up(size, CHANGE_MEAN.frac - CURRENT.frac) + from_mean,
                                     MEAN_SHIFT), size, from_mean)
    # The mean never leaves the range of |ΔI|.
    moved = pipe.then(lambda mean, step: narrow(mean + step, CHANGE_MEAN.width), mean, step)
    new["change_mean"] = pipe.now(_choose, integrate, moved, mean)
    # Of the mean the mirror rule sees the magnitude only.
    parts = pipe.hold(new["change_mean"]),
    for stage in BIT_LENGTH_STAGES:
        parts = pipe.then(stage, *parts)
    new["change_length"], = parts


def send(pipe, rate, record, frame, noise, new, hits):
    """The rate that is sent, ``φ(s) + ε ξ``."""
    new["xi"] = xi = pipe.then(
        lambda word, noise, noisy: Cat(noise & noisy, noise & noisy & ~word[31]).as_signed(),
        frame["word"], noise, record["noisy"])
    size = pipe.then(lambda shift: Const(RATE.one) >> shift, record["noise_shift"])
    kick = pipe.then(lambda xi, size: Mux(xi[0], Mux(xi[1], -size, size), 0), xi, size)
    new["r"], hit = pipe.then(lambda rate, kick: saturate(rate + kick, RATE.width), rate, kick)
    hits["rate"].append(hit)


def note(pipe, old, record, slope, integrate, new, hits):
    """What eligibilities learn from; returns the slope that meets the error: that of the moment,
    or, while a neuron is held that gathers them, the sum of its slopes."""
    new["slope"] = slope
    new["explored"] = pipe.now(_choose, integrate, new["xi"], old["explored"])
    total = pipe.then(lambda sum, slope: sum + slope, old["slopes"], slope)
    moves = pipe.now(lambda integrate, gathers: integrate & gathers, integrate, record["gathers"])
    new["slopes"], hit = pipe.now(settle(SLOPE_SUM.width), total, moves, old["slopes"])
    hits["rate"].append(hit)
    return pipe.now(
        lambda integrate, gathers, sum, slope: Mux(
            integrate | ~gathers | sum[-1], slope, down(sum, SLOPE_SUM.width - SLOPE.width)),
        integrate, record["gathers"], old["slopes"], slope)


def receive(pipe, rate, slope, record, frame, new, hits):
    """``ē = φ'(s) (Σ B e_above + β (y − r))``, or the host's error instead of y − r.

    Returns y − r or the host's error, limited to an operand.
    """
    compared = pipe.then(lambda output, kind: output & (kind == Teach.TARGET),
                         record["is_output"], frame["kind"])
    given = pipe.then(
        lambda output, kind, teach: Mux(
            output & ((kind == Teach.TARGET) | (kind == Teach.ERROR)), teach, 0),
        record["is_output"], frame["kind"], frame["teach"])
    taught = pipe.then(lambda given, compared, rate: given - Mux(compared, rate, 0),
                       given, compared, rate)
    told = pipe.then(lambda taught: saturate(taught, RATE.width)[0], taught)
    # A shift by 7 − gain, where the gain is four bits in two's complement.
    scaled = pipe.then(lambda taught, gain: shift_keep_half(up(taught, 7), gain.as_unsigned() ^ 7),
                       taught, record["gain_shift"])
    above = pipe.then(lambda errors: shift_round(errors, ARRIVAL_SHIFT), frame["errors_above"])
    # What is beyond this, nothing that is told can bring back into the range of an error.
    near = pipe.then(lambda above: saturate(above, len(scaled.value))[0], above)
    total = pipe.then(lambda near, scaled: down(lift(near, 1) + scaled, 1), near, scaled)
    arrived, hit = pipe.now(lambda total: saturate(total, ERROR.width), total)
    hits["error"].append(hit)
    new["above"] = arrived
    rounded = pipe.then(lambda product: shift_round(product, SLOPE.frac),
                        pipe.product(slope, arrived))
    new["error"], hit = pipe.now(lambda rounded: saturate(rounded, ERROR.width), rounded)
    hits["error"].append(hit)
    return told


def look_ahead(pipe, old, record, integrate, learns, new, hits):
    """``e = c0 ē + c1 v``; v and x move; the taps by the sign of their residual."""
    # They come from their memories, and through a choice, late in their clock.
    v, x = pipe.hold(old["v"]), pipe.hold(old["x"])
    c0, c1 = (pipe.now(lambda tap: down(tap, TAP_SHIFT), old[name]) for name in ("c0", "c1"))

    def operand(state):
        return pipe.now(lambda wide: saturate(wide, ERROR.width),
                        pipe.then(lambda state: shift_round(state, NOW_SHIFT), state))

    (v_now, v_hit), (x_now, x_hit) = operand(v), operand(x)
    x_drive, drive_hit = operand(pipe.then(lambda v, x: v - x, v, x))
    x_sum = _move(pipe, x, pipe.product(x_drive, record["membrane_mantissa"], slack=UNHURRIED),
                  record["membrane_shift"], slack=UNHURRIED)
    new["x"], moved_hit = pipe.now(settle(INTEGRATOR.width), x_sum, integrate, x)
    hits["error"].append(pipe.then(lambda *events: sum(events),
                                   v_hit, x_hit, drive_hit, moved_hit))

    # Whatever of the residual does not need the new error comes first.
    c0_v, c1_v, c1_x = (pipe.product(tap, state, slack=UNHURRIED)
                        for tap, state in ((c0, v_now), (c1, v_now), (c1, x_now)))
    twice = pipe.then(lambda c0_v, c1_x: up(c0_v + c1_x, 1), c0_v, c1_x)
    less = pipe.then(lambda v, c1_v: v + c1_v, v, c1_v)
    early = pipe.then(lambda twice, less: twice - less, twice, less)
    raised = pipe.then(lambda c1_v: c1_v + (1 << (TAP.frac - 1)), c1_v)

    c0_error = pipe.product(c0, new["error"])
    wide = pipe.then(lambda c0_error, raised: down(c0_error + raised, TAP.frac), c0_error, raised)
    new["e"], hit = pipe.now(lambda wide: saturate(wide, ERROR.width), wide)
    hits["error"].append(hit)

    error = pipe.hold(new["error"])
    from_v = pipe.then(lambda v: down((1 << (NOW_SHIFT - 1)) - v, NOW_SHIFT),
                       v, stage=error.stage - 1)
    wide = pipe.then(lambda error, from_v: error + from_v, error, from_v)
    drive, hit = pipe.now(lambda wide: saturate(wide, ERROR.width), wide)
    v_sum = _move(pipe, v, pipe.product(drive, record["error_mantissa"]),
                  record["error_shift"], slack=1)
    new["v"], moved_hit = pipe.now(settle(INTEGRATOR.width), v_sum, integrate, v)
    hits["error"] += [hit, moved_hit]

    late = pipe.then(lambda early, c0_error: early - c0_error, early, c0_error)
    residual = pipe.then(
        lambda late, ahead: down(lift(late, STEP_SHIFT) + ahead, STEP_SHIFT),
        late, pipe.product(drive, record["ratio"]))
    q0 = pipe.then(lambda v, error: up(v, 1) - up(error, NOW_SHIFT), v, error)
    q1 = pipe.then(lambda v, x: up(x, 1) - v, v, x)
    both = pipe.now(lambda learns, one_tap: learns & ~one_tap, learns, record["one_tap"])
    for name, q, moves in (("c0", q0, learns), ("c1", q1, both)):
        new[name] = _tap(pipe, old[name], pipe.then(sign, residual), pipe.then(sign, q), record,
                         moves)


def _tap(pipe, tap, residual_sign, q_sign, record, learns):
    """``c ← c − step · sign(residual) · sign(q)``, bounded."""
    before = residual_sign[0].stage - 1
    higher = pipe.then(lambda tap, step: tap + step, tap, record["tap_step"], stage=before)
    lower = pipe.then(lambda tap, step: tap - step, tap, record["tap_step"], stage=before)

    def step(above, below, q_above, q_below, tap, higher, lower):
        falls = above & q_above | below & q_below
        rises = above & q_below | below & q_above
        return Mux(falls, lower, Mux(rises, higher, tap))

    def bound(moved, above, below, limit, lowest, learns, tap):
        kept = Mux(above, limit, Mux(below, lowest, moved))
        return Mux(learns, narrow(kept, TAP_STATE.width), tap)

    limit = record["tap_limit"]
    moved = pipe.then(step, *residual_sign, *q_sign, tap, higher, lower)
    lowest = pipe.then(lambda limit: -limit, limit, stage=before)
    above, below = pipe.then(lambda moved, limit, lowest: (moved > limit, moved < lowest),
                             moved, limit, lowest)
    return pipe.then(bound, moved, above, below, limit, lowest, learns, tap)


def _rate(pipe, mantissa, frame):
    """η m.  The mantissa is below 2**14, hence the factor fits."""
    return pipe.now(lambda scaled: narrow(shift_round(scaled, FACTOR_SHIFT), FACTOR_WIDTH),
                    pipe.product(mantissa, frame["modulator"], slack=UNHURRIED))


def bias(pipe, old, record, frame, learn, new, hits):
    """``b ← b + η m ē`` with the error that the last step left, rounded stochastically."""
    taught_by = pipe.then(_choose, record["prospective"], old["e"], old["error"])
    factor = _rate(pipe, record["bias_mantissa"], frame)
    wide = shift_in_two(pipe, pipe.product(factor, taught_by, slack=UNHURRIED),
                        record["bias_shift"], least=-2, slack=UNHURRIED)
    step = pipe.then(
        lambda word, wide: down(lift(word[:ROUNDING_BITS], 1) + wide, ROUNDING_BITS + 1),
        frame["word"], wide)
    moved = pipe.then(lambda bias, step: bias + step, old["bias"], step)
    new["bias"], hit = pipe.now(settle(WEIGHT.width), moved, learn, old["bias"])
    hits["bias"].append(hit)


def tau_pull(pipe, old, record, frame, learn, hits):
    """``η m e (I − u)`` of what the last step left, this neuron's part in learning τm."""
    learns = pipe.now(lambda learn, learns: learn & learns, learn, record["learns_tau"])
    scaled = pipe.product(_rate(pipe, record["tau_mantissa"], frame), old["e"], slack=UNHURRIED)
    wide = shift_in_two(pipe, scaled, record["tau_shift"], slack=UNHURRIED)
    factor, hit = limit_in_two(pipe, pipe.then(round_half, wide), FACTOR_WIDTH)
    hits["factor"].append(pipe.now(lambda hit, learns: hit & learns, hit, learns))
    return pipe.product(pipe.now(lambda factor, learns: Mux(learns, factor, 0), factor, learns),
                        old["drive"], slack=UNHURRIED)


def squares(pipe, *values):
    """What :class:`hdl.measures.Measures` sums."""
    return [pipe.product(value, value, slack=UNHURRIED) for value in values]

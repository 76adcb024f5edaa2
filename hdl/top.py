"""The core: a stream of frames in, a stream of results out, and a bus to everything inside.

A step: the frame is taken; synapse pass, trace unit and neuron unit run side by side, all reading
what the previous step left and writing the other half of the double-buffered memories; the result
is sent.  Each part goes on to the next step when what it needs is there (``hdl.steps``).
docs/architecture.md has the cycles that a step takes.
"""

from amaranth.hdl import Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.config import Config
from hdl.delay import delayed
from hdl.descriptor import DescriptorTable, population_fields, projection_fields
from hdl.frame import FrameUnit
from hdl.measures import Measures
from hdl.memory import BUS, HELD
from hdl.neuron import NEURON_STATE_SHAPES, OLD_STATES
from hdl.neurons import NeuronUnit
from hdl.primitives.local_copy import local_copy
from hdl.region import BEHIND, OFFSET_BITS, Region
from hdl.registers import Registers
from hdl.result import ResultUnit
from hdl.select import select
from hdl.steps import COUNTERS, Steps
from hdl.synapses import SynapsePass
from hdl.traces import TraceUnit

__all__ = ["Core"]

READ_CLOCKS = 17
"""Clocks an access holds the bus: the slowest memory (a lane among many) answers before."""


class Core(wiring.Component):
    """The whole core.

    frame_*, result_*   streams of 32-bit words, transferred where valid and ready (hdl/frame.py);
                        ``frame_abort`` drops a frame that is not whole yet
    bus_*               held until ``bus_acknowledge``; served between frames, 20 clocks a word
    """

    def __init__(self, config: Config):
        self.config = config
        super().__init__({
            "frame_data": In(32), "frame_valid": In(1), "frame_ready": Out(1),
            "frame_abort": In(1),
            "result_data": Out(32), "result_valid": Out(1), "result_ready": In(1),
            "bus_request": In(1), "bus_write": In(1), "bus_address": In(OFFSET_BITS + 5),
            "bus_write_data": In(32), "bus_acknowledge": Out(1), "bus_read_data": Out(32),
        })

    def _serve(self, m, idle, frame, result, bus):
        """Turn requests of the host (between frames) and of the probes into bus accesses."""
        count, read, done = Signal(range(READ_CLOCKS + 1)), Signal(32), Signal()
        # Only with a request that was there a clock ago: since then no frame can have begun.
        granted, requested = Signal(), Signal()
        m.d.sync += granted.eq(idle & self.bus_request)
        address = Mux(granted, self.bus_address, result.probe_address)
        m.d.comb += [
            requested.eq((granted & self.bus_request) | result.probe),
            frame.hold.eq(self.bus_request), frame.abort.eq(self.frame_abort),
            done.eq(count == READ_CLOCKS),
            self.bus_acknowledge.eq(done & granted), result.probed.eq(done & ~granted),
            self.bus_read_data.eq(read), result.probe_data.eq(read)]
        m.d.sync += [
            bus.region.eq(address[OFFSET_BITS:]), bus.offset.eq(address[:OFFSET_BITS]),
            bus.data.eq(self.bus_write_data), bus.active.eq(requested & ~done),
            bus.write.eq(granted & self.bus_write & (count == HELD)),
            count.eq(Mux(requested & ~done, count + 1, 0))]
        return read

    def _answer(self, m, platform, bus, read, registers, synapses, traces, neurons, measures):
        """The word at the bus's address, sign-extended where it is a number."""
        values = {Region[name.upper()]: (getattr(neurons, f"{name}_data"),
                                         NEURON_STATE_SHAPES[name].signed) for name in OLD_STATES}
        values |= {
            Region.REGISTERS: (registers.data, False), Region.TABLES: (neurons.table_data, True),
            Region.R: (traces.rate_data, True), Region.XI: (traces.xi_data, True),
            Region.LOW: (traces.low_data, True), Region.PSI: (traces.psi_data, True),
            Region.PSI_XI: (traces.psi_xi_data, True), Region.WORD: (synapses.word_data, False),
            Region.ALPHA: (measures.alpha_data, True),
            Region.ENERGY: (measures.energy_data, True), Region.COST: (measures.cost_data, True),
            Region.W: (synapses.weight_data, True), Region.B: (synapses.weight_data, True)}
        if self.config.eligibility:
            self._answer_upper(bus, values, synapses, neurons)
        words = []
        for region in range(1 << len(bus.region)):
            value, is_signed = values.get(region, (Const(0, 1), False))
            words.append(Signal(32, name=f"answer_{region}", reset_less=True))
            # A clock for the way from the memories, where it is long.
            m.d["comb" if self.config.compact else "sync"] += words[-1].eq(
                value.as_signed() if is_signed else value)
        m.d.comb += read.eq(select(m, words, bus.region, platform, name="answer",
                                   radix_bits=self.config.choice_bits))

    @staticmethod
    def _answer_upper(bus, values, synapses, neurons):
        """What eligibilities add is behind other states, all of them signed."""
        for name, value in (("above", synapses.above_data), ("slope", synapses.slope_data),
                            ("explored", neurons.explored_data), ("slopes", neurons.slopes_data),
                            ("eligibility", synapses.e_data), ("momentum", synapses.m_data)):
            lower, _ = values[BEHIND[name]]
            values[BEHIND[name]] = (
                Mux(bus.offset[-1], value.as_signed(), lower.as_signed()), True)

    def elaborate(self, platform):
        m = Module()
        config = self.config
        m.submodules.steps = steps = Steps()
        m.submodules.frame = frame = FrameUnit(config)
        m.submodules.result = result = ResultUnit(config)
        m.submodules.registers = registers = Registers(config)
        m.submodules.synapses = synapses = SynapsePass(config)
        m.submodules.traces = traces = TraceUnit(config)
        m.submodules.neurons = neurons = NeuronUnit(config)
        m.submodules.measures = measures = Measures(config)
        m.submodules.population_table = populations = DescriptorTable(
            population_fields(config), depth=config.populations, region=Region.POPULATIONS,
            readers=[neurons.data.shape(), measures.descriptor.shape()])
        m.submodules.projection_table = projections = DescriptorTable(
            projection_fields(config), depth=config.projections, region=Region.PROJECTIONS,
            readers=[synapses.data.shape(), traces.data.shape()])

        all_sent = Signal()
        m.d.sync += all_sent.eq(steps.idle)
        bus, idle = BUS.create(), all_sent & frame.idle
        users = {"result": result, "registers": registers, "synapses": synapses, "traces": traces,
                 "neurons": neurons, "measures": measures, "populations": populations,
                 "projections": projections}

        def told(value, name):
            """... a clock later: to each user by registers of its own, or, of a small core, to all
            by the same."""
            if config.compact:
                return delayed(m, value, 1, name)
            return local_copy(m, value, platform, name=name)

        for user, part in users.items():
            for name in BUS.members:
                value = getattr(bus, name)
                if config.eligibility and name == "write":
                    value = value & ~bus.offset[-1]
                m.d.comb += getattr(part.bus, name).eq(told(value, f"{user}_bus_{name}"))
        if config.eligibility:
            for user in ("synapses", "neurons"):
                m.d.comb += users[user].write_upper.eq(
                    told(bus.write & bus.offset[-1], f"{user}_write_upper"))
        read = self._serve(m, idle, frame, result, bus)
        self._answer(m, platform, bus, read, registers, synapses, traces, neurons, measures)

        for name in ("frame_data", "frame_valid"):
            m.d.comb += getattr(frame, name).eq(getattr(self, name))
        m.d.comb += [
            self.frame_ready.eq(frame.frame_ready), self.result_data.eq(result.result_data),
            self.result_valid.eq(result.result_valid), result.result_ready.eq(self.result_ready)]
        self._connect_steps(m, steps, registers, frame, result, synapses, traces, neurons)
        self._connect_engines(m, platform, bus, frame, registers, synapses, traces, neurons,
                              result)
        m.d.comb += [
            registers.working.eq(
                ~(steps.idle & frame.idle) | (frame.frame_valid & frame.frame_ready)),
            populations.number_0.eq(neurons.number), neurons.data.eq(populations.data_0),
            projections.number_0.eq(synapses.number), synapses.data.eq(projections.data_0),
            projections.number_1.eq(traces.number), traces.data.eq(projections.data_1),
            populations.number_1.eq(neurons.leaving.number),
            measures.descriptor.eq(populations.data_1), measures.leaving.eq(neurons.leaving),
            *([measures.squares.eq(neurons.squares)] if config.neuron_clocks > 1 else []),
            measures.host_half.eq(registers.parity),
            # The walk that was begun last, and the step that the traces are in.
            measures.half_0.eq(~steps.recorded[0]), measures.half_1.eq(steps.traced[0]),
            measures.number_0.eq(neurons.alpha_number), neurons.alpha.eq(measures.alpha_0),
            measures.number_1.eq(traces.alpha_number), traces.alpha.eq(measures.alpha_1)]
        self._count(m, registers, synapses, traces, neurons, measures)
        return m

    @staticmethod
    def _connect_steps(m, steps, registers, frame, *parts):
        """Every part counts what it has done, and sees what it asks for by name."""
        for part in (frame, *parts):
            members = part.signature.members
            for name in COUNTERS:
                if f"{name}_done" in members:
                    m.d.comb += getattr(steps, f"{name}_done").eq(getattr(part, f"{name}_done"))
                if name in members:
                    m.d.comb += getattr(part, name).eq(getattr(steps, name))
            for name in members:
                if name.startswith("may_"):
                    m.d.comb += getattr(part, name).eq(getattr(steps, name))
        m.d.sync += steps.learns_tau.eq(registers.learning_taus != 0)
        m.d.comb += [
            steps.set.eq(registers.set_parity), steps.parity.eq(registers.written_parity),
            frame.answered.eq(steps.idle),
            registers.parity.eq(steps.settled[0]), registers.stepped.eq(steps.sent_done)]

    def _connect_engines(self, m, platform, bus, frame, registers, synapses, traces, neurons,
                         result):
        for engine in (synapses, traces, neurons):
            m.d.comb += [engine.header_0.eq(frame.header_0), engine.header_1.eq(frame.header_1)]
        # The inputs' rates are those of the step itself, not what it leaves to the next.
        rate_half = Signal(reset_less=True)
        m.d.sync += rate_half.eq(
            registers.parity ^ (bus.offset[self.config.lane_bits:] < registers.input_rows))
        for engine in (synapses, traces):
            m.d.comb += [
                engine.count.eq(registers.projections), engine.input_rows.eq(registers.input_rows),
                engine.rate_half.eq(rate_half),
                engine.passed.eq(neurons.passed)]
        m.d.comb += [
            frame.inputs.eq(registers.inputs), frame.outputs.eq(registers.outputs),
            frame.rates_busy.eq(neurons.posts),
            result.probing.eq(frame.probing), result.probe_step.eq(frame.probe_step),
            result.outputs.eq(registers.outputs), result.probes.eq(registers.probes),
            synapses.host_half.eq(registers.parity), traces.host_half.eq(registers.parity),
            neurons.count.eq(registers.populations), neurons.complete.eq(synapses.complete),
            neurons.lands.eq(synapses.landed_done),
            neurons.set.eq(registers.set_parity), neurons.parity.eq(registers.written_parity),
            synapses.total_slot.eq(neurons.total_slot), neurons.total.eq(synapses.total),
            synapses.sum_slot.eq(neurons.sum_slot),
            neurons.errors_above.eq(synapses.errors_above),
            frame.teach_index.eq(neurons.teach_index), frame.teach_half.eq(neurons.teach_half),
            neurons.teach.eq(frame.teach), neurons.kind.eq(frame.kind),
            neurons.set_generator.eq(registers.set_generator),
            registers.generator.eq(neurons.generator)]
        wiring.connect(m, neurons.post, synapses.post)
        wiring.connect(m, traces.trace_write, synapses.trace_write)
        wiring.connect(m, neurons.result, result.result)
        source, other = frame.input_write, neurons.rate_write
        for name, engine in (("synapses", synapses), ("traces", traces)):
            mine = local_copy(m, frame.input_writes, platform, name=f"{name}_input")
            m.d.comb += [
                getattr(engine.rate_write, part).eq(
                    Mux(mine, getattr(source, part), getattr(other, part)))
                for part in source.signature.members]

    @staticmethod
    def _count(m, registers, synapses, traces, neurons, measures):
        events = neurons.saturations
        m.d.comb += [
            registers.hit_current.eq(events.current), registers.hit_membrane.eq(events.membrane),
            registers.hit_rate.eq(events.rate + traces.hits),
            registers.hit_error.eq(events.error + measures.hits),
            registers.hit_bias.eq(events.bias), registers.hit_weight.eq(synapses.weight_hits),
            registers.hit_factor.eq(synapses.factor_hit + events.factor),
            registers.hit_mirror.eq(synapses.mirror_hit)]

// Drives a Verilated component clock by clock from arrays: one row of words in, one row out.
//
// In a cycle the inputs change with the clock low, the model settles, the outputs are sampled, the
// clock rises.  Ports i and o are wider than 64 bits, so that Verilator keeps both as arrays.

#include <cstddef>
#include <cstdint>
#include <memory>

#include "Vcore.h"
#include "verilated.h"

extern "C" void vectors_run(const uint32_t* in, size_t n_in, uint32_t* out, size_t n_out,
                            size_t cycles) {
    const std::unique_ptr<VerilatedContext> context{new VerilatedContext};
    const std::unique_ptr<Vcore> top{new Vcore{context.get(), "core"}};
    for (size_t cycle = 0; cycle < cycles; ++cycle) {
        for (size_t n = 0; n < n_in; ++n) top->i[n] = *in++;
        top->clk = 0;
        top->eval();
        for (size_t n = 0; n < n_out; ++n) *out++ = top->o[n];
        top->clk = 1;
        top->eval();
    }
    top->final();
}

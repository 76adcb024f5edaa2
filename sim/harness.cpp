// Drives the Verilated core in blocks: two evaluations a cycle, no work between calls.
//
// A cycle is: inputs change with the clock low, the model settles, outputs are sampled, the clock
// rises.  A word moves over a stream in a cycle where valid and ready are both sampled high.

#include <cstddef>
#include <cstdint>
#include <memory>

#include "Vcore.h"
#include "verilated.h"

namespace {

enum Status : int { kDone = 0, kStuck = 1 };

class Core {
public:
    Core() : context_{new VerilatedContext}, top_{new Vcore{context_.get(), "core"}} { reset(); }
    ~Core() { top_->final(); }

    void reset() {
        top_->frame_valid = top_->result_ready = top_->bus_request = top_->bus_write = 0;
        top_->rst = 1;
        for (int n = 0; n < 4; ++n) { settle(); rise(); }
        top_->rst = 0;
    }

    // Stalls of both streams: each side pauses in a share of 256 cycles, drawn from the seed.
    void stall(uint32_t share, uint64_t seed) {
        stall_share_ = share;
        random_ = seed * 0x9E3779B97F4A7C15ull | 1;
    }

    Status run(const uint32_t* in, size_t n_in, uint32_t* out, size_t n_out, uint64_t patience) {
        return stall_share_ ? transfer<true>(in, n_in, out, n_out, patience)
                            : transfer<false>(in, n_in, out, n_out, patience);
    }

    Status bus(const uint32_t* addresses, const uint32_t* written, uint32_t* read, size_t n,
               uint64_t patience) {
        top_->bus_request = 1;
        top_->bus_write = written != nullptr;
        uint64_t idle = 0;
        for (size_t done = 0; done < n && idle < patience;) {
            top_->bus_address = addresses[done];
            if (written) top_->bus_write_data = written[done];
            settle();
            const bool acknowledged = top_->bus_acknowledge;
            if (acknowledged && read) read[done] = top_->bus_read_data;
            rise();
            done += acknowledged;
            idle = acknowledged ? 0 : idle + 1;
        }
        top_->bus_request = top_->bus_write = 0;
        return idle < patience ? kDone : kStuck;
    }

    uint64_t cycles() const { return cycles_; }

private:
    void settle() { top_->clk = 0; top_->eval(); }
    void rise() { top_->clk = 1; top_->eval(); ++cycles_; }

    bool stalled() {
        random_ ^= random_ << 13;
        random_ ^= random_ >> 7;
        random_ ^= random_ << 17;
        return (random_ >> 32 & 255) < stall_share_;
    }

    template <bool kStalls>
    Status transfer(const uint32_t* in, size_t n_in, uint32_t* out, size_t n_out,
                    uint64_t patience) {
        const uint32_t *const in_end = in + n_in, *const out_end = out + n_out;
        uint64_t idle = 0;
        bool offered = false;  // A word once offered stays offered until it is taken.
        while ((in != in_end || out != out_end) && idle < patience) {
            offered = in != in_end && (!kStalls || offered || !stalled());
            top_->frame_valid = offered;
            if (offered) top_->frame_data = *in;
            top_->result_ready = out != out_end && (!kStalls || !stalled());
            settle();
            const bool sent = offered && top_->frame_ready;
            const bool received = top_->result_ready && top_->result_valid;
            if (received) *out++ = top_->result_data;
            rise();
            in += sent;
            offered = offered && !sent;
            idle = sent || received ? 0 : idle + 1;
        }
        top_->frame_valid = top_->result_ready = 0;
        return idle < patience ? kDone : kStuck;
    }

    std::unique_ptr<VerilatedContext> context_;
    std::unique_ptr<Vcore> top_;
    uint64_t cycles_ = 0, random_ = 1;
    uint32_t stall_share_ = 0;
};

}  // namespace

extern "C" {

Core* core_create() { return new Core; }
void core_destroy(Core* core) { delete core; }
void core_reset(Core* core) { core->reset(); }
void core_stall(Core* core, uint32_t share, uint64_t seed) { core->stall(share, seed); }
uint64_t core_cycles(const Core* core) { return core->cycles(); }

int core_run(Core* core, const uint32_t* in, size_t n_in, uint32_t* out, size_t n_out,
             uint64_t patience) {
    return core->run(in, n_in, out, n_out, patience);
}

int core_read(Core* core, const uint32_t* addresses, uint32_t* values, size_t n,
              uint64_t patience) {
    return core->bus(addresses, nullptr, values, n, patience);
}

int core_write(Core* core, const uint32_t* addresses, const uint32_t* values, size_t n,
               uint64_t patience) {
    return core->bus(addresses, values, nullptr, n, patience);
}

}  // extern "C"

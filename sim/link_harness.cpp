// Drives the Verilated core behind its link, byte by byte, as a line of a given speed would.
//
// A cycle is: inputs change with the clock low, the model settles, outputs are sampled, the clock
// rises.  Each direction moves at most one byte every `pace` cycles.

#include <cstddef>
#include <cstdint>
#include <memory>

#include "Vcore.h"
#include "verilated.h"

namespace {

class Link {
public:
    explicit Link(uint64_t pace)
        : context_{new VerilatedContext}, top_{new Vcore{context_.get(), "core"}}, pace_{pace} {
        top_->rx_valid = top_->rx_error = top_->tx_ready = 0;
        top_->rst = 1;
        for (int n = 0; n < 4; ++n) { settle(); rise(); }
        top_->rst = 0;
    }
    ~Link() { top_->final(); }

    // Feeds bytes and collects answers until `cycles` have passed, a packet has ended (a zero
    // byte), `n_out` bytes came, or nothing is left to do.
    void exchange(const uint8_t* in, size_t n_in, size_t* taken, uint8_t* out, size_t n_out,
                  size_t* given, uint64_t cycles) {
        *taken = *given = 0;
        for (const uint64_t end = cycles_ + cycles; cycles_ < end && *given < n_out;) {
            const bool feed = *taken < n_in && cycles_ >= rx_free_;
            top_->rx_valid = feed;
            if (feed) top_->rx_data = in[*taken];
            top_->tx_ready = cycles_ >= tx_free_;
            settle();
            const bool sent = top_->tx_valid && top_->tx_ready;
            const uint8_t byte = top_->tx_data;
            const bool idle = !feed && *taken == n_in && !top_->busy && !top_->tx_valid &&
                              cycles_ >= rx_free_ && cycles_ >= tx_free_;
            rise();
            if (feed) { ++*taken; rx_free_ = cycles_ - 1 + pace_; }
            if (sent) {
                out[(*given)++] = byte;
                tx_free_ = cycles_ - 1 + pace_;
                if (byte == 0) break;
            }
            // A byte just taken shows in `busy` a few clocks later.
            quiet_ = idle ? quiet_ + 1 : 0;
            if (quiet_ > kQuiet) break;
        }
        top_->rx_valid = top_->tx_ready = 0;
    }

    uint64_t cycles() const { return cycles_; }
    bool idle() const { return quiet_ > kQuiet; }

private:
    static constexpr unsigned kQuiet = 8;

    void settle() { top_->clk = 0; top_->eval(); }
    void rise() { top_->clk = 1; top_->eval(); ++cycles_; }

    std::unique_ptr<VerilatedContext> context_;
    std::unique_ptr<Vcore> top_;
    uint64_t cycles_ = 0, pace_, rx_free_ = 0, tx_free_ = 0;
    unsigned quiet_ = 0;
};

}  // namespace

extern "C" {

Link* link_create(uint64_t pace) { return new Link{pace}; }
void link_destroy(Link* link) { delete link; }
uint64_t link_cycles(const Link* link) { return link->cycles(); }
int link_idle(const Link* link) { return link->idle(); }
void link_exchange(Link* link, const uint8_t* in, size_t n_in, size_t* taken, uint8_t* out,
                   size_t n_out, size_t* given, uint64_t cycles) {
    link->exchange(in, n_in, taken, out, n_out, given, cycles);
}

}  // extern "C"

// The columns phase: a strip of a kernel forms its gradient over all rows of the batch in a block
// that stays in the first cache, and the optimizer's kernel applies it to the same strip of
// parameters and slots. No gradient array is ever written to memory.
#pragma once

#include "engine/context.hpp"
#include "engine/share.hpp"

namespace kudari {

// One strip of a kernel, or a whole bias.
struct Strip {
    const Op* op;
    std::size_t row, rows, column, width; // a bias: rows = 0
    std::size_t cost() const { return (rows + 1) * width; }
};

// All strips of a plan's trainable layers, in an order that both threads and cache lines like.
template <class T>
std::vector<Strip> make_strips(const Plan& plan, const Parameters<T>& parameters);

// The strips of thread `rank` of `threads`, about an equal part of the work.
Share strips_of(const std::vector<Strip>& strips, int rank, int threads);

template <class T> class ColumnsPhase {
  public:
    ColumnsPhase(Context<T> context, const std::vector<Strip>& strips);

    // One update of the strips of `share` from the gradients the rows phase has left; scalars are
    // the optimizer's for this step.
    void run(Share share, std::size_t rows, const T* scalars);

  private:
    void update_kernel(const Strip& strip, std::size_t rows, const T* scalars);
    void update_bias(const Strip& strip, std::size_t rows, const T* scalars);
    void apply(std::size_t offset, std::size_t size, const T* scalars);

    Context<T> c_;
    const std::vector<Strip>& strips_;
    Buffer<T> gradient_;
};

} // namespace kudari

// The columns phase: a block of strips of a kernel forms its gradient over all rows of the batch in
// a buffer that stays in the nearest caches, and the optimizer's kernel applies it to the same
// strips of parameters and slots. No gradient array is ever written to memory.
#pragma once

#include "engine/context.hpp"
#include "engine/strips.hpp"

namespace kudari {

template <class T> class ColumnsPhase {
  public:
    // For blocks of at most `values` values.
    ColumnsPhase(Context<T> context, std::size_t values) : c_(context), gradient_(values) {}

    // One update of `blocks`, a thread's, from the gradients the
    // rows phase has left; scalars are the optimizer's for this step.
    void run(const std::vector<Block>& blocks, std::size_t rows, const T* scalars);

  private:
    void form_gradients(const Block& block, std::size_t rows);
    void sum_gradients(const Strip& bias, std::size_t rows);
    void apply(const Strip& strip, const T* gradient, const T* scalars);

    Context<T> c_;
    Buffer<T> gradient_;
};

} // namespace kudari

// The columns phase: a strip of a kernel forms its gradient over all rows of the batch in a block
// that stays in the first cache, and the optimizer's kernel applies it to the same strip of
// parameters and slots. No gradient array is ever written to memory.
#pragma once

#include "engine/context.hpp"

namespace kudari {

template <class T> class ColumnsPhase {
  public:
    explicit ColumnsPhase(Context<T> context) : c_(context), gradient_(strip_size(context)) {}

    // One update from the gradients the rows phase has left; scalars are the optimizer's for this
    // step.
    void run(std::size_t rows, const T* scalars);

  private:
    static std::size_t strip_size(const Context<T>& c);
    void update_kernel(const Op& op, std::size_t rows, const T* scalars);
    void update_bias(const Op& op, std::size_t rows, const T* scalars);
    void apply(std::size_t offset, std::size_t size, const T* scalars);

    Context<T> c_;
    Buffer<T> gradient_;
};

} // namespace kudari

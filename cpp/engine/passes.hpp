// What one thread does to a part of a batch: each operation of the plan, forward and backward, the
// loss and the metrics.
#pragma once

#include <atomic>

#include "engine/context.hpp"
#include "engine/share.hpp"

namespace kudari {

// What keys a step's random numbers.
struct RandomKey {
    std::uint64_t seed, step;
};

// How a batch's loss enters its gradient and the totals.
template <class T> struct Scaling {
    T gradient, total;
};

// Rows [row, row + rows) and columns [column, column + columns) of a stage.
struct Region {
    std::size_t row, rows, column, columns;
};

template <class T> Strided<T> at(Strided<T> stage, Region r) {
    return {stage.data + r.row * stage.stride + r.column, stage.stride};
}

// Rows go to threads by whole tiles of the matrix product, of any instruction set.
inline constexpr std::size_t kRowGrain = 8;

// Rows of `columns` values that are taken together, so that they stay in the second cache.
template <class T> std::size_t block_rows(std::size_t columns);

template <class T> class Passes {
  public:
    Passes(Context<T> context, bool training);

    // The rows that selections are of, from now on. `alarm`, unless null, is raised where x, a
    // row's loss or the last gradient on the way back is not finite: what is not finite between
    // them reaches one of them, or spoils an update (see Network::finite).
    void read(const Rows& rows, std::atomic<bool>* alarm = nullptr) {
        rows_ = rows;
        alarm_ = alarm;
    }
    const Context<T>& context() const { return c_; }
    // The scaling of a batch of `count` selected rows.
    Scaling<T> scaling(Selection selection, std::size_t count) const;
    void load_input(Selection selection, std::size_t first, std::size_t rows);
    void load_targets(Selection selection, Share share);
    // Writes `region` of the operation's output from all columns of its input. Without a key as in
    // inference. Operations that are not elementwise, dense ones apart, take whole rows.
    void forward(std::size_t op, Region region, const RandomKey* key);
    // Writes `region` of the gradient by the operation's input.
    void backward(std::size_t op, Region region);
    // The loss per row and, with a scale, the gradient by the stage it reads.
    void loss(std::size_t first, std::size_t rows, const T* gradient_scale);
    void metrics(std::size_t first, std::size_t rows);

  private:
    static std::size_t group_columns(std::size_t units);
    bool whole(std::size_t stage, Region region) const;
    // Raises the alarm where a number of the region of a stage, `columns` wide, is not finite.
    void watch(Strided<T> stage, Region region, std::size_t columns) const;
    void forward_dense(const Op& op, Region region);
    void activate(const Op& op, Region region);
    void drop(std::size_t op, Region region, RandomKey key);
    LossArgs<T> arguments(const ValueRef& ref, std::size_t stage, std::size_t first,
                          std::size_t rows, std::size_t value) const;
    void backward_dense(const Op& op, Region region);
    void backward_activation(const Op& op, Region region);
    void backward_drop(std::size_t op, Region region);

    Context<T> c_;
    Rows rows_;
    std::atomic<bool>* alarm_ = nullptr;
    Buffer<T> transposed_; // a few panels of one kernel
};

} // namespace kudari

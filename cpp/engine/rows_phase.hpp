// The rows phase: rows of a batch go forward, through the loss and back, a block at a time, and no
// row waits for another.
#pragma once

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

template <class T> class RowsPhase {
  public:
    RowsPhase(Context<T> context, const Rows& rows) : c_(context), rows_(rows) {}

    // The scaling of a batch of `count` selected rows.
    Scaling<T> scaling(Selection selection, std::size_t count) const;
    // Forward, loss, metrics and backward for the rows of `share`, of a batch of the selected rows.
    void train(Selection selection, Share share, T gradient_scale, RandomKey key);
    // Forward, loss and metrics, as in inference.
    void evaluate(Selection selection, Share share);
    // Forward only; the outputs are left in the last stage.
    void predict(Selection selection, Share share);

  private:
    void forward(Selection selection, std::size_t first, std::size_t rows, std::size_t ops,
                 const RandomKey* key);
    void forward_dense(const Op& op, std::size_t first, std::size_t rows);
    void activate(const Op& op, std::size_t first, std::size_t rows);
    void drop(std::size_t op, std::size_t first, std::size_t rows, RandomKey key);
    void load_input(Selection selection, std::size_t first, std::size_t rows);
    void load_targets(Selection selection, Share share);
    LossArgs<T> arguments(const ValueRef& ref, std::size_t stage, std::size_t first,
                          std::size_t rows, std::size_t value) const;
    void loss(std::size_t first, std::size_t rows, const T* gradient_scale);
    void metrics(std::size_t first, std::size_t rows);
    void backward(std::size_t first, std::size_t rows);
    void backward_dense(const Op& op, std::size_t first, std::size_t rows);
    void backward_activation(const Op& op, std::size_t first, std::size_t rows);
    void backward_drop(std::size_t op, std::size_t first, std::size_t rows);

    Context<T> c_;
    const Rows& rows_;
};

} // namespace kudari

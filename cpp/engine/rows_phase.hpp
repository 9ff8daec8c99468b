// The rows phase by rows: a thread takes its rows through the whole net and back, a block at a
// time, and meets nobody. For small nets, whose weights cross between threads faster than
// activations.
#pragma once

#include "engine/passes.hpp"

namespace kudari {

template <class T> class RowsPhase {
  public:
    explicit RowsPhase(Passes<T>& passes);

    // Forward, loss, metrics and backward for the rows of `share`, of a batch of the selected rows.
    void train(Selection selection, Share share, T gradient_scale, RandomKey key);
    // Forward, loss and metrics, as in inference.
    void evaluate(Selection selection, Share share);
    // Forward only; the outputs are left in the last stage.
    void predict(Selection selection, Share share);

  private:
    template <class F> void for_each_block(Share share, F f) const;
    void forward(Selection selection, std::size_t first, std::size_t rows, std::size_t ops,
                 const RandomKey* key);
    void backward(std::size_t first, std::size_t rows);

    Passes<T>& passes_;
    const Context<T>& c_;
    std::size_t block_;
};

} // namespace kudari

#include "engine/rows_phase.hpp"

#include <algorithm>

namespace kudari {

template <class T>
RowsPhase<T>::RowsPhase(Passes<T>& passes)
    : passes_(passes), c_(passes.context()), block_(block_rows<T>(c_.plan.widest())) {}

template <class T> template <class F> void RowsPhase<T>::for_each_block(Share share, F f) const {
    for (std::size_t first = share.first; first < share.end; first += block_)
        f(first, std::min(block_, share.end - first));
}

template <class T>
void RowsPhase<T>::train(Selection selection, Share share, T gradient_scale, RandomKey key) {
    passes_.load_targets(selection, share);
    const std::size_t ops = c_.forward_ops();
    for_each_block(share, [&](std::size_t first, std::size_t rows) {
        forward(selection, first, rows, ops, &key);
        passes_.loss(first, rows, &gradient_scale);
        passes_.metrics(first, rows);
        backward(first, rows);
    });
}

template <class T> void RowsPhase<T>::evaluate(Selection selection, Share share) {
    passes_.load_targets(selection, share);
    for_each_block(share, [&](std::size_t first, std::size_t rows) {
        forward(selection, first, rows, c_.plan.ops.size(), nullptr);
        passes_.loss(first, rows, nullptr);
        passes_.metrics(first, rows);
    });
}

template <class T> void RowsPhase<T>::predict(Selection selection, Share share) {
    for_each_block(share, [&](std::size_t first, std::size_t rows) {
        forward(selection, first, rows, c_.plan.ops.size(), nullptr);
    });
}

template <class T>
void RowsPhase<T>::forward(Selection selection, std::size_t first, std::size_t rows,
                           std::size_t ops, const RandomKey* key) {
    passes_.load_input(selection, first, rows);
    for (std::size_t i = 0; i < ops; ++i)
        passes_.forward(i, {first, rows, 0, c_.plan.stages[c_.plan.ops[i].out].width}, key);
}

template <class T> void RowsPhase<T>::backward(std::size_t first, std::size_t rows) {
    for (std::size_t i = c_.loss_ops(); i-- > c_.first_trained() + 1;)
        passes_.backward(i, {first, rows, 0, c_.plan.stages[c_.plan.ops[i].in].width});
}

template class RowsPhase<float>;
template class RowsPhase<double>;

} // namespace kudari

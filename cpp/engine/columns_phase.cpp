#include "engine/columns_phase.hpp"

#include <algorithm>

namespace kudari {

template <class T>
void ColumnsPhase<T>::run(const std::vector<Block>& blocks, std::size_t rows, const T* scalars) {
    for (const Block& block : blocks) {
        if (block.front().rows)
            form_gradients(block, rows);
        else
            sum_gradients(block.front(), rows);
        const T* gradient = gradient_.data();
        for (const Strip& strip : block) {
            apply(strip, gradient, scalars);
            gradient += strip.size();
        }
    }
}

// The chunks of rows come one after the other, so each sum is one chain over the batch.
template <class T> void ColumnsPhase<T>::form_gradients(const Block& block, std::size_t rows) {
    const Op& op = *block.front().op;
    for (std::size_t row = 0; row < rows; row += kChunkRows) {
        const Strided<const T> x = readable(c_.work.stage(op.in, row));
        const Strided<const T> g = readable(c_.work.grad(op.out, row));
        const std::size_t count = std::min(kChunkRows, rows - row);
        T* gradient = gradient_.data();
        for (const Strip& strip : block) {
            c_.kernels.matrix.outer({x.data + strip.row, x.stride},
                                    {g.data + strip.column, g.stride}, gradient, count, strip.rows,
                                    strip.width, row > 0);
            gradient += strip.size();
        }
    }
}

template <class T> void ColumnsPhase<T>::sum_gradients(const Strip& bias, std::size_t rows) {
    c_.kernels.matrix.column_sums(readable(c_.work.grad(bias.op->out)), gradient_.data(), rows,
                                  bias.width);
}

template <class T>
void ColumnsPhase<T>::apply(const Strip& strip, const T* gradient, const T* scalars) {
    const DenseWeights& d = c_.parameters.dense()[strip.op->index];
    const std::size_t offset =
        strip.rows ? d.kernel + strip.column * d.inner + strip.row * strip.width : d.bias;
    const auto& optimizer = c_.kernels.optimizers.entries[c_.objective->optimizer];
    T* slots[kMostSlots] = {};
    for (int s = 0; s < optimizer.slots; ++s)
        slots[s] = c_.parameters.slot(std::size_t(s)) + offset;
    optimizer.update(c_.parameters.values() + offset, gradient, slots, scalars, strip.size());
}

template class ColumnsPhase<float>;
template class ColumnsPhase<double>;

} // namespace kudari

#include "engine/columns_phase.hpp"

#include <algorithm>

namespace kudari {

namespace {

// Rows of a strip: its gradient and the same of the parameters and slots fit the first cache.
constexpr std::size_t kStripRows = 48;
constexpr int kMaxSlots = 4;

} // namespace

template <class T> std::size_t ColumnsPhase<T>::strip_size(const Context<T>& c) {
    std::size_t size = kStripRows * kPanelWidth<T>;
    for (const DenseWeights& d : c.parameters.dense()) size = std::max(size, d.units);
    return size;
}

template <class T> void ColumnsPhase<T>::run(std::size_t rows, const T* scalars) {
    for (const Op& op : c_.plan.ops) {
        if (op.kind != LayerKind::dense) continue;
        const DenseWeights& d = c_.parameters.dense()[op.index];
        if (!d.trainable) continue;
        update_kernel(op, rows, scalars);
        if (d.use_bias) update_bias(op, rows, scalars);
    }
}

template <class T>
void ColumnsPhase<T>::update_kernel(const Op& op, std::size_t rows, const T* scalars) {
    const DenseWeights& d = c_.parameters.dense()[op.index];
    const Strided<const T> x = readable(c_.work.stage(op.in));
    const Strided<const T> g = readable(c_.work.grad(op.out));
    const bool transposed = op.index > 0; // the first layer's is never read
    for_each_panel<T>(d.inner, d.units, [&](std::size_t at, std::size_t j, std::size_t width) {
        for (std::size_t k = 0; k < d.inner; k += kStripRows) {
            const std::size_t height = std::min(kStripRows, d.inner - k);
            const std::size_t offset = d.kernel + at + k * width;
            c_.kernels.matrix.outer({x.data + k, x.stride}, {g.data + j, g.stride},
                                    gradient_.data(), rows, height, width);
            apply(offset, height * width, scalars);
            if (transposed)
                transpose_strip(c_.parameters.values() + offset, k, height, j, width, d.inner,
                                d.units, c_.parameters.transposed() + d.transposed);
        }
    });
}

template <class T>
void ColumnsPhase<T>::update_bias(const Op& op, std::size_t rows, const T* scalars) {
    const DenseWeights& d = c_.parameters.dense()[op.index];
    c_.kernels.matrix.column_sums(readable(c_.work.grad(op.out)), gradient_.data(), rows, d.units);
    apply(d.bias, d.units, scalars);
}

template <class T>
void ColumnsPhase<T>::apply(std::size_t offset, std::size_t size, const T* scalars) {
    const auto& optimizer = c_.kernels.optimizers.entries[c_.objective->optimizer];
    T* slots[kMaxSlots] = {};
    for (int s = 0; s < optimizer.slots; ++s)
        slots[s] = c_.parameters.slot(std::size_t(s)) + offset;
    optimizer.update(c_.parameters.values() + offset, gradient_.data(), slots, scalars, size);
}

template class ColumnsPhase<float>;
template class ColumnsPhase<double>;

} // namespace kudari

#include "engine/columns_phase.hpp"

#include <algorithm>

namespace kudari {

namespace {

// Rows of a strip: its gradient and the same of the parameters and slots fit the first cache.
constexpr std::size_t kStripRows = 48;
constexpr int kMaxSlots = 4;

} // namespace

template <class T>
std::vector<Strip> make_strips(const Plan& plan, const Parameters<T>& parameters) {
    std::vector<Strip> out;
    for (const Op& op : plan.ops) {
        if (op.kind != LayerKind::dense) continue;
        const DenseWeights& d = parameters.dense()[op.index];
        if (!d.trainable) continue;
        for_each_panel<T>(
            d.inner, d.units, [&](std::size_t, std::size_t column, std::size_t width) {
                for (std::size_t row = 0; row < d.inner; row += kStripRows)
                    out.push_back({&op, row, std::min(kStripRows, d.inner - row), column, width});
            });
        if (d.use_bias) out.push_back({&op, 0, 0, 0, d.units});
    }
    return out;
}
template std::vector<Strip> make_strips<float>(const Plan&, const Parameters<float>&);
template std::vector<Strip> make_strips<double>(const Plan&, const Parameters<double>&);

Share strips_of(const std::vector<Strip>& strips, int rank, int threads) {
    std::size_t total = 0;
    for (const Strip& strip : strips) total += strip.cost();
    const auto at = [&](int r) {
        const std::size_t before = total * std::size_t(r) / std::size_t(threads);
        std::size_t index = 0;
        for (std::size_t sum = 0; index < strips.size() && sum < before; ++index)
            sum += strips[index].cost();
        return index;
    };
    return {at(rank), at(rank + 1)};
}

template <class T>
ColumnsPhase<T>::ColumnsPhase(Context<T> context, const std::vector<Strip>& strips)
    : c_(context), strips_(strips) {
    std::size_t size = kStripRows * kPanelWidth<T>;
    for (const DenseWeights& d : c_.parameters.dense()) size = std::max(size, d.units);
    gradient_ = Buffer<T>(size);
}

template <class T> void ColumnsPhase<T>::run(Share share, std::size_t rows, const T* scalars) {
    for (std::size_t i = share.first; i < share.end; ++i) {
        if (strips_[i].rows)
            update_kernel(strips_[i], rows, scalars);
        else
            update_bias(strips_[i], rows, scalars);
    }
}

template <class T>
void ColumnsPhase<T>::update_kernel(const Strip& strip, std::size_t rows, const T* scalars) {
    const Op& op = *strip.op;
    const DenseWeights& d = c_.parameters.dense()[op.index];
    const Strided<const T> x = readable(c_.work.stage(op.in));
    const Strided<const T> g = readable(c_.work.grad(op.out));
    const std::size_t offset = d.kernel + strip.column * d.inner + strip.row * strip.width;
    c_.kernels.matrix.outer({x.data + strip.row, x.stride}, {g.data + strip.column, g.stride},
                            gradient_.data(), rows, strip.rows, strip.width);
    apply(offset, strip.rows * strip.width, scalars);
    if (op.index > 0) // the first layer's transposed kernel is never read
        transpose_strip(c_.parameters.values() + offset, strip.row, strip.rows, strip.column,
                        strip.width, d.inner, d.units, c_.parameters.transposed() + d.transposed);
}

template <class T>
void ColumnsPhase<T>::update_bias(const Strip& strip, std::size_t rows, const T* scalars) {
    const DenseWeights& d = c_.parameters.dense()[strip.op->index];
    c_.kernels.matrix.column_sums(readable(c_.work.grad(strip.op->out)), gradient_.data(), rows,
                                  d.units);
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

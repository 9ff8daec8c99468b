#include "engine/passes.hpp"

#include <algorithm>

#include "kernels/chunked_sum.hpp"
#include "kernels/random.hpp"

namespace kudari {

namespace {

// Floats of a block of rows that a product reads again for each panel: half of the second cache.
constexpr std::size_t kBlockBytes = 256 * 1024;
// Bytes of transposed panels that a thread makes at a time.
constexpr std::size_t kTransposedBytes = 256 * 1024;

// out = in * mask, the mask contiguous.
template <class T>
void multiply(Strided<T> in, const T* mask, Strided<T> out, std::size_t rows, std::size_t width) {
    for (std::size_t r = 0; r < rows; ++r)
        for (std::size_t j = 0; j < width; ++j)
            out.data[r * out.stride + j] = in.data[r * in.stride + j] * mask[r * width + j];
}

} // namespace

template <class T> std::size_t block_rows(std::size_t columns) {
    const std::size_t fit = kBlockBytes / sizeof(T) / std::max<std::size_t>(columns, 1);
    return std::clamp<std::size_t>(fit / kRowGrain * kRowGrain, 2 * kRowGrain, 8 * kRowGrain);
}
template std::size_t block_rows<float>(std::size_t);
template std::size_t block_rows<double>(std::size_t);

template <class T> Passes<T>::Passes(Context<T> context, bool training) : c_(context) {
    if (!training) return;
    std::size_t size = 0;
    for (const Op& op : c_.plan.ops)
        if (op.kind == LayerKind::dense) {
            const std::size_t units = c_.parameters.dense()[op.index].units;
            size = std::max(size, group_columns(units) * units);
        }
    transposed_ = Buffer<T>(size);
}

// Columns of a transposed kernel, whole panels, that are made at a time.
template <class T> std::size_t Passes<T>::group_columns(std::size_t units) {
    const std::size_t panel = units * kPanelWidth<T> * sizeof(T);
    return std::max<std::size_t>(1, kTransposedBytes / panel) * kPanelWidth<T>;
}

template <class T> void Passes<T>::forward(std::size_t op, Region region, const RandomKey* key) {
    const Op& o = c_.plan.ops[op];
    if (o.kind == LayerKind::dense)
        forward_dense(o, region);
    else if (o.kind == LayerKind::activation)
        activate(o, region);
    else if (key) // without one, the stage after a dropout is the stage before it
        drop(op, region, *key);
}

template <class T> void Passes<T>::backward(std::size_t op, Region region) {
    const Op& o = c_.plan.ops[op];
    if (o.kind == LayerKind::dense)
        backward_dense(o, region);
    else if (o.kind == LayerKind::activation)
        backward_activation(o, region);
    else
        backward_drop(op, region);
    if (op == c_.first_trained() + 1) watch(c_.work.grad(o.in), region, c_.plan.stages[o.in].width);
}

template <class T>
void Passes<T>::load_input(Selection selection, std::size_t first, std::size_t rows) {
    const Strided<T> x = c_.work.stage(0, first);
    gather(rows_.x, rows_.x_element, rows_.features, advance(selection, first), rows, x.data,
           x.stride);
    watch(c_.work.stage(0), {first, rows, 0, rows_.features}, rows_.features);
}

template <class T> void Passes<T>::forward_dense(const Op& op, Region r) {
    const DenseWeights& d = c_.parameters.dense()[op.index];
    const T* values = c_.parameters.values();
    c_.kernels.matrix.matmul(readable(c_.work.stage(op.in, r.row)),
                             values + d.kernel + r.column * d.inner,
                             d.use_bias ? values + d.bias + r.column : nullptr,
                             at(c_.work.stage(op.out), r), r.rows, d.inner, r.columns);
}

template <class T> void Passes<T>::activate(const Op& op, Region r) {
    const ActivationKernel<T>& kernel = c_.kernels.activations.entries[op.index];
    const Strided<T> x = at(c_.work.stage(op.in), r), y = at(c_.work.stage(op.out), r);
    if (!kernel.rowwise && x.stride == y.stride && whole(op.out, r))
        return kernel.forward(x.data, y.data, r.rows, x.stride); // the padding comes along
    for (std::size_t i = 0; i < r.rows; ++i)
        kernel.forward(x.data + i * x.stride, y.data + i * y.stride, 1, r.columns);
}

template <class T> void Passes<T>::drop(std::size_t op, Region r, RandomKey key) {
    const Op& o = c_.plan.ops[op];
    const std::size_t width = c_.plan.stages[o.out].width;
    T* mask = c_.work.mask(op) + r.row * width;
    c_.kernels.random.dropout_mask(o.seed.value_or(key.seed), o.stream, key.step, o.rate,
                                   r.row * width, mask, r.rows * width);
    multiply<T>(c_.work.stage(o.in, r.row), mask, c_.work.stage(o.out, r.row), r.rows, width);
}

template <class T> void Passes<T>::load_targets(Selection selection, Share share) {
    const std::size_t first = share.first, count = share.end - share.first;
    const Selection mine = advance(selection, first);
    if (c_.labels() == Labels::sparse)
        for (std::size_t i = 0; i < count; ++i) c_.work.labels()[first + i] = rows_.labels[mine[i]];
    else
        gather(rows_.y, kElement<T>, rows_.columns, mine, count,
               c_.work.targets() + first * rows_.columns, rows_.columns);
    if (rows_.weights)
        gather(rows_.weights, kElement<T>, 1, mine, count, c_.work.weights() + first, 1);
}

template <class T> Scaling<T> Passes<T>::scaling(Selection selection, std::size_t count) const {
    const T rows = T(count);
    if (c_.objective->reduction == Reduction::none) return {T(1), rows};
    if (c_.objective->reduction == Reduction::rows || !rows_.weights) return {T(1) / rows, T(1)};
    ChunkedSum sum;
    for (std::size_t i = 0; i < count; ++i)
        sum.add(static_cast<const T*>(rows_.weights) + selection[i], 1);
    const T total = T(sum.value());
    return total == T(0) ? Scaling<T>{T(0), T(0)} : Scaling<T>{T(1) / total, rows / total};
}

template <class T>
LossArgs<T> Passes<T>::arguments(const ValueRef& ref, std::size_t stage, std::size_t first,
                                 std::size_t rows, std::size_t value) const {
    const std::size_t columns = c_.plan.output_size();
    LossArgs<T> a{};
    a.y_true = c_.work.targets() + first * rows_.columns;
    a.labels = c_.work.labels() + first;
    a.y_pred = c_.work.stage(stage, first).data;
    a.loss = c_.work.row_values(value) + first;
    a.parameter = T(ref.parameter);
    a.rows = rows;
    a.columns = columns;
    return a;
}

template <class T>
void Passes<T>::loss(std::size_t first, std::size_t rows, const T* gradient_scale) {
    const ValueRef& ref = c_.objective->loss;
    const std::size_t stage = c_.loss_stage();
    LossArgs<T> a = arguments(ref, stage, first, rows, 0);
    if (rows_.weights) a.sample_weight = c_.work.weights() + first;
    if (gradient_scale) {
        a.grad = c_.work.grad(stage, first).data;
        a.scale = *gradient_scale;
    }
    c_.kernels.losses.entries[ref.index].run(a);
    watch({a.loss, 1}, {0, rows, 0, 1}, 1);
    if (a.grad && c_.loss_ops() == c_.first_trained() + 1)
        watch({a.grad, a.columns}, {0, rows, 0, a.columns}, a.columns);
}

template <class T> void Passes<T>::metrics(std::size_t first, std::size_t rows) {
    for (std::size_t m = 0; m < c_.objective->metrics.size(); ++m) {
        const ValueRef& ref = c_.objective->metrics[m];
        const auto& list = ref.is_loss ? c_.kernels.losses : c_.kernels.metrics;
        list.entries[ref.index].run(arguments(ref, c_.plan.output(), first, rows, 1 + m));
    }
}

// The transposed kernel is made here, a few panels at a time, for this thread's columns alone: kept
// beside the kernel it would cost an update its store, and wide nets the room in the last cache.
template <class T> void Passes<T>::backward_dense(const Op& op, Region r) {
    const DenseWeights& d = c_.parameters.dense()[op.index];
    const std::size_t group = group_columns(d.units), end = r.column + r.columns;
    const std::size_t block = block_rows<T>(d.units);
    for (std::size_t k = r.column; k < end; k += group) {
        const std::size_t columns = std::min(group, end - k);
        for (std::size_t p = 0; p < columns; p += kPanelWidth<T>)
            transpose_rows(c_.kernels.matrix, c_.parameters.values() + d.kernel, d.inner, d.units,
                           k + p, std::min(kPanelWidth<T>, columns - p),
                           transposed_.data() + p * d.units);
        for (std::size_t i = 0; i < r.rows; i += block) {
            const std::size_t row = r.row + i;
            const Strided<T> out = c_.work.grad(op.in, row);
            c_.kernels.matrix.matmul(readable(c_.work.grad(op.out, row)), transposed_.data(),
                                     nullptr, {out.data + k, out.stride},
                                     std::min(block, r.rows - i), d.units, columns);
        }
    }
}

template <class T> void Passes<T>::backward_activation(const Op& op, Region r) {
    const ActivationKernel<T>& kernel = c_.kernels.activations.entries[op.index];
    const Strided<T> y = at(c_.work.stage(op.out), r), g = at(c_.work.grad(op.out), r),
                     out = at(c_.work.grad(op.in), r);
    if (!kernel.rowwise && y.stride == out.stride && whole(op.out, r))
        return kernel.backward(y.data, g.data, out.data, r.rows, y.stride);
    for (std::size_t i = 0; i < r.rows; ++i)
        kernel.backward(y.data + i * y.stride, g.data + i * g.stride, out.data + i * out.stride, 1,
                        r.columns);
}

template <class T> void Passes<T>::backward_drop(std::size_t op, Region r) {
    const Op& o = c_.plan.ops[op];
    const std::size_t width = c_.plan.stages[o.out].width;
    multiply<T>(c_.work.grad(o.out, r.row), c_.work.mask(op) + r.row * width,
                c_.work.grad(o.in, r.row), r.rows, width);
}

template <class T> void Passes<T>::watch(Strided<T> stage, Region r, std::size_t columns) const {
    if (!alarm_) return;
    const Strided<T> part = at(stage, r);
    bool finite = true;
    if (r.columns == columns) // the padding is finite
        finite = c_.kernels.all_finite(part.data, r.rows * part.stride);
    else
        for (std::size_t i = 0; i < r.rows; ++i)
            finite &= c_.kernels.all_finite(part.data + i * part.stride, r.columns);
    if (!finite) alarm_->store(true, std::memory_order_relaxed);
}

template <class T> bool Passes<T>::whole(std::size_t stage, Region r) const {
    return r.column == 0 && r.columns == c_.plan.stages[stage].width;
}

template class Passes<float>;
template class Passes<double>;

} // namespace kudari

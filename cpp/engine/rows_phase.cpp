#include "engine/rows_phase.hpp"

#include <algorithm>

#include "kernels/chunked_sum.hpp"
#include "kernels/random.hpp"

namespace kudari {

namespace {

// Rows that go through the whole net together.
constexpr std::size_t kBlockRows = 64;

template <class F> void for_each_block(Share share, F f) {
    for (std::size_t first = share.first; first < share.end; first += kBlockRows)
        f(first, std::min(kBlockRows, share.end - first));
}

// out = in * mask, the mask contiguous.
template <class T>
void multiply(Strided<T> in, const T* mask, Strided<T> out, std::size_t rows, std::size_t width) {
    for (std::size_t r = 0; r < rows; ++r)
        for (std::size_t j = 0; j < width; ++j)
            out.data[r * out.stride + j] = in.data[r * in.stride + j] * mask[r * width + j];
}

} // namespace

template <class T>
void RowsPhase<T>::train(Selection selection, Share share, T gradient_scale, RandomKey key) {
    load_targets(selection, share);
    const bool whole = !c_.objective->metrics.empty();
    const std::size_t ops = whole ? c_.plan.ops.size() : c_.plan.ops_until(c_.loss_stage());
    for_each_block(share, [&](std::size_t first, std::size_t rows) {
        forward(selection, first, rows, ops, &key);
        loss(first, rows, &gradient_scale);
        metrics(first, rows);
        backward(first, rows);
    });
}

template <class T> void RowsPhase<T>::evaluate(Selection selection, Share share) {
    load_targets(selection, share);
    for_each_block(share, [&](std::size_t first, std::size_t rows) {
        forward(selection, first, rows, c_.plan.ops.size(), nullptr);
        loss(first, rows, nullptr);
        metrics(first, rows);
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
    load_input(selection, first, rows);
    for (std::size_t i = 0; i < ops; ++i) {
        const Op& op = c_.plan.ops[i];
        if (op.kind == LayerKind::dense)
            forward_dense(op, first, rows);
        else if (op.kind == LayerKind::activation)
            activate(op, first, rows);
        else if (key) // without one, the stage after a dropout is the stage before it
            drop(i, first, rows, *key);
    }
}

template <class T>
void RowsPhase<T>::load_input(Selection selection, std::size_t first, std::size_t rows) {
    const Strided<T> x = c_.work.stage(0, first);
    gather(rows_.x, rows_.x_element, rows_.features, advance(selection, first), rows, x.data,
           x.stride);
}

template <class T>
void RowsPhase<T>::forward_dense(const Op& op, std::size_t first, std::size_t rows) {
    const DenseWeights& d = c_.parameters.dense()[op.index];
    const T* values = c_.parameters.values();
    c_.kernels.matrix.matmul(readable(c_.work.stage(op.in, first)), values + d.kernel,
                             d.use_bias ? values + d.bias : nullptr, c_.work.stage(op.out, first),
                             rows, d.inner, d.units);
}

template <class T> void RowsPhase<T>::activate(const Op& op, std::size_t first, std::size_t rows) {
    const ActivationKernel<T>& kernel = c_.kernels.activations.entries[op.index];
    const Strided<T> x = c_.work.stage(op.in, first), y = c_.work.stage(op.out, first);
    if (!kernel.rowwise && x.stride == y.stride) {
        kernel.forward(x.data, y.data, rows, x.stride); // the padding between rows comes along
    } else {
        const std::size_t width = c_.plan.stages[op.out].width;
        for (std::size_t r = 0; r < rows; ++r)
            kernel.forward(x.data + r * x.stride, y.data + r * y.stride, 1, width);
    }
}

template <class T>
void RowsPhase<T>::drop(std::size_t op, std::size_t first, std::size_t rows, RandomKey key) {
    const Op& o = c_.plan.ops[op];
    const std::size_t width = c_.plan.stages[o.out].width;
    T* mask = c_.work.mask(op) + first * width;
    dropout_mask(o.seed.value_or(key.seed), o.stream, key.step, o.rate, first * width, mask,
                 rows * width);
    multiply<T>(c_.work.stage(o.in, first), mask, c_.work.stage(o.out, first), rows, width);
}

template <class T> void RowsPhase<T>::load_targets(Selection selection, Share share) {
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

template <class T> Scaling<T> RowsPhase<T>::scaling(Selection selection, std::size_t count) const {
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
LossArgs<T> RowsPhase<T>::arguments(const ValueRef& ref, std::size_t stage, std::size_t first,
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
void RowsPhase<T>::loss(std::size_t first, std::size_t rows, const T* gradient_scale) {
    const ValueRef& ref = c_.objective->loss;
    const std::size_t stage = c_.loss_stage();
    LossArgs<T> a = arguments(ref, stage, first, rows, 0);
    if (rows_.weights) a.sample_weight = c_.work.weights() + first;
    if (gradient_scale) {
        a.grad = c_.work.grad(stage, first).data;
        a.scale = *gradient_scale;
    }
    c_.kernels.losses.entries[ref.index].run(a);
}

template <class T> void RowsPhase<T>::metrics(std::size_t first, std::size_t rows) {
    for (std::size_t m = 0; m < c_.objective->metrics.size(); ++m) {
        const ValueRef& ref = c_.objective->metrics[m];
        const auto& list = ref.is_loss ? c_.kernels.losses : c_.kernels.metrics;
        list.entries[ref.index].run(arguments(ref, c_.plan.output(), first, rows, 1 + m));
    }
}

template <class T> void RowsPhase<T>::backward(std::size_t first, std::size_t rows) {
    const std::size_t stop = c_.plan.first_trained(c_.parameters.dense());
    for (std::size_t i = c_.plan.ops_until(c_.loss_stage()); i-- > stop + 1;) {
        const Op& op = c_.plan.ops[i];
        if (op.kind == LayerKind::dense)
            backward_dense(op, first, rows);
        else if (op.kind == LayerKind::activation)
            backward_activation(op, first, rows);
        else
            backward_drop(i, first, rows);
    }
}

template <class T>
void RowsPhase<T>::backward_dense(const Op& op, std::size_t first, std::size_t rows) {
    const DenseWeights& d = c_.parameters.dense()[op.index];
    c_.kernels.matrix.matmul(readable(c_.work.grad(op.out, first)),
                             c_.parameters.transposed() + d.transposed, nullptr,
                             c_.work.grad(op.in, first), rows, d.units, d.inner);
}

template <class T>
void RowsPhase<T>::backward_activation(const Op& op, std::size_t first, std::size_t rows) {
    const ActivationKernel<T>& kernel = c_.kernels.activations.entries[op.index];
    const Strided<T> y = c_.work.stage(op.out, first), g = c_.work.grad(op.out, first),
                     out = c_.work.grad(op.in, first);
    if (!kernel.rowwise && y.stride == out.stride) {
        kernel.backward(y.data, g.data, out.data, rows, y.stride);
    } else {
        const std::size_t width = c_.plan.stages[op.out].width;
        for (std::size_t r = 0; r < rows; ++r)
            kernel.backward(y.data + r * y.stride, g.data + r * g.stride, out.data + r * out.stride,
                            1, width);
    }
}

template <class T>
void RowsPhase<T>::backward_drop(std::size_t op, std::size_t first, std::size_t rows) {
    const Op& o = c_.plan.ops[op];
    const std::size_t width = c_.plan.stages[o.out].width;
    multiply<T>(c_.work.grad(o.out, first), c_.work.mask(op) + first * width,
                c_.work.grad(o.in, first), rows, width);
}

template class RowsPhase<float>;
template class RowsPhase<double>;

} // namespace kudari

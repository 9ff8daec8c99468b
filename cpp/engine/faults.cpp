#include "engine/faults.hpp"

#include <algorithm>
#include <cmath>

namespace kudari {

namespace {

template <class T> bool finite(const T* values, std::size_t n) {
    return std::all_of(values, values + n, [](T value) { return std::isfinite(value); });
}

// The rows of the data behind the rows of `a` that hold such a number.
template <class T>
std::vector<std::int64_t> faulty_rows(Strided<T> a, std::size_t columns, Selection batch,
                                      std::size_t count) {
    std::vector<std::int64_t> out;
    for (std::size_t r = 0; r < count; ++r)
        if (!finite(a.data + r * a.stride, columns)) out.push_back(std::int64_t(batch[r]));
    std::sort(out.begin(), out.end());
    return out;
}

} // namespace

template <class T> Fault find_fault(const Context<T>& c, Selection batch, std::size_t count) {
    const std::size_t ops = c.forward_ops();
    for (std::size_t i = 0; i < ops; ++i) {
        if (c.plan.ops[i].kind != LayerKind::dense) continue;
        const DenseWeights& d = c.parameters.dense()[c.plan.ops[i].index];
        const T* values = c.parameters.values();
        if (!finite(values + d.kernel, d.kernel_size()) ||
            (d.use_bias && !finite(values + d.bias, d.units)))
            return {FaultyTensor::weights, i, {}};
    }
    const auto search = [&](FaultyTensor tensor, std::size_t op, Strided<T> a, std::size_t stage) {
        return Fault{tensor, op, faulty_rows(a, c.plan.stages[stage].width, batch, count)};
    };
    Fault fault = search(FaultyTensor::input, 0, c.work.stage(0), 0);
    for (std::size_t i = 0; i < ops && fault.rows.empty(); ++i) {
        const std::size_t out = c.plan.ops[i].out;
        fault = search(FaultyTensor::output, i, c.work.stage(out), out);
    }
    const Strided<T> losses{c.work.row_values(0), 1};
    if (fault.rows.empty())
        fault = {FaultyTensor::loss, ops - 1, faulty_rows(losses, 1, batch, count)};
    for (std::size_t i = c.loss_ops(); i-- > c.first_trained() && fault.rows.empty();) {
        const std::size_t out = c.plan.ops[i].out;
        fault = search(FaultyTensor::gradient, i, c.work.grad(out), out);
    }
    return fault;
}

template Fault find_fault(const Context<float>&, Selection, std::size_t);
template Fault find_fault(const Context<double>&, Selection, std::size_t);

} // namespace kudari

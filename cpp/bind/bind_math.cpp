#include <algorithm>
#include <utility>
#include <vector>

#include "bind/module.hpp"
#include "bind/shared.hpp"
#include "engine/buffer.hpp"
#include "engine/panels.hpp"
#include "isa/isa.hpp"
#include "kernels/chunked_sum.hpp"
#include "kernels/power.hpp"

namespace kudari {

namespace {

constexpr std::size_t kPowerCost = 100;       // one costs so many values of another kernel
constexpr std::size_t kProductsPerValue = 16; // so many products cost one
constexpr std::size_t kRowGrain = 8;          // whole tiles of the product

void run_math(const std::string& name, const py::array& x, const py::array& out) {
    by_dtype(x, [&]<class T>(T) {
        const auto& kernel = find(active_isa().table<T>().math, name);
        const auto n = std::size_t(x.size());
        const T* from = input<T>(x, n);
        T* to = output<T>(out, n);
        run_shared(work_on_values(n), [=, &kernel](Share share) {
            kernel.run(from + share.first, to + share.first, share.end - share.first);
        });
    });
}

void matmul(const py::array& a, const py::array& b, const MaybeArray& bias, const py::array& out) {
    require(a.ndim() == 2 && b.ndim() == 2, "expected two matrices");
    const auto rows = std::size_t(a.shape(0)), inner = std::size_t(a.shape(1)),
               columns = std::size_t(b.shape(1));
    by_dtype(a, [&]<class T>(T) {
        const T* left = input<T>(a, rows * inner);
        const T* right = input<T>(b, inner * columns);
        const T* shift = input<T>(bias, columns);
        T* to = output<T>(out, rows * columns);
        Buffer<T> panels(inner * columns);
        {
            const py::gil_scoped_release unlocked;
            to_panels(right, inner, columns, panels.data());
        }
        const auto kernel = active_isa().table<T>().matrix.matmul;
        const Work work{rows, kRowGrain, inner * columns / kProductsPerValue + columns};
        run_shared(work, [&](Share share) {
            kernel({left + share.first * inner, inner}, panels.data(), shift,
                   {to + share.first * columns, columns}, share.end - share.first, inner, columns);
        });
    });
}

double sum(const py::array& x) {
    return by_dtype(x, [&]<class T>(T) {
        const auto n = std::size_t(x.size());
        const T* from = input<T>(x, n);
        std::vector<double> sums((n + ChunkedSum::kChunk - 1) / ChunkedSum::kChunk);
        run_shared(Work{sums.size(), 1, ChunkedSum::kChunk}, [&](Share share) {
            for (std::size_t c = share.first; c < share.end; ++c) {
                const std::size_t at = c * ChunkedSum::kChunk;
                sums[c] = ChunkedSum::of_chunk(from + at, std::min(ChunkedSum::kChunk, n - at));
            }
        });
        return ChunkedSum::close(std::move(sums));
    });
}

void run_power(const py::array& x, const py::array& y, const py::array& out) {
    const auto n = std::size_t(x.size());
    const double* base = input<double>(x, n);
    const double* exponent = input<double>(y, n);
    double* to = output<double>(out, n);
    run_shared(Work{n, 8, kPowerCost}, [=](Share share) {
        for (std::size_t i = share.first; i < share.end; ++i) to[i] = power(base[i], exponent[i]);
    });
}

} // namespace

void bind_math(py::module_& m) {
    using py::arg;
    m.def("run_math", &run_math, arg("name"), arg("x"), arg("out"));
    m.def("matmul", &matmul, arg("a"), arg("b"), arg("bias"), arg("out"));
    m.def("sum", &sum, arg("x"));
    m.def("power", &run_power, arg("x"), arg("y"), arg("out"));
}

} // namespace kudari

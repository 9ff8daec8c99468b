#include "bind/arrays.hpp"
#include "bind/module.hpp"
#include "engine/buffer.hpp"
#include "engine/panels.hpp"
#include "isa/isa.hpp"
#include "kernels/chunked_sum.hpp"
#include "kernels/power.hpp"
#include "simd/float_environment.hpp"

namespace kudari {

namespace {

void run_math(const std::string& name, const py::array& x, const py::array& out) {
    by_dtype(x, [&]<class T>(T) {
        const auto& kernel = find(active_isa().table<T>().math, name);
        const auto n = std::size_t(x.size());
        const T* from = input<T>(x, n);
        T* to = output<T>(out, n);
        const py::gil_scoped_release unlocked;
        const DefaultFloatEnvironment environment;
        kernel.run(from, to, n);
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
        const py::gil_scoped_release unlocked;
        const DefaultFloatEnvironment environment;
        Buffer<T> panels(inner * columns);
        to_panels(right, inner, columns, panels.data());
        active_isa().table<T>().matrix.matmul({left, inner}, panels.data(), shift, {to, columns},
                                              rows, inner, columns);
    });
}

double sum(const py::array& x) {
    return by_dtype(x, [&]<class T>(T) {
        const auto n = std::size_t(x.size());
        const T* from = input<T>(x, n);
        const py::gil_scoped_release unlocked;
        const DefaultFloatEnvironment environment;
        ChunkedSum total;
        total.add(from, n);
        return total.value();
    });
}

void run_power(const py::array& x, const py::array& y, const py::array& out) {
    const auto n = std::size_t(x.size());
    const double* base = input<double>(x, n);
    const double* exponent = input<double>(y, n);
    double* to = output<double>(out, n);
    const DefaultFloatEnvironment environment;
    for (std::size_t i = 0; i < n; ++i) to[i] = power(base[i], exponent[i]);
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

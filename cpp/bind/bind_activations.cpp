#include "bind/arrays.hpp"
#include "bind/module.hpp"
#include "isa/isa.hpp"
#include "simd/float_environment.hpp"

namespace kudari {

namespace {

void run_forward(const std::string& name, const py::array& x, const py::array& out) {
    by_dtype(x, [&]<class T>(T) {
        const auto& kernel = find(active_isa().table<T>().activations, name);
        const Shape shape = shape_of(x);
        const T* from = input<T>(x, shape.rows * shape.columns);
        T* to = output<T>(out, shape.rows * shape.columns);
        const py::gil_scoped_release unlocked;
        const DefaultFloatEnvironment environment;
        kernel.forward(from, to, shape.rows, shape.columns);
    });
}

void run_backward(const std::string& name, const py::array& y, const py::array& grad,
                  const py::array& out) {
    by_dtype(y, [&]<class T>(T) {
        const auto& kernel = find(active_isa().table<T>().activations, name);
        const Shape shape = shape_of(y);
        const T* value = input<T>(y, shape.rows * shape.columns);
        const T* slope = input<T>(grad, shape.rows * shape.columns);
        T* to = output<T>(out, shape.rows * shape.columns);
        const py::gil_scoped_release unlocked;
        const DefaultFloatEnvironment environment;
        kernel.backward(value, slope, to, shape.rows, shape.columns);
    });
}

} // namespace

void bind_activations(py::module_& m) {
    using py::arg;
    m.def("run_forward", &run_forward, arg("name"), arg("x"), arg("out"));
    m.def("run_backward", &run_backward, arg("name"), arg("y"), arg("grad"), arg("out"));
}

} // namespace kudari

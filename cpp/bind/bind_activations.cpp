#include "bind/module.hpp"
#include "bind/shared.hpp"
#include "isa/isa.hpp"

namespace kudari {

namespace {

// What may be divided: rows, or single values where none depends on its row.
template <class T> Shape shape_for(const ActivationKernel<T>& kernel, const py::array& x) {
    const Shape shape = shape_of(x);
    return kernel.rowwise ? shape : Shape{shape.rows * shape.columns, 1};
}

void run_forward(const std::string& name, const py::array& x, const py::array& out) {
    by_dtype(x, [&]<class T>(T) {
        const auto& kernel = find(active_isa().table<T>().activations, name);
        const Shape shape = shape_for(kernel, x);
        const T* from = input<T>(x, shape.rows * shape.columns);
        T* to = output<T>(out, shape.rows * shape.columns);
        run_shared(work_on_rows(shape.rows, shape.columns), [=, &kernel](Share share) {
            const std::size_t at = share.first * shape.columns;
            kernel.forward(from + at, to + at, share.end - share.first, shape.columns);
        });
    });
}

void run_backward(const std::string& name, const py::array& y, const py::array& grad,
                  const py::array& out) {
    by_dtype(y, [&]<class T>(T) {
        const auto& kernel = find(active_isa().table<T>().activations, name);
        const Shape shape = shape_for(kernel, y);
        const T* value = input<T>(y, shape.rows * shape.columns);
        const T* slope = input<T>(grad, shape.rows * shape.columns);
        T* to = output<T>(out, shape.rows * shape.columns);
        run_shared(work_on_rows(shape.rows, shape.columns), [=, &kernel](Share share) {
            const std::size_t at = share.first * shape.columns;
            kernel.backward(value + at, slope + at, to + at, share.end - share.first,
                            shape.columns);
        });
    });
}

} // namespace

void bind_activations(py::module_& m) {
    using py::arg;
    m.def("run_forward", &run_forward, arg("name"), arg("x"), arg("out"));
    m.def("run_backward", &run_backward, arg("name"), arg("y"), arg("grad"), arg("out"));
}

} // namespace kudari

#include "bind/module.hpp"
#include "bind/shared.hpp"
#include "isa/isa.hpp"

namespace kudari {

namespace {

template <class T>
LossArgs<T> arguments(Labels labels, const py::array& y_true, const py::array& y_pred) {
    const Shape shape = shape_of(y_pred);
    LossArgs<T> a{};
    a.rows = shape.rows;
    a.columns = shape.columns;
    a.y_pred = input<T>(y_pred, shape.rows * shape.columns);
    if (labels == Labels::sparse)
        a.labels = input<std::int32_t>(y_true, shape.rows);
    else
        a.y_true = input<T>(y_true, shape.rows * shape.columns);
    return a;
}

// The same for some of the rows.
template <class T> LossArgs<T> rows_of(LossArgs<T> a, Share share) {
    const std::size_t at = share.first * a.columns;
    a.rows = share.end - share.first;
    a.y_pred += at;
    if (a.y_true) a.y_true += at;
    if (a.labels) a.labels += share.first;
    if (a.sample_weight) a.sample_weight += share.first;
    if (a.loss) a.loss += share.first;
    if (a.grad) a.grad += at;
    return a;
}

template <class T> void run(const LossKernel<T>& kernel, const LossArgs<T>& a) {
    run_shared(work_on_rows(a.rows, a.columns),
               [&](Share share) { kernel.run(rows_of(a, share)); });
}

void run_loss(const std::string& name, const py::array& y_true, const py::array& y_pred,
              const MaybeArray& sample_weight, double parameter, double scale,
              const MaybeArray& loss, const MaybeArray& grad) {
    by_dtype(y_pred, [&]<class T>(T) {
        const LossKernel<T>& kernel = find(active_isa().table<T>().losses, name);
        LossArgs<T> a = arguments<T>(kernel.labels, y_true, y_pred);
        a.sample_weight = input<T>(sample_weight, a.rows);
        a.loss = output<T>(loss, a.rows);
        a.grad = output<T>(grad, a.rows * a.columns);
        a.scale = T(scale);
        a.parameter = T(parameter);
        run(kernel, a);
    });
}

void run_metric(const std::string& name, const py::array& y_true, const py::array& y_pred,
                double parameter, const py::array& out) {
    by_dtype(y_pred, [&]<class T>(T) {
        const MetricKernel<T>& kernel = find(active_isa().table<T>().metrics, name);
        LossArgs<T> a = arguments<T>(kernel.labels, y_true, y_pred);
        a.loss = output<T>(out, a.rows);
        a.parameter = T(parameter);
        run(kernel, a);
    });
}

} // namespace

void bind_losses(py::module_& m) {
    using py::arg;
    m.def("loss_names", [] { return names(active_isa().float32.losses); });
    m.def("metric_names", [] { return names(active_isa().float32.metrics); });
    m.def("run_loss", &run_loss, arg("name"), arg("y_true"), arg("y_pred"), arg("sample_weight"),
          arg("parameter"), arg("scale"), arg("loss"), arg("grad"));
    m.def("run_metric", &run_metric, arg("name"), arg("y_true"), arg("y_pred"), arg("parameter"),
          arg("out"));
}

} // namespace kudari

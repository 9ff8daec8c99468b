#include <atomic>
#include <limits>
#include <memory>
#include <variant>

#include "bind/arrays.hpp"
#include "bind/dataset.hpp"
#include "bind/module.hpp"
#include "engine/network.hpp"
#include "isa/isa.hpp"

namespace kudari {

namespace {

LayerSpec layer_spec(const py::dict& d) {
    const auto kind = d["kind"].cast<std::string>();
    LayerSpec spec;
    if (kind == "dense") {
        spec.kind = LayerKind::dense;
        spec.units = d["units"].cast<std::size_t>();
        spec.use_bias = d["use_bias"].cast<bool>();
        spec.trainable = d["trainable"].cast<bool>();
    } else if (kind == "activation") {
        spec.kind = LayerKind::activation;
        spec.activation = d["name"].cast<std::string>();
    } else if (kind == "dropout") {
        spec.kind = LayerKind::dropout;
        spec.rate = d["rate"].cast<double>();
        spec.stream = d["stream"].cast<std::uint32_t>();
        require(spec.stream < 1u << 24, "expected a stream below 2^24");
        spec.seed = d["seed"].cast<std::optional<std::uint64_t>>();
    } else {
        throw py::value_error("[Network] expected a layer of kind dense, activation or dropout; "
                              "received '" +
                              kind + "'. Use one of these.");
    }
    return spec;
}

std::vector<LayerSpec> layer_specs(const std::vector<py::dict>& layers) {
    std::vector<LayerSpec> out;
    for (const py::dict& layer : layers) out.push_back(layer_spec(layer));
    return out;
}

template <class E> std::size_t index_of(const List<E>& list, const std::string& name) {
    return std::size_t(&find(list, name) - list.entries);
}

ValueRef value_ref(const std::string& name, double parameter) {
    const auto& table = active_isa().float32;
    for (std::size_t i = 0; i < table.losses.count; ++i)
        if (name == table.losses.entries[i].name) return {true, i, parameter};
    return {false, index_of(table.metrics, name), parameter};
}

Labels labels_of(const ValueRef& ref) {
    const auto& table = active_isa().float32;
    return (ref.is_loss ? table.losses : table.metrics).entries[ref.index].labels;
}

Reduction reduction(const std::string& name) {
    if (name == "sum_over_batch_size") return Reduction::rows;
    if (name == "sum") return Reduction::none;
    if (name == "mean_with_sample_weight") return Reduction::weights;
    throw py::value_error("[Network] expected a known reduction; received '" + name +
                          "'. Use sum_over_batch_size, sum or mean_with_sample_weight.");
}

py::list shapes(const std::vector<DenseWeights>& dense) {
    py::list out;
    for (const DenseWeights& d : dense) {
        out.append(py::make_tuple(d.inner, d.units));
        if (d.use_bias) out.append(py::make_tuple(d.units));
    }
    return out;
}

using EitherNetwork =
    std::variant<std::unique_ptr<Network<float>>, std::unique_ptr<Network<double>>>;

template <class Pointer>
using ElementOf =
    std::conditional_t<std::is_same_v<Pointer, std::unique_ptr<Network<float>>>, float, double>;

class PyNetwork {
    // One call at a time: a second one would share the first one's arrays.
    class Entry {
      public:
        explicit Entry(std::atomic<bool>& busy) : busy_(busy) {
            if (busy_.exchange(true))
                throw std::runtime_error(
                    "[Network] expected a network that is at rest; received a call while another "
                    "one is running in it. Wait for it, or use a second model.");
        }
        ~Entry() { busy_.store(false); }
        Entry(const Entry&) = delete;
        Entry& operator=(const Entry&) = delete;

      private:
        std::atomic<bool>& busy_;
    };

    template <class F> auto visit(F f) {
        return std::visit([&](auto& net) { return f(*net); }, net_);
    }

  public:
    PyNetwork(const std::string& dtype, std::size_t input_size,
              const std::vector<py::dict>& layers) {
        const std::vector<LayerSpec> specs = layer_specs(layers);
        if (dtype == "float32")
            net_ = std::make_unique<Network<float>>(input_size, specs);
        else if (dtype == "float64")
            net_ = std::make_unique<Network<double>>(input_size, specs);
        else
            throw py::value_error("[Network] expected float32 or float64; received '" + dtype +
                                  "'. Choose one of these.");
    }

    std::size_t output_size() {
        return visit([](auto& net) { return net.output_size(); });
    }
    py::list weight_shapes() {
        return visit([](auto& net) { return shapes(net.parameters().dense()); });
    }
    std::size_t slot_count() {
        return visit([](auto& net) { return net.parameters().slot_count(); });
    }

    py::array get_weight(std::size_t index) {
        return read(index,
                    [&](auto& parameters, auto* out) { parameters.read_weight(index, out); });
    }
    py::array get_slot(std::size_t index, std::size_t slot) {
        return read(index,
                    [&](auto& parameters, auto* out) { parameters.read_slot(index, slot, out); });
    }
    void set_weight(std::size_t index, const py::array& value) {
        write(index, value,
              [&](auto& parameters, auto* from) { parameters.write_weight(index, from); });
    }
    void set_slot(std::size_t index, std::size_t slot, const py::array& value) {
        write(index, value,
              [&](auto& parameters, auto* from) { parameters.write_slot(index, slot, from); });
    }
    void reset_slots() {
        const Entry entry(busy_);
        visit([](auto& net) { net.parameters().make_slots(net.parameters().slot_count(), true); });
    }

    void compile(const std::string& loss, double loss_parameter, bool from_logits,
                 const std::string& reduction_name,
                 const std::vector<std::pair<std::string, double>>& metrics,
                 const std::string& optimizer) {
        const Entry entry(busy_);
        Objective objective{value_ref(loss, loss_parameter),
                            from_logits,
                            reduction(reduction_name),
                            {},
                            index_of(active_isa().float32.optimizers, optimizer)};
        require(objective.loss.is_loss, "expected the name of a loss kernel");
        for (const auto& [name, parameter] : metrics) {
            objective.metrics.push_back(value_ref(name, parameter));
            require(labels_of(objective.metrics.back()) == labels_of(objective.loss),
                    "expected metrics that take the loss's form of y");
        }
        visit([&](auto& net) { net.compile(objective); });
    }

    std::size_t train(const Dataset& data, const MaybeArray& order, std::size_t position,
                      std::size_t batch_size, std::size_t steps, const py::array& scalars,
                      std::uint64_t seed, std::uint64_t step, Totals& totals, double seconds,
                      bool watch) {
        const Entry entry(busy_);
        return visit([&]<class T>(Network<T>& net) {
            require_trainable(net, data, totals);
            require(batch_size > 0, "expected a batch size of at least 1");
            const std::size_t end = order ? std::size_t(order->size()) : data.rows().count;
            require(position <= end, "expected a position within the epoch");
            const auto width = steps ? std::size_t(scalars.size()) / steps : 0;
            TrainRequest<T> request{
                {input<std::int64_t>(order, end), 0}, position, end,          batch_size, steps,
                input<T>(scalars, steps * width),     width,    {seed, step}, seconds,    watch};
            require(width == std::size_t(optimizer_of(net).scalars) || steps == 0,
                    "expected one row of the optimizer's scalars for each step");
            require_rows(request.order.order, position, end, batch_size, steps, data.rows().count);
            const py::gil_scoped_release unlocked;
            return net.train(data.rows(), request, totals);
        });
    }

    // (tensor, operation, rows) of the step that the last training refused, or None.
    py::object fault() {
        const Entry entry(busy_);
        const std::optional<Fault> fault = visit([](auto& net) { return net.fault(); });
        if (!fault) return py::none();
        const char* const names[] = {"weights", "input", "output", "loss", "gradient"};
        return py::make_tuple(names[int(fault->tensor)], fault->op, fault->rows);
    }
    bool finite() {
        const Entry entry(busy_);
        return visit([](auto& net) { return net.finite(); });
    }
    void keep() {
        const Entry entry(busy_);
        visit([](auto& net) { net.parameters().keep(); });
    }
    void put_back() {
        const Entry entry(busy_);
        visit([](auto& net) { net.parameters().put_back(); });
    }

    std::size_t evaluate(const Dataset& data, std::size_t position, std::size_t rows,
                         std::size_t batch_size, Totals& totals, double seconds) {
        const Entry entry(busy_);
        return visit([&]<class T>(Network<T>& net) {
            require_trainable(net, data, totals);
            require(batch_size > 0, "expected a batch size of at least 1");
            require_range(data, position, rows);
            const py::gil_scoped_release unlocked;
            return net.evaluate(data.rows(), position, rows, batch_size, totals, seconds);
        });
    }

    // All of x at once: Python has nothing to make but x.
    py::array predict_batch(const py::array& x) {
        const Dataset data(x, std::nullopt, std::nullopt);
        const auto rows = x.shape(0), columns = py::ssize_t(output_size());
        const std::vector<py::ssize_t> shape{rows, columns};
        const py::array out =
            visit([&]<class T>(Network<T>&) -> py::array { return py::array_t<T>(shape); });
        predict(data, 0, data.rows().count, out, std::numeric_limits<double>::infinity());
        return out;
    }

    std::size_t predict(const Dataset& data, std::size_t position, std::size_t rows,
                        const py::array& out, double seconds) {
        const Entry entry(busy_);
        return visit([&]<class T>(Network<T>& net) {
            require(data.rows().features == net.input_size(),
                    "expected x with the input's columns");
            require_range(data, position, rows);
            T* to = output<T>(out, rows * net.output_size());
            const py::gil_scoped_release unlocked;
            return net.predict(data.rows(), position, rows, to, seconds);
        });
    }

  private:
    template <class T> static const OptimizerKernel<T>& optimizer_of(Network<T>& net) {
        return active_isa().table<T>().optimizers.entries[net.objective()->optimizer];
    }

    template <class T>
    static void require_trainable(Network<T>& net, const Dataset& data, const Totals& totals) {
        require(net.objective() != nullptr, "expected a network with an objective; call compile()");
        require(data.rows().features == net.input_size(), "expected x with the input's columns");
        data.require_targets<T>(net.labels(), net.output_size());
        require(totals.count() == 1 + net.objective()->metrics.size(),
                "expected totals for the loss and each metric");
    }

    static void require_range(const Dataset& data, std::size_t position, std::size_t rows) {
        require(position <= data.rows().count && rows <= data.rows().count - position,
                "expected rows within the data");
    }

    static void require_rows(const std::int64_t* order, std::size_t position, std::size_t end,
                             std::size_t batch_size, std::size_t steps, std::size_t count) {
        if (!order) return;
        const std::size_t left = end - position;
        const std::size_t used = steps > left / batch_size ? left : steps * batch_size;
        for (std::size_t i = position; i < position + used; ++i)
            require(order[i] >= 0 && std::size_t(order[i]) < count,
                    "expected rows within the data");
    }

    template <class F> py::array read(std::size_t index, F f) {
        const Entry entry(busy_);
        return visit([&]<class T>(Network<T>& net) -> py::array {
            if (index >= net.parameters().weight_count()) throw py::index_error("no such weight");
            const WeightRef& ref = net.parameters().ref(index);
            const auto units = py::ssize_t(ref.layer->units), inner = py::ssize_t(ref.layer->inner);
            const std::vector<py::ssize_t> shape =
                ref.is_bias ? std::vector{units} : std::vector{inner, units};
            py::array_t<T> out(shape);
            f(net.parameters(), out.mutable_data());
            return out;
        });
    }

    template <class F> void write(std::size_t index, const py::array& value, F f) {
        const Entry entry(busy_);
        visit([&]<class T>(Network<T>& net) {
            if (index >= net.parameters().weight_count()) throw py::index_error("no such weight");
            f(net.parameters(), input<T>(value, net.parameters().ref(index).size()));
        });
    }

    EitherNetwork net_;
    std::atomic<bool> busy_{false};
};

} // namespace

void bind_network(py::module_& m) {
    using py::arg;
    py::class_<Dataset>(m, "Dataset", py::is_final())
        .def(py::init<const py::array&, const MaybeArray&, const MaybeArray&>(), arg("x"), arg("y"),
             arg("sample_weight"))
        .def_property_readonly("rows", [](const Dataset& d) { return d.rows().count; });
    m.def("within", &within, arg("values"), arg("low"), arg("high"));
    py::class_<Totals>(m, "Totals", py::is_final())
        .def(py::init<std::size_t>(), arg("count"))
        .def_property_readonly("rows", &Totals::rows)
        .def("means", &Totals::means)
        .def("state", &Totals::state)
        .def("restore", &Totals::restore, arg("rows"), arg("state"));
    py::class_<PyNetwork>(m, "Network", py::is_final())
        .def(py::init<const std::string&, std::size_t, const std::vector<py::dict>&>(),
             arg("dtype"), arg("input_size"), arg("layers"))
        .def_property_readonly("output_size", &PyNetwork::output_size)
        .def_property_readonly("weight_shapes", &PyNetwork::weight_shapes)
        .def("get_weight", &PyNetwork::get_weight, arg("index"))
        .def("set_weight", &PyNetwork::set_weight, arg("index"), arg("value"))
        .def("compile", &PyNetwork::compile, arg("loss"), arg("loss_parameter"), arg("from_logits"),
             arg("reduction"), arg("metrics"), arg("optimizer"))
        .def_property_readonly("slot_count", &PyNetwork::slot_count)
        .def("reset_slots", &PyNetwork::reset_slots)
        .def("get_slot", &PyNetwork::get_slot, arg("index"), arg("slot"))
        .def("set_slot", &PyNetwork::set_slot, arg("index"), arg("slot"), arg("value"))
        .def("train", &PyNetwork::train, arg("data"), arg("order").none(true), arg("position"),
             arg("batch_size"), arg("steps"), arg("scalars"), arg("seed"), arg("step"),
             arg("totals"), arg("seconds"), arg("watch"))
        .def("fault", &PyNetwork::fault)
        .def("finite", &PyNetwork::finite)
        .def("keep", &PyNetwork::keep)
        .def("put_back", &PyNetwork::put_back)
        .def("evaluate", &PyNetwork::evaluate, arg("data"), arg("position"), arg("rows"),
             arg("batch_size"), arg("totals"), arg("seconds"))
        .def("predict", &PyNetwork::predict, arg("data"), arg("position"), arg("rows"), arg("out"),
             arg("seconds"))
        .def("predict_batch", &PyNetwork::predict_batch, arg("x"));
}

} // namespace kudari

#include "bind/module.hpp"
#include "bind/shared.hpp"
#include "isa/isa.hpp"

namespace kudari {

namespace {

void run_update(const std::string& name, const py::array& params, const py::array& grads,
                const std::vector<py::array>& slots, const std::vector<double>& scalars) {
    by_dtype(params, [&]<class T>(T) {
        const auto& kernel = find(active_isa().table<T>().optimizers, name);
        require(slots.size() == std::size_t(kernel.slots), "expected another number of slots");
        require(scalars.size() == std::size_t(kernel.scalars),
                "expected another number of scalars");
        const auto n = std::size_t(params.size());
        T* to = output<T>(params, n);
        const T* from = input<T>(grads, n);
        T* state[kMostSlots];
        for (std::size_t s = 0; s < slots.size(); ++s) state[s] = output<T>(slots[s], n);
        const std::vector<T> numbers(scalars.begin(), scalars.end());
        run_shared(work_on_values(n), [&](Share share) {
            T* mine[kMostSlots];
            for (std::size_t s = 0; s < slots.size(); ++s) mine[s] = state[s] + share.first;
            kernel.update(to + share.first, from + share.first, mine, numbers.data(),
                          share.end - share.first);
        });
    });
}

} // namespace

void bind_optimizers(py::module_& m) {
    using py::arg;
    m.def("optimizer_names", [] { return names(active_isa().float32.optimizers); });
    m.def("run_update", &run_update, arg("name"), arg("params"), arg("grads"), arg("slots"),
          arg("scalars"));
}

} // namespace kudari

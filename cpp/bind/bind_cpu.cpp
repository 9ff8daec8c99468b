#include <pybind11/stl.h>

#include <map>

#include "bind/module.hpp"
#include "engine/pace.hpp"
#include "engine/team.hpp"
#include "isa/isa.hpp"

namespace kudari {

namespace {

std::map<std::string, std::string> build_info() {
    return {
        {"version", KUDARI_VERSION},
#if defined(__clang__)
        {"compiler", "clang " __clang_version__},
#else
        {"compiler", "g++ " __VERSION__},
#endif
        {"flags", KUDARI_FLAGS},
        {"build_type", KUDARI_BUILD_TYPE},
    };
}

} // namespace

void bind_cpu(pybind11::module_& m) {
    m.def("isa_available", &available_isas);
    m.def("isa_active", [] { return std::string(active_isa().name); });
    m.def("isa_use", &use_isa, pybind11::arg("name"));
    m.def("get_thread_limit", &thread_limit);
    m.def("set_thread_limit", &set_thread_limit, pybind11::arg("threads"));
    m.def("hold_to", &hold_to, pybind11::arg("by_layers").none(true));
    m.def("build_info", &build_info);
}

} // namespace kudari

#pragma once

#include <pybind11/pybind11.h>

namespace kudari {

void bind_cpu(pybind11::module_& m);
void bind_losses(pybind11::module_& m);
void bind_activations(pybind11::module_& m);
void bind_optimizers(pybind11::module_& m);
void bind_math(pybind11::module_& m);
void bind_random(pybind11::module_& m);
void bind_network(pybind11::module_& m);
void bind_lock(pybind11::module_& m);

} // namespace kudari

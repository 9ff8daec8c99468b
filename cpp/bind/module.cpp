// The extension on one screen: each category of kernels binds itself.
#include "bind/module.hpp"

PYBIND11_MODULE(_core, m) {
    m.doc() = "kudari's compiled kernels and engine; use kudari.kernels and kudari.Sequential.";
    kudari::bind_cpu(m);
    kudari::bind_losses(m);
    kudari::bind_activations(m);
    kudari::bind_optimizers(m);
    kudari::bind_math(m);
    kudari::bind_random(m);
    kudari::bind_network(m);
    kudari::bind_lock(m);
}

"""kudari trains dense nets on the CPU, with Keras's names: `import kudari as keras`."""

from kudari import (
    _core,
    activations,
    callbacks,
    checks,
    cpu,
    initializers,
    kernels,
    lacking,
    layers,
    losses,
    metrics,
    models,
    optimizers,
    utils,
)
from kudari.cpu import get_num_threads, set_num_threads
from kudari.layers import Input
from kudari.models import Sequential
from kudari.nonfinite import NonFiniteError

# Read from the extension: importlib.metadata alone would cost half of the import.
__version__ = _core.build_info()["version"]

__all__ = [
    "Input",
    "NonFiniteError",
    "Sequential",
    "__version__",
    "activations",
    "callbacks",
    "cpu",
    "get_num_threads",
    "initializers",
    "kernels",
    "layers",
    "losses",
    "metrics",
    "models",
    "optimizers",
    "set_num_threads",
    "utils",
]


checks.only(__name__, __all__, {"Model": lacking.FUNCTIONAL, "saving": lacking.SAVING})

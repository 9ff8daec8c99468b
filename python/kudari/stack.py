"""A stack of layers and its weights: what a model is before it learns."""

import math
import os
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, TypeAlias

from numpy.typing import NDArray

from kudari import _core, checks, naming, random, tensors
from kudari.layers import InputLayer, Layer, Shape, listed, require_layer, row_of
from kudari.network import CompileArguments, Counters, Net, Objective, output_row

Array: TypeAlias = NDArray[Any]

_BUILD = "Give the first layer input_shape=, call build, or fit first."


def _weights_path(where: str, filepath: str | os.PathLike[str]) -> str:
    path = os.fspath(filepath)
    if not isinstance(path, str) or not path.endswith(tensors.SUFFIX):
        fix = f"Pass a path such as 'model{tensors.SUFFIX}'."
        wanted = f"a path that ends in {tensors.SUFFIX}"
        raise ValueError(checks.message(where, repr(filepath), wanted, fix))
    return path


class Stack:
    """Layers, one after the other, their shapes and weights. One thread at a time may be in it."""

    def __init__(
        self, layers: Iterable[Layer] | None = None, name: str | None = None, dtype: Any = None
    ) -> None:
        self.name = naming.auto_name("Sequential") if name is None else str(name)
        self._dtype = None if dtype is None else checks.float_dtype(self.name, dtype)
        self._layers: list[Layer] = []
        self._row: Shape | None = None
        self._net: Net | None = None
        self._arguments: CompileArguments | None = None
        self._objective: Objective | None = None
        self._counters = Counters(random.next_seed())
        lock = _core.ModelLock()  # its entries are made once: a call on one row takes microseconds
        self._alone, self._inside = cache(lock.alone), cache(lock.inside)
        for layer in listed("Sequential", "layers", () if layers is None else layers):
            self.add(layer)

    def add(self, layer: Layer) -> None:
        """Append a layer; TypeError for anything else, ValueError where it does not fit the last.

        A model that has run must be compiled again afterwards.
        """
        with self._alone("add"):
            if isinstance(layer, InputLayer):
                self._add_input(layer)
                return
            require_layer(layer, self._layers)
            self._check_layer(layer)
            dtype = self._common_dtype(layer)
            row = self._row if self._layers else self._row or layer.given_input
            if row is not None:
                inner = output_row(self._layers, row)
                layer.check_given(inner)
                layer.build_for(inner, dtype or "float32")
            layer.own(self)
            self._dissolve()
            self._layers.append(layer)
            self._dtype, self._row = dtype, row

    def _add_input(self, layer: InputLayer) -> None:
        if self._layers or self._row is not None:
            fix = "Put Input first, and only once."
            got = "an Input after it"
            raise ValueError(checks.message("add", got, "a model at its start", fix))
        self._dtype = self._common_dtype(layer)
        self._row = layer.given_input

    def _check_layer(self, layer: Layer) -> None:
        if any(layer.name == other.name for other in self._layers):
            fix = "Give each layer its own name=."
            got = f"a second layer named {layer.name!r}"
            raise ValueError(checks.message("add", got, "layers of different names", fix))
        layer.check_free(self)

    def _common_dtype(self, layer: Layer) -> str | None:
        fixed = self.dtype if self._layers and self._row else self._dtype
        if layer.dtype and fixed and layer.dtype != fixed:
            fix = "Use one dtype: Sequential(layers, dtype=...)."
            raise ValueError(checks.message("add", layer.dtype, f"dtype {fixed}", fix))
        return self._dtype or layer.dtype

    def pop(self) -> Layer:
        """Remove and return the last layer, with its weights; ValueError where there is none."""
        with self._alone("pop"):
            if not self._layers:
                fix = "Add one first."
                raise ValueError(checks.message("pop", "a model without layers", "a layer", fix))
            self._dissolve()
            layer = self._layers.pop()
            layer.move_out()
            if not self._layers and layer.given_input:
                self._row = None  # it went with the layer that brought it
            return layer

    def _dissolve(self) -> None:
        """Give the weights back to the layers before the stack changes; the objective goes too."""
        self._objective = None
        if self._net is None:
            return
        for layer in self._layers:
            layer.move_out()
            layer.own(self)
        self._net = None
        self._arguments = None

    def _build(self, row: Shape) -> None:
        shape = row
        for layer in self._layers:
            layer.build_for(shape, self.dtype)
            shape = layer.output_row(shape)
        self._row = row

    def build(self, input_shape: Sequence[int | None] | None = None) -> None:
        """Create the weights for inputs of `input_shape`, its first axis the rows: (None, 784)."""
        with self._alone("build"):
            row = self._row if input_shape is None else row_of("build", input_shape)
            if row is None or self._row not in (None, row):
                fix = "Pass (None, features), or make a new model for another shape."
                wanted = f"an input shape that fits {self.name}"
                raise ValueError(checks.message("build", f"{input_shape}", wanted, fix))
            output_row(self._layers, row)
            self._build(row)

    @property
    def layers(self) -> list[Layer]:
        """The layers, without Input."""
        return list(self._layers)

    @property
    def dtype(self) -> str:
        """The dtype of weights, arithmetic and outputs: "float32" or "float64"."""
        return self._dtype or "float32"

    @property
    def trainable(self) -> bool:
        """Whether any layer is trained; setting it freezes or frees all layers."""
        return any(layer.trainable for layer in self._layers)

    @trainable.setter
    def trainable(self, value: bool) -> None:
        for layer in self._layers:
            layer.trainable = value

    @property
    def built(self) -> bool:
        """Whether the weights exist."""
        return self._row is not None

    @property
    def input_shape(self) -> tuple[int | None, ...]:
        """(None, …); AttributeError before the model is built."""
        return (None, *self._known_row("input_shape", AttributeError))

    @property
    def output_shape(self) -> tuple[int | None, ...]:
        """(None, units); AttributeError before the model is built."""
        return (None, *output_row(self._layers, self._known_row("output_shape", AttributeError)))

    def _known_row(self, where: str, error: type[Exception] = ValueError) -> Shape:
        if self._row is None:
            got = f"model {self.name!r} without an input shape"
            raise error(checks.message(where, got, "a built model", _BUILD))
        return self._row

    def count_params(self) -> int:
        """Number of single weights; ValueError before the model is built."""
        self._known_row("count_params")
        return sum(layer.count_params() for layer in self._layers)

    def get_weights(self) -> list[Array]:
        """Copies of all weights: kernel, bias, kernel, bias, …; empty before the model is built."""
        with self._inside("get_weights"):
            return [weight for layer in self._layers for weight in layer.get_weights()]

    def set_weights(self, weights: Iterable[Any]) -> None:
        """Replace all weights by arrays in the order of `get_weights`.

        Every shape is checked before any weight is set; ValueError otherwise.
        """
        with self._inside("set_weights"):
            self._network(self._known_row("set_weights")).set_weights(weights)

    def save_weights(self, filepath: str | os.PathLike[str], overwrite: bool = True) -> None:
        """Write all weights to a .safetensors file, which other libraries read too.

        The file is replaced as a whole: after a crash it is the old one or the new one. ValueError
        before the model is built; FileExistsError where it exists and `overwrite` is False.
        """
        where = "save_weights"
        path = _weights_path(where, filepath)
        with self._inside(where):
            net = self._network(self._known_row(where))
            if not checks.flag(where, "overwrite", overwrite) and os.path.exists(path):
                fix = "Choose another name, or pass overwrite=True."
                text = checks.message(where, f"{path!r}, which exists", "a new file", fix)
                raise FileExistsError(text)
            named = dict(zip(net.weight_names(), net.get_weights(), strict=True))
            tensors.write(path, named, {"kudari": "weights"})

    def load_weights(self, filepath: str | os.PathLike[str]) -> None:
        """Replace all weights by those that a model of the same layers has saved.

        ValueError for a file that is damaged or of another model, and then nothing is changed.
        """
        where = "load_weights"
        path = _weights_path(where, filepath)
        with self._inside(where):
            net = self._network(self._known_row(where))
            names, shapes = net.weight_names(), [w.shape for w in net.get_weights()]
            most = 8 * sum(math.prod(shape) for shape in shapes)
            found, _ = tensors.read(where, path, most)
            tensors.require(where, path, found, dict(zip(names, shapes, strict=True)))
            net.set_weights([found[name] for name in names])

    def _network(self, row: Shape) -> Net:
        """The network for input rows of shape `row`, made when first needed."""
        if self._net is None:
            self._build(row)
            self._net = Net(self._layers, row, self.dtype, self._counters)
        return self._net

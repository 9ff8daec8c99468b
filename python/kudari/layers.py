"""Layers of a dense net: Dense, Activation, Dropout, Flatten, and Input for the shape of a row."""

import inspect
import math
import operator
import weakref
from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

from kudari import _core, activations, checks, data, initializers, memory, naming
from kudari.initializers import Initializer

Array: TypeAlias = NDArray[Any]
Shape: TypeAlias = tuple[int, ...]

_OPTIONS = ("name", "dtype", "trainable", "input_shape", "input_dim")


class Layer:
    """Base of the layers. Options of every layer:

    `name` (default: the class, numbered), `dtype` ("float32" or "float64", one for the whole
    model), `trainable` (False keeps the weights as they are, from the next `fit` on), and, for the
    first layer of a model, `input_shape` (shape of one row) or `input_dim` (length of one row).
    """

    def __init__(self, **options: Any) -> None:
        _refuse_unknown(type(self), options)
        name = options.get("name")
        self.name = naming.auto_name(type(self).__name__) if name is None else str(name)
        dtype = options.get("dtype")
        self.dtype = None if dtype is None else checks.float_dtype(self.name, dtype)
        self.trainable = options.get("trainable", True)
        self.given_input = _given_input(self.name, options)
        self.input_row: Shape | None = None
        self._values: list[Array] = []
        self._home: tuple[_core.Network, int] | None = None
        self._owner: weakref.ref[Any] | None = None

    fixed: ClassVar[tuple[str, ...]] = ()

    def __setattr__(self, name: str, value: Any) -> None:
        """AttributeError for what only the constructor sets: a built layer would not follow."""
        if name in self.fixed and name in self.__dict__:
            fix = f"Make a new layer: {type(self).__name__}(...)."
            wanted = f"{name} to stay as it was made"
            got = f"{name}={value!r}"
            raise AttributeError(checks.message(type(self).__name__, got, wanted, fix))
        super().__setattr__(name, value)

    # What a layer is: overridden by each

    def output_row(self, row: Shape) -> Shape:
        """Shape of one output row for input rows of shape `row`; ValueError where it cannot be."""
        return row

    def engine_layers(self, row: Shape, index: int) -> list[dict[str, Any]]:
        """The layer as the engine knows it, for input rows of shape `row`; `index` is its place."""
        return []

    def _make_weights(self, row: Shape, dtype: str) -> list[Array]:
        return []

    # Weights: own arrays until a model holds them in its network

    @property
    def built(self) -> bool:
        """Whether the shapes of the weights are known and the weights exist."""
        return self.input_row is not None

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Create the weights for inputs of `input_shape`, its first axis the rows: (None, 8)."""
        self.build_for(row_of(self.name, input_shape), self.dtype or "float32")

    def build_for(self, row: Shape, dtype: str) -> None:
        """Create the weights for input rows of shape `row`; later calls only check the shape."""
        self.output_row(row)
        if self.input_row is None:
            self._values = self._make_weights(row, dtype)
            self.input_row = row
        elif self.input_row != row:
            fix = "Make a new layer for another input shape."
            wanted = f"rows of shape {self.input_row}, for which the layer was built"
            raise ValueError(checks.message(self.name, f"{row}", wanted, fix))

    @property
    def trainable(self) -> bool:
        """Whether training changes the weights."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = checks.flag(self.name, "trainable", value)

    @property
    def weights(self) -> list[Array]:
        """Copies of the weights: kernel, then bias."""
        if self._home is None:
            return [value.copy() for value in self._values]
        network, first = self._home
        return [network.get_weight(first + i) for i in range(len(self.weight_names()))]

    @property
    def trainable_weights(self) -> list[Array]:
        """Copies of the weights that training changes."""
        return self.weights if self.trainable else []

    @property
    def non_trainable_weights(self) -> list[Array]:
        """Copies of the weights that training leaves alone."""
        return [] if self.trainable else self.weights

    def get_weights(self) -> list[Array]:
        """Copies of the weights in Keras's order: kernel, bias."""
        return self.weights

    def set_weights(self, weights: Iterable[Any]) -> None:
        """Replace the weights; all shapes are checked before any is set."""
        current = self.weights
        self.store(checked_weights(self.name, weights, current, self.weight_names()))

    def store(self, values: Sequence[Array]) -> None:
        """Replace the weights by arrays that are known to fit."""
        if self._home is None:
            self._values = [value.copy() for value in values]
            return
        network, first = self._home
        for index, value in enumerate(values):
            network.set_weight(first + index, value)

    def count_params(self) -> int:
        """Number of single weights."""
        return sum(value.size for value in self.weights)

    def weight_names(self) -> list[str]:
        """Names of the weights, in their order."""
        return []

    # A layer's place in a model

    def check_free(self, model: Any) -> None:
        """ValueError if another model than `model`, still alive, holds this layer."""
        owner = self._owner() if self._owner else None
        if owner is not None and owner is not model:
            fix = f"Make a new one: layers.{type(self).__name__}.from_config(layer.get_config())."
            got = f"layer {self.name!r} of model {owner.name!r}"
            raise ValueError(checks.message("Sequential", got, "a layer of no other model", fix))

    def check_given(self, row: Shape) -> None:
        """ValueError where the layer was told another input shape than `row`, which it gets."""
        if self.given_input not in (None, row):
            fix = "Leave input_shape out: only the first layer of a model needs it."
            got = f"input_shape={self.given_input} of {self.name!r}"
            raise ValueError(checks.message("add", got, f"a layer for rows of shape {row}", fix))

    def own(self, model: Any) -> None:
        """Belong to `model`."""
        self._owner = weakref.ref(model)

    def move_in(self, network: _core.Network, first: int) -> int:
        """Keep the weights in `network`, from weight `first` on; returns the index after them."""
        self._home = (network, first)
        self._values = []
        return first + len(self.weight_names())

    def move_out(self) -> None:
        """Take the weights back from the network and leave the model."""
        self._values = self.weights
        self._home = None
        self._owner = None

    # Keras's surface

    @property
    def output_shape(self) -> tuple[int | None, ...]:
        """Shape of the output, (None, …), once built."""
        if self.input_row is None:
            fix = "Build the model first: give an input shape, or call fit."
            got = f"a layer {self.name!r} without an input shape"
            raise AttributeError(checks.message(self.name, got, "a built layer", fix))
        return (None, *self.output_row(self.input_row))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make a layer like this one."""
        return {"name": self.name, "trainable": self.trainable, "dtype": self.dtype}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Layer":
        """A new layer from `get_config()`; weights are not part of it."""
        return cls(**config)

    def __call__(self, inputs: Any) -> Any:
        fix = "Put the layers in Sequential([...]); kudari has no functional API."
        raise TypeError(checks.message(self.name, "a call", "a layer inside Sequential", fix))

    def __reduce_ex__(self, protocol: Any) -> Any:
        fix = "Use from_config(layer.get_config()), then set_weights(layer.get_weights())."
        got = f"layer {self.name!r}"
        raise TypeError(checks.message("copy", got, "something that can be copied or pickled", fix))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"


class Dense(Layer):
    """activation(x @ kernel + bias): kernel (inputs, units), bias (units,).

    `units` is a whole number of at least 1; `activation` a name or function of
    `kudari.activations`, None for linear; initialisers as in `kudari.initializers`.
    """

    fixed = ("units", "activation", "use_bias", "kernel_initializer", "bias_initializer")

    def __init__(
        self,
        units: int,
        activation: str | Callable[..., Any] | None = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        **options: Any,
    ) -> None:
        self.units = checks.whole("Dense", "units", units, low=1)
        self.activation = activations.get(activation)
        self.use_bias = checks.flag("Dense", "use_bias", use_bias)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        super().__init__(**options)

    def output_row(self, row: Shape) -> Shape:
        if len(row) != 1:
            fix = "Put layers.Flatten() before it."
            got = f"rows of shape {row}"
            raise ValueError(checks.message(self.name, got, "rows with one axis", fix))
        return (self.units,)

    def engine_layers(self, row: Shape, index: int) -> list[dict[str, Any]]:
        dense = {
            "kind": "dense",
            "units": self.units,
            "use_bias": self.use_bias,
            "trainable": self.trainable,
        }
        return [dense, *_engine_activation(self.activation)]

    def _make_weights(self, row: Shape, dtype: str) -> list[Array]:
        kernel = self._made("kernel", self.kernel_initializer, (row[0], self.units), dtype)
        if not self.use_bias:
            return [kernel]
        return [kernel, self._made("bias", self.bias_initializer, (self.units,), dtype)]

    def _made(self, name: str, make: Initializer, shape: Shape, dtype: str) -> Array:
        size = (8 + np.dtype(dtype).itemsize) * math.prod(shape)  # initialisers work in float64
        memory.require(self.name, f"a {name} of shape {shape}", size)
        value = np.ascontiguousarray(make(shape, dtype=dtype), dtype)
        fix = "Let the initializer return an array of the shape it is given."
        checks.shape(self.name, name, value, shape, fix)
        return value

    def weight_names(self) -> list[str]:
        return ["kernel", "bias"] if self.use_bias else ["kernel"]

    @property
    def kernel(self) -> Array:
        """A copy of the kernel, (inputs, units)."""
        return self._weight(0)

    @property
    def bias(self) -> Array | None:
        """A copy of the bias, (units,); None without one."""
        return self._weight(1) if self.use_bias else None

    def _weight(self, index: int) -> Array:
        if not self.built:
            fix = "Build the model first: give an input shape, or call fit."
            raise AttributeError(checks.message(self.name, "no weights yet", "a built layer", fix))
        return self.weights[index]

    def get_config(self) -> dict[str, Any]:
        own = {
            "units": self.units,
            "activation": activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "kernel_initializer": initializers.serialize(self.kernel_initializer),
            "bias_initializer": initializers.serialize(self.bias_initializer),
        }
        return super().get_config() | own


class Activation(Layer):
    """An activation as a layer of its own: a name or function of `kudari.activations`."""

    fixed = ("activation",)

    def __init__(self, activation: str | Callable[..., Any], **options: Any) -> None:
        self.activation = activations.get(activation)
        super().__init__(**options)

    def output_row(self, row: Shape) -> Shape:
        if len(row) > 1 and activations.serialize(self.activation) == "softmax":
            fix = "Put layers.Flatten() before it."
            got = f"rows of shape {row}"
            raise ValueError(checks.message(self.name, got, "rows with one axis", fix))
        return row

    def engine_layers(self, row: Shape, index: int) -> list[dict[str, Any]]:
        return _engine_activation(self.activation)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"activation": activations.serialize(self.activation)}


class Dropout(Layer):
    """In training, a value is 0 with probability `rate`, else divided by 1 - rate.

    `rate` is in [0, 1). Masks are a function of `seed` (default: the model's), of the layer's place
    and of the training step, so they depend on neither threads nor batch hooks.
    """

    fixed = ("rate", "seed")

    def __init__(self, rate: float, seed: int | None = None, **options: Any) -> None:
        self.rate = checks.number("Dropout", "rate", rate, low=0, high=1, open_high=True)
        self.seed = None if seed is None else checks.whole("Dropout", "seed", seed)
        super().__init__(**options)

    def engine_layers(self, row: Shape, index: int) -> list[dict[str, Any]]:
        seed = None if self.seed is None else self.seed % 2**64
        return [{"kind": "dropout", "rate": self.rate, "stream": index, "seed": seed}]

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"rate": self.rate, "seed": self.seed}


class Flatten(Layer):
    """Rows of any shape as rows of one axis: (None, 28, 28) becomes (None, 784)."""

    def output_row(self, row: Shape) -> Shape:
        return (math.prod(row),)


class InputLayer(Layer):
    """The shape of one row, as the first item of a model; it is no layer of the model itself."""

    def __init__(self, shape: Sequence[int] | int, **options: Any) -> None:
        super().__init__(input_shape=shape, **options)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"shape": self.given_input}


def Input(shape: Sequence[int] | int, **options: Any) -> InputLayer:  # noqa: N802
    """The shape of one row, without the batch axis: `Sequential([Input((784,)), Dense(10)])`."""
    return InputLayer(shape, **options)


def _engine_activation(activation: Callable[..., Any]) -> list[dict[str, Any]]:
    name = activations.serialize(activation)
    return [] if name == "linear" else [{"kind": "activation", "name": name}]


def row_of(where: str, input_shape: Sequence[int | None]) -> Shape:
    """Shape of one row from a shape whose first axis counts the rows."""
    if not isinstance(input_shape, (tuple, list)) or len(input_shape) < 2:
        fix = "Pass (None, features)."
        raise ValueError(checks.message(where, repr(input_shape), "a shape with a row axis", fix))
    return row_shape(where, input_shape[1:])


def row_shape(where: str, shape: Any) -> Shape:
    """A tuple of lengths of at least 1 from a sequence of them or a single one."""
    lengths = (shape,) if isinstance(shape, (int, np.integer)) else shape
    try:
        result = tuple(operator.index(length) for length in lengths)
    except TypeError:
        result = ()
    if not result or min(result) < 1:
        fix = "Pass the shape of one row, without the batch axis: (784,)."
        wanted = "an input shape of whole numbers of at least 1"
        raise ValueError(checks.message(where, repr(shape), wanted, fix))
    return result


def require_layer(layer: object, others: Sequence[Layer]) -> None:
    """TypeError unless `layer` is a layer, ValueError where it is one of `others`."""
    if isinstance(layer, type) and issubclass(layer, Layer):
        got, fix = f"the class {layer.__name__}", f"Write {layer.__name__}(...)."
        raise TypeError(checks.message("add", got, "a layer, made of its class", fix))
    if not isinstance(layer, Layer):
        got = f"an instance of {type(layer).__name__}"
        fix = "kudari trains dense nets on the CPU: use Dense, Activation, Dropout or Flatten."
        raise TypeError(checks.message("add", got, "a layer of kudari.layers", fix))
    if any(layer is other for other in others):
        fix = "Make a second layer: a layer has one place, and one set of weights."
        got = f"the layer {layer.name!r} a second time"
        raise ValueError(checks.message("add", got, "a layer not in the model yet", fix))


def listed(where: str, name: str, values: Any) -> list[Any]:
    """`values` as a list; TypeError where they cannot be gone through."""
    try:
        return list(values)
    except TypeError:
        fix = "Put it in brackets: [...]."
        got = checks.kind_of(values)
        raise TypeError(checks.message(where, got, f"{name} as a list", fix)) from None


def checked_weights(
    where: str, weights: Iterable[Any], like: Sequence[Array], names: Sequence[str]
) -> list[Array]:
    """`weights` as arrays of the shapes and dtypes of `like`; ValueError where they do not fit."""
    given = listed(where, "weights", weights)
    if len(given) != len(like):
        fix = "Pass the list that get_weights() of such a model gives."
        got = f"{len(given)} {'array' if len(given) == 1 else 'arrays'}"
        raise ValueError(checks.message(where, got, f"{len(like)} weights", fix))
    result = []
    for value, current, name in zip(given, like, names, strict=True):
        array = data.real(where, name, value)
        fix = "Did you forget to transpose?" if array.shape == current.shape[::-1] else _ORDER
        checks.shape(where, name, array, current.shape, fix)
        result.append(np.ascontiguousarray(array, current.dtype))
    return result


_ORDER = "Weights come in the order of get_weights()."


def _given_input(where: str, options: dict[str, Any]) -> Shape | None:
    names = [name for name in ("input_shape", "input_dim") if options.get(name) is not None]
    shapes = [row_shape(where, options[name]) for name in names]
    if len(set(shapes)) > 1:
        got = f"input_shape={shapes[0]} and input_dim={shapes[1][0]}"
        raise ValueError(checks.message(where, got, "one input shape", "Leave out one of the two."))
    return shapes[0] if shapes else None


def _refuse_unknown(cls: type[Layer], options: dict[str, Any]) -> None:
    """ValueError for an option no layer has, with the closest that `cls` has."""
    unknown = next((name for name in options if name not in _OPTIONS), None)
    if unknown is not None:
        own = [name for name in inspect.signature(cls).parameters if name != "options"]
        known = [*own, *_OPTIONS]
        wanted = f"options among {', '.join(known)}"
        got = f"the option {unknown!r}"
        raise ValueError(checks.message(cls.__name__, got, wanted, checks.closest(unknown, known)))


checks.only(__name__, ("Activation", "Dense", "Dropout", "Flatten", "Input", "InputLayer", "Layer"))

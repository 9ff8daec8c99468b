"""Bad input: the exception, the words of its message, and that nothing was changed."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from kudari import kernels, samples

Change = Callable[[list[Any], dict[str, Any]], None]


def argument(index: int, change: Callable[[Any], Any]) -> Change:
    def apply(args: list[Any], kwargs: dict[str, Any]) -> None:
        args[index] = change(args[index])

    return apply


def option(**options: Any) -> Change:
    """Keyword arguments; a function is given the positional ones."""

    def apply(args: list[Any], kwargs: dict[str, Any]) -> None:
        for name, value in options.items():
            kwargs[name] = value(args) if callable(value) else value

    return apply


def share(source: int, place: int) -> Change:
    """One argument is another's memory."""

    def apply(args: list[Any], kwargs: dict[str, Any]) -> None:
        args[place] = args[source]

    return apply


def overlapping(args: list[Any], kwargs: dict[str, Any]) -> None:
    """params and m lie in one buffer, a little apart."""
    size = args[0].size
    buffer = np.arange(size + 2, dtype=np.float32)
    args[0] = buffer[:size].reshape(args[0].shape)
    args[2] = buffer[2:].reshape(args[0].shape)


def readonly(array: Any) -> Any:
    array = array.copy()
    array.flags.writeable = False
    return array


def strided(array: Any) -> Any:
    return np.repeat(array, 2, axis=-1)[..., ::2]


def swapped(array: Any) -> Any:
    return array.astype(array.dtype.newbyteorder())


MSE, BCE, SCE = (
    "mean_squared_error_loss",
    "binary_crossentropy_grad",
    "sparse_softmax_crossentropy_loss",
)

PAIR = "mean_squared_error_loss_grad"


def pair(loss: Callable[[Any], Any] | None = None, grad: Callable[[Any], Any] | None = None) -> Any:
    """`out` of a loss with its gradient, one of the two arrays changed."""

    def make(args: list[Any]) -> Any:
        good = np.zeros(4, np.float32), np.zeros((4, 3), np.float32)
        return tuple(f(a) if f else a for f, a in zip((loss, grad), good, strict=True))

    return make


def joined(args: list[Any]) -> Any:
    """A pair whose two arrays share a value."""
    buffer = np.zeros(15, np.float32)
    return buffer[:4], buffer[3:].reshape(4, 3)


# kernel, what is done to its arguments for (4, 3) float32 operands, exception, words of the message
CASES: list[tuple[str, Change, type[Exception], str]] = [
    # shapes
    (MSE, argument(0, lambda y: y[:, :1]), ValueError, "y_true of shape (4, 3); received (4, 1)"),
    (MSE, argument(0, lambda y: y[0]), ValueError, "y_true of shape (4, 3); received (3,)"),
    (MSE, argument(1, lambda p: p[0, 0]), ValueError, "y_pred with at least one axis"),
    (MSE, argument(1, lambda p: p[:, :0]), ValueError, "a last axis of at least 1"),
    (MSE, option(sample_weight=[1, 2]), ValueError, "sample_weight of shape (4,); received (2,)"),
    (
        SCE,
        argument(0, lambda y: np.eye(4, 3, dtype=int)),
        ValueError,
        "one-hot rows use the function without",
    ),
    (
        SCE,
        argument(0, lambda y: y[:3]),
        ValueError,
        "y_true of shape (4,) or (4, 1); received (3,)",
    ),
    ("relu_backward", argument(1, lambda g: g.T), ValueError, "Did you forget to transpose?"),
    ("softmax_forward", argument(0, lambda x: x[0, 0]), ValueError, "at least one axis"),
    (
        "adam_update",
        argument(1, lambda g: g.T),
        ValueError,
        "grads of shape (4, 3); received (3, 4). Did you forget to transpose?",
    ),
    ("adam_update", argument(2, lambda m: m[:2]), ValueError, "m of shape (4, 3); received (2, 3)"),
    (
        "matmul",
        argument(1, lambda b: b.T),
        ValueError,
        "b with 12 rows; received (4, 12) and (3, 12). Did you forget to transpose?",
    ),
    ("matmul", argument(0, lambda a: a[0]), ValueError, "a (m, k) and b (k, n); received (12,)"),
    ("matmul", option(bias=[1.0]), ValueError, "bias of shape (3,); received (1,)"),
    ("categorical_accuracy", argument(0, lambda y: y[:1]), ValueError, "y_true of shape (4, 3)"),
    # dtypes
    (MSE, argument(0, swapped), TypeError, "native byte order; received byte-swapped"),
    (MSE, argument(0, lambda y: y.astype(complex)), TypeError, "received dtype complex128"),
    (MSE, argument(1, lambda p: p.astype(object)), TypeError, "received dtype object"),
    (MSE, argument(1, lambda p: "text"), TypeError, "received dtype <U4"),
    (
        MSE,
        argument(1, lambda p: p.astype(np.longdouble)),
        TypeError,
        "longdouble" if np.dtype(np.longdouble).itemsize == 8 else "float128",
    ),
    (
        MSE,
        argument(0, lambda y: [[1.0], [2.0, 3.0]]),
        ValueError,
        "nested sequences of unequal lengths",
    ),
    (MSE, option(sample_weight=["a"] * 4), TypeError, "sample_weight of float32"),
    (
        SCE,
        argument(0, lambda y: y.astype(np.float32)),
        TypeError,
        "integer labels; received dtype float32",
    ),
    (SCE, argument(0, lambda y: y > 0), TypeError, "integer labels; received dtype bool"),
    ("exp", argument(0, swapped), TypeError, "newbyteorder"),
    ("power", argument(0, lambda x: x.astype(complex)), TypeError, "complex128"),
    (
        "adam_update",
        argument(0, lambda w: w.tolist()),
        TypeError,
        "params to be a float32 ndarray; received list",
    ),
    (
        "adam_update",
        argument(0, lambda w: w.astype(np.float16)),
        TypeError,
        "params of dtype float32; received float16",
    ),
    ("adam_update", argument(0, lambda w: w.astype(np.int64)), TypeError, "received int64"),
    ("adam_update", argument(0, swapped), TypeError, "params of dtype float32; received >f4"),
    (
        "adam_update",
        argument(1, lambda g: g.astype(np.float64)),
        TypeError,
        "grads of dtype float32; received float64",
    ),
    (
        "adam_update",
        argument(3, lambda v: v.astype(np.float64)),
        TypeError,
        "v of dtype float32; received float64",
    ),
    # memory
    ("adam_update", argument(0, readonly), TypeError, "received a read-only array"),
    ("adam_update", argument(2, readonly), TypeError, "m to be a writeable"),
    ("adam_update", argument(0, strided), TypeError, "received a non-contiguous view"),
    ("adam_update", argument(0, np.asfortranarray), TypeError, "received a non-contiguous view"),
    ("adam_update", share(0, 1), ValueError, "params not to overlap grads"),
    ("adam_update", share(2, 3), ValueError, "v not to overlap m"),
    ("adam_update", overlapping, ValueError, "m not to overlap params"),
    ("sgd_update", share(0, 1), ValueError, "arrays that share memory"),
    (
        MSE,
        option(out=lambda args: np.zeros(3, np.float32)),
        ValueError,
        "out of shape (4,); received (3,)",
    ),
    (
        MSE,
        option(out=lambda args: np.zeros(4)),
        TypeError,
        "out of dtype float32; received float64",
    ),
    (
        MSE,
        option(out=lambda args: [0.0] * 4),
        TypeError,
        "out to be a float32 ndarray; received list",
    ),
    (PAIR, option(out=pair(lambda a: a[:3])), ValueError, "out[0] of shape (4,); received (3,)"),
    (PAIR, option(out=pair(None, lambda a: a.T)), ValueError, "Did you forget to transpose?"),
    (PAIR, option(out=pair(lambda a: a.astype(float))), TypeError, "out[0] of dtype float32"),
    (PAIR, option(out=pair(None, readonly)), TypeError, "out[1] to be a writeable; read-only"),
    (PAIR, option(out=pair(None, strided)), TypeError, "received a non-contiguous view"),
    (PAIR, option(out=lambda args: (np.zeros(4, np.float32), args[1])), ValueError, "y_pred"),
    (PAIR, option(out=lambda args: (np.zeros(4, np.float32), args[0])), ValueError, "y_true"),
    (PAIR, option(out=joined), ValueError, "out[0] not to overlap out[1]"),
    (PAIR, option(out=lambda args: args[1]), TypeError, "a pair of arrays; received an ndarray"),
    (PAIR, option(out=lambda args: (args[1],)), TypeError, "received a tuple of an ndarray"),
    (PAIR, option(out=pair(lambda a: None)), TypeError, "a tuple of a NoneType, an ndarray"),
    (BCE, option(out=lambda args: args[1]), ValueError, "out not to overlap y_pred"),
    (BCE, option(out=lambda args: args[0]), ValueError, "out not to overlap y_true"),
    (BCE, option(out=lambda args: readonly(args[1])), TypeError, "read-only"),
    (BCE, option(out=lambda args: strided(args[1])), TypeError, "non-contiguous"),
    ("relu_forward", option(out=lambda args: args[0]), ValueError, "out not to overlap x"),
    (
        "matmul",
        option(out=lambda args: np.zeros((3, 4), np.float32)),
        ValueError,
        "Did you forget to transpose?",
    ),
    ("exp", option(out=lambda args: readonly(args[0])), TypeError, "read-only"),
    # numbers
    ("huber_loss", option(delta=0), ValueError, "delta in (0, inf]; received 0.0"),
    ("huber_grad", option(delta=np.nan), ValueError, "received nan"),
    ("huber_grad", option(scale="1"), TypeError, "scale to be a number; received '1'"),
    (BCE, option(label_smoothing=1.5), ValueError, "label_smoothing in [0, 1]; received 1.5"),
    (BCE, option(scale=np.nan), ValueError, "scale"),
    (
        "binary_accuracy",
        option(threshold=None),
        TypeError,
        "threshold to be a number; received None",
    ),
    (
        "sgd_update",
        option(learning_rate=-0.1),
        ValueError,
        "learning_rate in [0, inf]; received -0.1",
    ),
    ("sgd_update", option(learning_rate=np.nan), ValueError, "received nan"),
    ("sgd_update", option(learning_rate=[0.1]), TypeError, "learning_rate to be a number"),
    ("momentum_update", option(momentum=1.1), ValueError, "momentum in [0, 1]; received 1.1"),
    ("rmsprop_update", option(rho=-1), ValueError, "rho in [0, 1]"),
    ("rmsprop_centered_momentum_update", option(epsilon=-1e-7), ValueError, "epsilon in [0, inf]"),
    ("adam_update", option(beta_1=2), ValueError, "beta_1 in [0, 1]"),
    ("amsgrad_update", option(alpha=1j), TypeError, "alpha to be a number; received 1j"),
    ("power", argument(0, lambda x: -x), ValueError, "x of at least 0"),
    ("random_uniform", argument(0, lambda seed: -1), ValueError, "seed of at least 0; received -1"),
    ("random_uniform", argument(0, lambda seed: 2**64), ValueError, "seed below 2**64"),
    ("random_uniform", argument(1, lambda stream: 2**24), ValueError, "stream below 2**24"),
    ("random_uniform", argument(0, lambda seed: 1.5), TypeError, "seed to be a whole number"),
    ("random_uniform", argument(2, lambda shape: (3, -1)), ValueError, "each length of shape"),
    ("random_uniform", argument(2, lambda shape: 2.5), TypeError, "shape"),
    ("permutation", argument(2, lambda n: -3), ValueError, "n of at least 0; received -3"),
    ("dropout_mask", argument(4, lambda rate: 1.0), ValueError, "rate in [0, 1); received 1.0"),
]


def all_bytes(args: list[Any], kwargs: dict[str, Any]) -> list[bytes]:
    values = (*args, *kwargs.values())
    return [value.tobytes() for value in values if isinstance(value, np.ndarray)]


@pytest.mark.parametrize(("kernel", "change", "exception", "words"), CASES)
def test_bad_input(kernel: str, change: Change, exception: type[Exception], words: str) -> None:
    dtype = "float64" if kernel == "power" else "float32"
    sample = samples.make(kernel, dtype, 4, 3)
    args, kwargs = list(sample.args), dict(sample.kwargs)
    change(args, kwargs)
    before = all_bytes(args, kwargs)
    with pytest.raises(exception) as caught:
        getattr(kernels, kernel)(*args, **kwargs)
    text = str(caught.value)
    assert text.startswith(f"[{kernel}] expected "), text
    assert "; received " in text
    assert all(part in text for part in words.split("; ")), text
    assert text.endswith((".", "?"))
    assert all_bytes(args, kwargs) == before

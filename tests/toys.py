"""Small learnable data, what a model is made of, byte by byte, and a strange float mode."""

import ctypes
import mmap
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

import kudari

Array = NDArray[Any]


def binary(rows: int = 200, features: int = 8, seed: int = 0) -> tuple[Array, Array]:
    """x (rows, features) and labels 0 and 1 on the two sides of a plane."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((rows, features)).astype(np.float32)
    return x, (x @ rng.standard_normal(features) > 0).astype(np.int64)


def classes(
    rows: int = 300, features: int = 8, count: int = 3, seed: int = 0
) -> tuple[Array, Array]:
    """x (rows, features) around one centre per class, and the class numbers."""
    rng = np.random.default_rng(seed)
    y = np.arange(rows) % count
    centres = rng.standard_normal((count, features)) * 2
    return (centres[y] + rng.standard_normal((rows, features))).astype(np.float32), y


def regression(rows: int = 200, features: int = 8, seed: int = 0) -> tuple[Array, Array]:
    """x (rows, features) and a noisy linear target of shape (rows,)."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((rows, features)).astype(np.float32)
    y = x @ rng.standard_normal(features) + 0.1 * rng.standard_normal(rows)
    return x, y.astype(np.float32)


def softmax_net(features: int = 8, count: int = 3, seed: int = 3, **options: Any) -> Any:
    """A compiled net with a hidden layer and dropout, built from `seed`."""
    kudari.utils.set_random_seed(seed)
    layers = kudari.layers
    model = kudari.Sequential(
        [
            layers.Dense(16, activation="relu", input_shape=(features,)),
            layers.Dropout(0.2),
            layers.Dense(count, activation="softmax"),
        ],
        **options,
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def line_net(features: int = 8, seed: int = 3, **options: Any) -> Any:
    """One linear unit with mean squared error and plain SGD."""
    kudari.utils.set_random_seed(seed)
    model = kudari.Sequential([kudari.layers.Dense(1, input_shape=(features,))], **options)
    model.compile(kudari.optimizers.SGD(0.05), "mse")
    return model


def state(model: Any) -> list[bytes | int | str]:
    """Weights, slots and counters of a model."""
    found: list[bytes | int | str] = [value.tobytes() for value in model.get_weights()]
    net = model._net
    if net is not None:
        found += [slot.tobytes() for slots in net.get_slots() for slot in slots]
    if model.optimizer is not None:
        found.append(model.optimizer.iterations)
    life = model._counters
    return [*found, life.seed, life.epochs, life.steps, str(model.input_shape)]


@contextmanager
def flushing_to_zero() -> Iterator[None]:
    """Flush-to-zero and denormals-are-zero, as some libraries leave them on."""
    code = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    code.write(b"\x0f\xae\x17\xc3")  # ldmxcsr [rdi]; ret
    code.seek(16)
    code.write(b"\x0f\xae\x1f\xc3")  # stmxcsr [rdi]; ret
    address = ctypes.addressof(ctypes.c_char.from_buffer(code))
    signature = ctypes.CFUNCTYPE(None, ctypes.POINTER(ctypes.c_uint32))
    load, store = signature(address), signature(address + 16)
    before = ctypes.c_uint32()
    store(before)
    load(ctypes.c_uint32(before.value | 0x8040))
    try:
        yield
    finally:
        load(before)

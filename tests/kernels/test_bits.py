"""Same inputs, same bits: on every instruction set, at any offset and length, in any float mode."""

import inspect
import math
import platform
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import toys
from kudari import _core, cpu, kernels, samples, validation

Array = NDArray[Any]
ROWS = [(row.kernel, dtype) for row in validation.TABLE for dtype in row.dtypes]
SHAPES = ((67, 1), (33, 37), (5, 130))
GUARD = 16


def outputs(kernel: str, sample: samples.Sample) -> list[Array]:
    return validation.call(getattr(kernels, kernel), sample)


def digest(arrays: list[Array]) -> list[bytes]:
    """Bytes, all NaNs as one: their sign and payload differ between vendors."""
    return [np.where(array == array, array, math.nan).tobytes() for array in arrays]


@pytest.mark.parametrize(("kernel", "dtype"), ROWS)
def test_every_isa_gives_the_same_bytes(kernel: str, dtype: str) -> None:
    before = cpu.active()
    try:
        for shape in SHAPES:
            sample = samples.make(kernel, dtype, *shape)
            found = {}
            for isa in cpu.available():
                cpu.use(isa)
                assert cpu.active() == isa
                found[isa] = digest(outputs(kernel, sample))
            assert all(value == found["baseline"] for value in found.values()), shape
    finally:
        cpu.use(before)


def moved(value: Any, rows: int, start: int, stop: int, offset: int) -> Any:
    """Rows start:stop of an operand, `offset` elements into a buffer of its own."""
    if not isinstance(value, np.ndarray) or len(value) != rows:
        return value
    part = value[start:stop]
    buffer = np.empty(part.size + offset, value.dtype)
    place = buffer[offset:].reshape(part.shape)
    place[...] = part
    return place


BY_ROW = [
    pair for pair in ROWS if pair[0] not in {"sum", "random_uniform", "permutation", "dropout_mask"}
]


@pytest.mark.parametrize(("kernel", "dtype"), BY_ROW)
@pytest.mark.parametrize("columns", [1, 5, 37])
def test_a_value_depends_on_neither_place_nor_length(
    isa: str, kernel: str, dtype: str, columns: int
) -> None:
    rows = 71
    sample = samples.make(kernel, dtype, rows, columns)
    whole = outputs(kernel, sample)
    for start, stop, offset in ((0, 71, 1), (3, 71, 3), (5, 6, 7), (16, 33, 2), (1, 66, 15)):
        args = tuple(moved(value, rows, start, stop, offset) for value in sample.args)
        kwargs = {k: moved(v, rows, start, stop, offset) for k, v in sample.kwargs.items()}
        part = outputs(kernel, samples.Sample(args, kwargs))
        wanted = [array[start:stop] for array in whole]
        assert digest(part) == digest(wanted), (start, stop, offset)


def guarded(array: Array, offset: int) -> tuple[Array, Array]:
    """A copy of `array` amid guards, and the buffer that holds both."""
    buffer = np.full(array.size + 2 * GUARD + offset, 77, array.dtype)
    place = buffer[GUARD + offset : GUARD + offset + array.size].reshape(array.shape)
    place[...] = array
    return place, buffer


def intact(place: Array, buffer: Array) -> bool:
    used = (place.__array_interface__["data"][0] - buffer.__array_interface__["data"][0]) // (
        buffer.itemsize
    )
    return bool((buffer[:used] == 77).all() and (buffer[used + place.size :] == 77).all())


def takes_out(kernel: str) -> bool:
    return "out" in inspect.signature(getattr(kernels, kernel)).parameters


WRITING = [pair for pair in ROWS if takes_out(pair[0]) or pair[0].endswith("_update")]


@pytest.mark.parametrize(("kernel", "dtype"), WRITING)
def test_nothing_is_written_beside_the_outputs(isa: str, kernel: str, dtype: str) -> None:
    function = getattr(kernels, kernel)
    for rows, columns in ((1, 1), (7, 1), (17, 1), (33, 3), (4, 17)):
        sample = samples.make(kernel, dtype, rows, columns)
        wanted = outputs(kernel, sample)
        pairs = [guarded(array, offset=rows % 3) for array in wanted]
        places = tuple(place for place, _ in pairs)
        if takes_out(kernel):
            out = places if kernel.endswith("_loss_grad") else places[0]
            function(*sample.args, **sample.kwargs, out=out)
        else:
            before = [sample.args[0], *sample.args[2:]]
            for place, value in zip(places, before, strict=True):
                place[...] = value
            function(places[0], sample.args[1], *places[1:], **sample.kwargs)
        assert digest(list(places)) == digest(wanted)
        assert all(intact(*pair) for pair in pairs)


@pytest.mark.parametrize("name", _core.loss_names())
def test_loss_and_gradient_in_one_pass_stay_inside(isa: str, name: str) -> None:
    for rows, columns in ((7, 1), (33, 3), (4, 17)):
        sample = samples.make(f"{name}_loss_grad", "float32", rows, columns)
        wanted = outputs(f"{name}_loss_grad", sample)
        loss, grad = (guarded(np.zeros_like(array), 1) for array in wanted)
        parameter = sample.kwargs.get("delta", sample.kwargs.get("label_smoothing", 0.0))
        weight, scale = sample.kwargs["sample_weight"], sample.kwargs["scale"]
        true, pred = sample.args
        _core.run_loss(name, true, pred, weight, parameter, scale, loss[0], grad[0])
        assert digest([loss[0], grad[0]]) == digest(wanted)
        assert intact(*loss)
        assert intact(*grad)


def rounded(value: Fraction, dtype: str) -> Any:
    """The number of `dtype` nearest to `value`, ties to even (normal numbers only)."""
    digits = np.finfo(dtype).nmant + 1
    if value == 0:
        return np.dtype(dtype).type(0)
    exponent = math.frexp(float(value))[1] - digits
    scaled = value / Fraction(2) ** exponent
    if abs(scaled) < 2 ** (digits - 1):
        exponent, scaled = exponent - 1, scaled * 2
    return np.dtype(dtype).type(math.ldexp(round(scaled), exponent))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_matmul_is_one_ascending_chain_of_fused_steps(isa: str, dtype: str) -> None:
    rng = np.random.default_rng(3)
    a, b, bias = (rng.normal(size=s).astype(dtype) for s in ((7, 19), (19, 35), 35))
    wanted = np.empty((7, 35), dtype)
    for i in range(7):
        for j in range(35):
            total: Any = 0.0
            for k in range(19):
                step = Fraction(float(a[i, k])) * Fraction(float(b[k, j]))
                total = rounded(Fraction(float(total)) + step, dtype)
            wanted[i, j] = rounded(Fraction(float(total)) + Fraction(float(bias[j])), dtype)
    assert kernels.matmul(a, b, bias=bias).tobytes() == wanted.tobytes()


@pytest.mark.parametrize("size", [0, 1, 15, 16, 17, 4095, 4096, 4097, 20000])
def test_sum_is_chunks_of_4096_over_16_lanes(isa: str, size: int) -> None:
    x = np.random.default_rng(4).normal(size=size).astype(np.float32)
    chunks = []
    for start in range(0, size, 4096):
        lanes = [0.0] * 16
        for i, value in enumerate(x[start : start + 4096]):
            lanes[i % 16] += float(value)
        while len(lanes) > 1:
            half = len(lanes) // 2
            lanes = [lanes[i] + lanes[i + half] for i in range(half)]
        chunks += lanes
    while len(chunks) > 1:
        pairs = [chunks[i] + chunks[i + 1] for i in range(0, len(chunks) - 1, 2)]
        chunks = pairs + chunks[len(pairs) * 2 :]
    assert kernels.sum(x) == (chunks[0] if chunks else 0.0)


@pytest.mark.skipif(platform.machine() != "x86_64", reason="sets the x86-64 mode register")
@pytest.mark.parametrize(("kernel", "dtype"), ROWS)
def test_the_callers_float_mode_changes_nothing(isa: str, kernel: str, dtype: str) -> None:
    sample = samples.make(kernel, dtype, 33, 5)
    if kernel.endswith("_forward") or kernel in {"exp", "matmul", "sgd_update"}:
        # Numbers whose results are subnormal.
        small = np.array(np.finfo(dtype).tiny, dtype) / 4
        args = [a * small if kernel != "exp" else a for a in sample.args[:1]]
        sample = samples.Sample((*args, *sample.args[1:]), sample.kwargs)
    wanted = digest(outputs(kernel, sample))
    with toys.flushing_to_zero():
        flushed = np.float32(1e-38) * np.float32(0.1) == 0
        found = outputs(kernel, sample)
        still_flushed = np.float32(1e-38) * np.float32(0.1) == 0
    assert flushed
    assert still_flushed  # the caller's own mode is put back
    assert digest(found) == wanted


def test_slots_below_the_normal_numbers_become_zero(isa: str) -> None:
    tiny = float(np.finfo(np.float32).tiny)
    params, grads = np.ones(5, np.float32), np.zeros(5, np.float32)
    velocity = np.array([tiny, -tiny, 1.5 * tiny, 4 * tiny, 0.0], np.float32)
    kernels.momentum_update(params, grads, velocity, learning_rate=0.1, momentum=0.5)
    np.testing.assert_array_equal(velocity, np.array([0, 0, 0, 2 * tiny, 0], np.float32))


def test_random_streams_do_not_repeat_each_other() -> None:
    draws = [kernels.random_uniform(seed, stream, 500) for seed in (0, 1) for stream in (0, 1)]
    draws.append(kernels.random_uniform(2**63, 2**24 - 1, 500))
    assert len({value for draw in draws for value in draw.tolist()}) == 5 * 500
    for draw in draws:
        assert 0 <= draw.min() < 0.05 < 0.95 < draw.max() < 1
    np.testing.assert_array_equal(kernels.random_uniform(0, 0, (20, 25)).ravel(), draws[0])
    order = kernels.permutation(3, 0, 1000)
    assert sorted(order) == list(range(1000))
    assert (order != kernels.permutation(3, 1, 1000)).any()


def test_dropout_keeps_the_mean() -> None:
    mask = kernels.dropout_mask(1, 2, 3, (400, 250), 0.25)
    assert set(np.unique(mask)) == {np.float32(0), np.float32(4 / 3)}
    # 100,000 draws: six standard deviations of the mean are 6 sqrt(p / (1 - p) / n).
    assert abs(mask.mean() - 1) < 6 * math.sqrt(0.25 / 0.75 / mask.size)
    assert (kernels.dropout_mask(1, 2, 3, 1000, 0.0) == 1).all()

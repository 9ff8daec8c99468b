"""Thousands of strange arrays: an error of ours that changes nothing, or a right answer."""

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

import kudari as keras
import toys
from kudari import kernels, losses

Array = NDArray[Any]
FEATURES, CLASSES = 4, 3
MANY = settings(
    max_examples=400,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
OURS = (ValueError, TypeError, keras.NonFiniteError)


class Liar:
    """Says that it has another shape, length or dtype than its array."""

    def __init__(self, array: Array, shape: Any, dtype: Any, length: int) -> None:
        self._array, self.shape, self.dtype, self._length = array, shape, dtype, length
        self.ndim = len(shape)

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: Any) -> Any:
        return self._array[index]

    def __array__(self, dtype: Any = None, copy: Any = None) -> Array:
        return self._array


class Failing:
    """Raises, or gives what is no array, when it is asked for one."""

    def __init__(self, result: Any) -> None:
        self._result = result

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        if isinstance(self._result, Exception):
            raise self._result
        return self._result


DTYPES = st.one_of(
    hnp.floating_dtypes(endianness="?"),
    hnp.integer_dtypes(endianness="?"),
    hnp.unsigned_integer_dtypes(endianness="?"),
    hnp.boolean_dtypes(),
    hnp.complex_number_dtypes(),
    hnp.datetime64_dtypes(),
    hnp.byte_string_dtypes(),
    hnp.unicode_string_dtypes(),
    st.just(np.dtype(object)),
    st.just(np.dtype([("a", "f4"), ("b", "i4")])),
)
SIZES = st.sampled_from([0, 1, 2, CLASSES, FEATURES, 5, 8])
SHAPES = st.one_of(
    st.tuples(st.just(8), st.just(FEATURES)),
    st.just((8,)),
    st.just((8, CLASSES)),
    st.lists(SIZES, max_size=3).map(tuple),
)
SPECIAL = [np.nan, np.inf, -np.inf, 1e-45, -1e-40, 1e38, 3.4e38, 1e308, -0.0, 0.5, 2.0**63]


@st.composite
def arrays(draw: Any) -> Array:
    """Any dtype and shape, special values, then strides, offsets and flags that are not plain."""
    dtype, shape = draw(DTYPES), draw(SHAPES)
    if dtype.names or dtype.kind in "OSUmM":
        array = np.zeros(shape, dtype)
        if dtype.kind == "O":
            array[...] = draw(st.sampled_from([0, 1.5, None, "a", [1], np.nan]))
    else:
        with np.errstate(all="ignore"):
            array = np.random.default_rng(draw(st.integers(0, 9))).integers(0, 3, shape)
            array = array.astype(dtype)
            if array.size and dtype.kind in "fc" and draw(st.booleans()):
                array.flat[draw(st.integers(0, array.size - 1))] = draw(st.sampled_from(SPECIAL))
    return twisted(array, draw(st.integers(0, 6)))


def twisted(array: Array, how: int) -> Array:
    """The same values in memory of another form."""
    if how == 1:
        return np.asfortranarray(array)
    if how == 2 and array.ndim:
        return np.repeat(array, 2, axis=0)[::2]
    if how == 3 and array.ndim:
        return array[::-1][::-1][: len(array)]
    if how == 4:
        array.setflags(write=False)
    if how == 5:
        raw = np.zeros(array.nbytes + 1, np.uint8)[1:]
        if array.dtype.hasobject:
            return array
        other = raw.view(array.dtype).reshape(array.shape) if array.size else array
        other[...] = array
        return other
    if how == 6 and array.ndim == 2 and len(array):
        return np.broadcast_to(array[:1], array.shape)  # rows that overlap
    return array


@st.composite
def liars(draw: Any) -> Any:
    array = draw(arrays())
    kind = draw(st.integers(0, 3))
    if kind == 0:
        shape = draw(SHAPES)
        return Liar(array, shape, draw(DTYPES), draw(st.sampled_from([0, 1, 8, 10**9])))
    if kind == 1:
        results = [array, 3, None, "text", [1, 2], ValueError("no"), RuntimeError("no")]
        return Failing(draw(st.sampled_from(results)))
    if kind == 2:
        return array.tolist() if not array.dtype.names else array
    return draw(st.sampled_from([None, 3, "text", {}, {1, 2}, object(), [[1], [1, 2]], iter([1])]))


ANY = st.one_of(arrays(), arrays(), liars())
GOOD_X = st.just(np.random.default_rng(0).standard_normal((8, FEATURES)).astype("f"))
GOOD_Y = st.just(np.arange(8) % CLASSES)


def unchanged_or_right(model: Any, call: Any, expected: Any) -> None:
    """Either `call` gives finite numbers, or it raises one of ours and the model is as before."""
    before = toys.state(model)
    try:
        with np.errstate(all="ignore"):
            result = call()
    except OURS as error:
        ours(error)
        assert toys.state(model) == before
        return
    expected(result)


def ours(error: Exception) -> None:
    """It has the three parts."""
    assert str(error).startswith("["), repr(error)
    assert " expected " in str(error)
    assert "; received " in str(error)


def plain(value: Any) -> Array | None:
    """The float64 numbers of an argument that says the truth; None of any other."""
    if not isinstance(value, (np.ndarray, list)):
        return None
    try:
        with np.errstate(all="ignore"):
            return np.asarray(value).astype(np.float64)
    except (TypeError, ValueError):
        return None


@MANY
@given(x=ANY)
@example(x=np.zeros((8, FEATURES), ">f4"))
@example(x=np.zeros((0, FEATURES), "f"))
def test_predict(x: Any) -> None:
    model = toys.softmax_net(FEATURES, CLASSES)
    kernel, bias, last, other = model.get_weights()

    def right(result: Array) -> None:
        values = plain(x)
        if values is None:
            return
        rows = values.reshape(-1, FEATURES)
        assert result.shape == (len(rows), CLASSES)
        if np.isfinite(rows.astype("f")).all() and np.abs(rows).max(initial=0) < 1e6:
            logits = np.maximum(rows @ kernel + bias, 0) @ last + other
            weights = np.exp(logits - logits.max(axis=1, keepdims=True))
            wanted = weights / weights.sum(axis=1, keepdims=True)
            scale = 1 + np.abs(rows).max(initial=0)
            np.testing.assert_allclose(result, wanted, atol=1e-5 * scale)

    unchanged_or_right(model, lambda: model.predict(x, verbose=0), right)


@MANY
@given(x=st.one_of(GOOD_X, ANY), y=st.one_of(GOOD_Y, ANY), w=st.one_of(st.none(), ANY))
def test_fit(x: Any, y: Any, w: Any) -> None:
    model = toys.softmax_net(FEATURES, CLASSES)
    model.build((None, FEATURES))

    def right(history: Any) -> None:
        assert np.isfinite(history.history["loss"]).all()
        assert all(np.isfinite(weight).all() for weight in model.get_weights())

    before = [weight.tobytes() for weight in model.get_weights()]
    try:
        with np.errstate(all="ignore"):
            history = model.fit(x, y, 8, verbose=0, sample_weight=w)
    except OURS as error:
        ours(error)
        assert [weight.tobytes() for weight in model.get_weights()] == before
    else:
        right(history)


@MANY
@given(x=st.one_of(GOOD_X, ANY), y=st.one_of(GOOD_Y, ANY))
def test_batches_and_evaluate(x: Any, y: Any) -> None:
    model = toys.softmax_net(FEATURES, CLASSES)
    model.train_on_batch(np.ones((8, FEATURES)), np.zeros(8))
    unchanged_or_right(model, lambda: model.evaluate(x, y, verbose=0), np.shape)
    unchanged_or_right(model, lambda: model.train_on_batch(x, y), np.shape)
    unchanged_or_right(model, lambda: model.predict_on_batch(x), np.shape)


@MANY
@given(values=st.lists(ANY, min_size=3, max_size=5))
def test_set_weights(values: list[Any]) -> None:
    model = toys.softmax_net(FEATURES, CLASSES)
    unchanged_or_right(model, lambda: model.set_weights(values), np.shape)


@MANY
@given(a=ANY, b=ANY)
def test_losses_and_kernels(a: Any, b: Any) -> None:
    for call in (
        lambda: losses.MeanSquaredError()(a, b),
        lambda: losses.SparseCategoricalCrossentropy()(a, b),
        lambda: kernels.mean_squared_error_loss_grad(a, b),
        lambda: kernels.sparse_softmax_crossentropy_loss_grad(a, b),
        lambda: kernels.matmul(a, b),
        lambda: kernels.exp(a),
    ):
        try:
            with np.errstate(all="ignore"):
                call()  # type: ignore[no-untyped-call]
        except OURS as error:
            ours(error)


@MANY
@given(params=ANY, grads=ANY)
def test_updates_of_arrays(params: Any, grads: Any) -> None:
    optimizer = keras.optimizers.Adam()
    before = params.tobytes() if isinstance(params, np.ndarray) else None
    try:
        optimizer.apply([grads], [params])
    except OURS as error:
        ours(error)
        assert optimizer.iterations == 0
        if before is not None:
            assert params.tobytes() == before


@pytest.mark.parametrize("rows", [2**40, 2**58])
def test_a_view_larger_than_any_memory(rows: int) -> None:
    """Rows that all lie in the same place."""
    x = np.lib.stride_tricks.as_strided(np.zeros(FEATURES, "f"), (rows, FEATURES), (0, 4))
    model = toys.softmax_net(FEATURES, CLASSES)
    with pytest.raises((MemoryError, ValueError)):
        model.predict(x, verbose=0)

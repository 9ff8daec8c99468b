"""Wrong data raises a message in three parts, and the model is byte for byte as it was."""

import numpy as np
import pytest

import kudari as keras
import toys
from kudari import layers

X, Y = toys.classes(40)
ONE_HOT = keras.utils.to_categorical(Y)


def changed(values, row, value):
    copy = np.array(values, float)
    copy.reshape(len(copy), -1)[row, 0] = value
    return copy


def fit(x=X, y=Y, **options):
    return lambda model: model.fit(x, y, verbose=0, **options)


# name: call, exception, words in its message
SPARSE = {
    "y is missing": (fit(y=None), ValueError, ["y=None", "one label per row"]),
    "x is missing": (fit(x=None), TypeError, ["x to hold numbers", "a NoneType"]),
    "too few labels": (fit(y=Y[:-1]), ValueError, ["[fit]", "40 rows", "(39,)"]),
    "too many labels": (fit(y=np.r_[Y, 0]), ValueError, ["(41,)", "one label per row"]),
    "y is a number": (fit(y=1), ValueError, ["()", "40 rows"]),
    "one-hot rows": (fit(y=ONE_HOT), ValueError, ["(40, 3)", "(40,)", "categorical_crossentropy"]),
    "y of three axes": (fit(y=Y.reshape(40, 1, 1)), ValueError, ["(40, 1, 1)"]),
    "label -1": (fit(y=changed(Y, 7, -1)), ValueError, ["-1", "row 7", "[0, 3)"]),
    "label C": (fit(y=np.where(np.arange(40) == 5, 3, Y)), ValueError, ["3 in row 5", "[0, 3)"]),
    "label C + 1": (fit(y=changed(Y, 9, 4)), ValueError, ["4.0 in row 9"]),
    "huge label": (fit(y=np.full(40, 2**63, np.uint64)), ValueError, ["9223372036854775808"]),
    "label 1.5": (fit(y=changed(Y, 3, 1.5)), ValueError, ["1.5 in row 3", "whole"]),
    "label NaN": (fit(y=changed(Y, 11, np.nan)), ValueError, ["nan in row 11", "finite"]),
    "labels of text": (fit(y=np.array(["a"] * 40)), TypeError, ["np.unique", "dtype <U1"]),
    "labels of objects": (fit(y=Y.astype(object)), TypeError, ["object", "numbers"]),
    "complex x": (fit(x=X + 1j), TypeError, ["complex", "real"]),
    "x of objects": (fit(x=X.astype(object)), TypeError, ["object", "astype"]),
    "ragged x": (fit(x=[[1.0, 2.0], [1.0]], y=[0, 1]), TypeError, ["array of numbers"]),
    "no rows": (fit(x=X[:0], y=Y[:0]), ValueError, ["(0, 8)", "at least one row"]),
    "an empty list": (fit(x=[], y=[]), ValueError, ["(0,)"]),
    "too few columns": (fit(x=X[:, :7]), ValueError, ["(40, 7)", "(rows, 8)"]),
    "x of three axes": (fit(x=X[:, :, None]), ValueError, ["(40, 8, 1)", "(rows, 8)"]),
    "x of one axis": (fit(x=X[:, 0]), ValueError, ["(40,)", "(rows, 8)"]),
    "one row of x": (fit(x=X[0]), ValueError, ["x[None, :]"]),
    "weights too short": (fit(sample_weight=np.ones(3)), ValueError, ["(3,)", "(40,)"]),
    "weights of two axes": (fit(sample_weight=np.ones((40, 3))), ValueError, ["(40, 3)"]),
    "negative weight": (
        fit(sample_weight=changed(np.ones(40), 4, -1)),
        ValueError,
        ["-1.0 in row 4", "sample_weight"],
    ),
    "weight NaN": (
        fit(sample_weight=changed(np.ones(40), 4, np.nan)),
        ValueError,
        ["nan in row 4"],
    ),
    "infinite weight": (fit(sample_weight=changed(np.ones(40), 0, np.inf)), ValueError, ["inf"]),
    "class named by text": (fit(class_weight={"0": 9.0}), TypeError, ["'0'", "key"]),
    "class out of range": (fit(class_weight={3: 9.0}), ValueError, ["3", "[0, 3)"]),
    "negative class": (fit(class_weight={-1: 9.0}), ValueError, ["-1"]),
    "negative class weight": (fit(class_weight={0: -1.0}), ValueError, ["class_weight[0]"]),
    "class weights in a list": (fit(class_weight=[1, 2, 3]), TypeError, ["dict", "list"]),
    "both kinds of weight": (
        fit(class_weight={0: 2.0}, sample_weight=np.ones(40)),
        ValueError,
        ["class_weight", "sample_weight", "one of the two"],
    ),
    "split of nothing": (fit(validation_split=1e-20), ValueError, ["1e-20", "both sides"]),
    "split of all": (fit(validation_split=1.0), ValueError, ["1.0", "[0, 1)"]),
    "split of more": (fit(validation_split=1.5), ValueError, ["1.5", "[0, 1)"]),
    "split is negative": (fit(validation_split=-0.1), ValueError, ["-0.1"]),
    "validation of one array": (fit(validation_data=X), ValueError, ["(x_val, y_val)"]),
    "validation of other columns": (
        fit(validation_data=(X[:, :3], Y)),
        ValueError,
        ["[fit, validation_data]", "(40, 3)"],
    ),
    "validation label": (
        fit(validation_data=(X, changed(Y, 2, 8))),
        ValueError,
        ["validation_data", "8.0 in row 2"],
    ),
    "batch_size 0": (fit(batch_size=0), ValueError, ["batch_size", "at least 1"]),
    "batch_size 2.5": (fit(batch_size=2.5), TypeError, ["batch_size", "2.5"]),
    "epochs -1": (fit(epochs=-1), ValueError, ["epochs", "-1"]),
    "validation_batch_size 0": (fit(validation_batch_size=0), ValueError, ["at least 1"]),
    "validation_freq 0": (fit(validation_freq=0), ValueError, ["validation_freq"]),
    "shuffle by name": (fit(shuffle="batch"), TypeError, ["shuffle", "'batch'"]),
    "verbose 3": (lambda m: m.fit(X, Y, verbose=3), ValueError, ["verbose", "3"]),
    "callback class": (fit(callbacks=[keras.callbacks.History]), TypeError, ["instance"]),
    "evaluate": (lambda m: m.evaluate(X, ONE_HOT, verbose=0), ValueError, ["[evaluate]"]),
    "evaluate no rows": (lambda m: m.evaluate(X[:0], Y[:0], verbose=0), ValueError, ["(0, 8)"]),
    "test_on_batch": (lambda m: m.test_on_batch(X, Y[:3]), ValueError, ["[test_on_batch]"]),
    "train_on_batch": (lambda m: m.train_on_batch(X, -Y - 1), ValueError, ["[train_on_batch]"]),
    "predict": (lambda m: m.predict(X[:, :2], verbose=0), ValueError, ["[predict]", "(40, 2)"]),
    "predict one row": (lambda m: m.predict(X[0], verbose=0), ValueError, ["x[None, :]"]),
    "predict_on_batch": (lambda m: m.predict_on_batch(X[0]), ValueError, ["x[None, :]"]),
    "call": (lambda m: m("text"), TypeError, ["numbers"]),
    "call in training": (lambda m: m(X, training=True), ValueError, ["training=True"]),
    "compile with no loss": (lambda m: m.compile("adam"), ValueError, ["loss=None"]),
    "unknown loss": (lambda m: m.compile("adam", "mse2"), ValueError, ["mse"]),
    "unknown optimizer": (lambda m: m.compile("adamm", "mse"), ValueError, ["'adam'"]),
    "unknown metric": (
        lambda m: m.compile("adam", "mse", metrics=["acuracy"]),
        ValueError,
        ["accuracy"],
    ),
    "metrics as text": (lambda m: m.compile("adam", "mse", metrics="mae"), TypeError, ["list"]),
    "metric of other labels": (
        lambda m: m.compile("adam", "sparse_categorical_crossentropy", metrics=["mae"]),
        ValueError,
        ["mae", "sparse"],
    ),
    "loss without a sum": (
        lambda m: m.compile("adam", keras.losses.MeanSquaredError(reduction=None)),
        ValueError,
        ["reduction"],
    ),
    "too few weights": (lambda m: m.set_weights(m.get_weights()[:-1]), ValueError, ["3", "4"]),
    "turned weights": (
        lambda m: m.set_weights([w.T for w in m.get_weights()]),
        ValueError,
        ["(16, 8)", "(8, 16)", "transpose"],
    ),
    "last weight": (
        lambda m: m.set_weights([w + 1 for w in m.get_weights()[:-1]] + [np.zeros(4)]),
        ValueError,
        ["bias", "(4,)"],
    ),
    "weights of text": (
        lambda m: m.set_weights(["a", *m.get_weights()[1:]]),
        TypeError,
        ["kernel"],
    ),
    "layer weights": (
        lambda m: m.layers[0].set_weights([np.zeros((8, 16)), np.zeros(3)]),
        ValueError,
        ["bias", "(3,)"],
    ),
    "add what is no layer": (lambda m: m.add("dense"), TypeError, ["str", "layer"]),
    "add a misfit": (lambda m: m.add(layers.InputLayer((3,))), ValueError, ["Input"]),
    "add a namesake": (
        lambda m: m.add(layers.Dense(2, name=m.layers[0].name)),
        ValueError,
        ["second layer"],
    ),
    "weights that are none": (lambda m: m.set_weights(None), TypeError, ["NoneType", "list"]),
    "ragged weights": (
        lambda m: m.set_weights([[[1], [1, 2]], *m.get_weights()[1:]]),
        TypeError,
        ["kernel", "array of numbers"],
    ),
    "a text for trainable": (
        lambda m: setattr(m.layers[0], "trainable", "no"),
        TypeError,
        ["trainable", "'no'"],
    ),
    "weight beyond float32": (
        fit(sample_weight=np.full(40, 1e300)),
        ValueError,
        ["1e+300 in row 0"],
    ),
    "an input shape that cannot be": (
        lambda m: m.add(layers.Dense(2, input_shape=(7,))),
        ValueError,
        ["(7,)", "(3,)", "Leave input_shape out"],
    ),
    "build anew": (lambda m: m.build((None, 9)), ValueError, ["(None, 9)"]),
}


@pytest.mark.parametrize("name", SPARSE)
def test_bad_input_to_a_model_of_class_numbers(name):
    call, kind, words = SPARSE[name]
    model = toys.softmax_net()
    model.fit(X, Y, verbose=0)
    refuses(model, call, kind, words)


def refuses(model, call, kind, words):
    before = toys.state(model)
    with pytest.raises(kind) as raised:
        call(model)
    text = str(raised.value)
    assert type(raised.value) is kind
    assert text.startswith("[")
    assert " expected " in text
    assert "; received " in text
    assert all(word in text for word in words), text
    assert toys.state(model) == before


DENSE = {
    "class numbers": ("categorical_crossentropy", 3, Y, ["sparse_categorical", "to_categorical"]),
    "a column of classes": ("categorical_crossentropy", 3, Y[:, None], ["to_categorical(y, 3)"]),
    "one-hot of others": ("categorical_crossentropy", 3, np.eye(4)[Y], ["(40, 4)", "Dense(4)"]),
    "one-hot of twos": ("categorical_crossentropy", 3, ONE_HOT * 2, ["2.0", "[0, 1]"]),
    "binary labels -1": ("binary_crossentropy", 1, Y - 1.0, ["-1.0 in row 0", "0 and 1"]),
    "one target for three": ("mse", 3, Y.astype(float), ["(40,)", "(40, 3)", "Dense(1)"]),
    "a column for three": ("mse", 3, Y[:, None], ["(40, 1)", "(40, 3)", "Dense(1)"]),
    "three targets for one": ("mse", 1, ONE_HOT, ["(40, 3)", "(40,) or (40, 1)", "Dense(3)"]),
    "NaN target": ("mse", 1, changed(Y, 6, np.nan), ["nan in row 6"]),
    "infinite target": ("mae", 3, changed(ONE_HOT, 6, np.inf), ["inf in row 6"]),
    "target beyond float32": ("mse", 1, changed(Y, 1, 1e300), ["1e+300 in row 1"]),
    "three rows for three": ("mse", 3, Y[:3], ["3"]),
}


@pytest.mark.parametrize("name", DENSE)
def test_bad_targets(name):
    loss, units, y, words = DENSE[name]
    x = X[: len(y)]
    model = keras.Sequential([layers.Dense(units, input_shape=(8,))])
    model.compile("sgd", loss)
    good = ONE_HOT[: len(y)] if units == 3 else Y[: len(y)] % 2
    model.fit(x, good, verbose=0)
    refuses(model, lambda m: m.fit(x, y, verbose=0), ValueError, words)


def test_labels_of_n_rows_against_n_outputs_raise_when_the_numbers_agree():
    model = keras.Sequential([layers.Dense(3, input_shape=(8,))])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match=r"\(3, 3\).*received \(3,\)"):
        model.fit(X[:3], np.zeros(3), verbose=0)


def test_class_weight_needs_classes():
    model = toys.line_net()
    x, y = toys.regression(40)
    refuses(model, lambda m: m.fit(x, y, class_weight={0: 2.0}, verbose=0), ValueError, ["row 0"])


@pytest.mark.parametrize("method", ["fit", "evaluate", "train_on_batch", "test_on_batch"])
def test_uncompiled_models_say_so(method):
    model = keras.Sequential([layers.Dense(3, input_shape=(8,))])
    with pytest.raises(RuntimeError, match=r"compiled.*Call compile\(optimizer, loss\) first"):
        getattr(model, method)(X, ONE_HOT)


def test_bad_data_does_not_build_a_deferred_model():
    model = keras.Sequential([layers.Dense(3, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    with pytest.raises(ValueError, match="row 0"):
        model.fit(X, Y + 3, verbose=0)
    assert not model.built
    with pytest.raises(ValueError, match="rows"):
        model.predict(np.zeros((2, 3, 4)), verbose=0)
    assert not model.built
    model.fit(X[:, :5], Y, verbose=0)
    assert model.input_shape == (None, 5)


def test_softmax_over_one_unit_cannot_learn():
    for loss in ("sparse_categorical_crossentropy", "binary_crossentropy"):
        model = keras.Sequential([layers.Dense(1, activation="softmax", input_shape=(8,))])
        with pytest.raises(ValueError, match="softmax over one unit"):
            model.compile("sgd", loss)
        assert model.optimizer is None


def test_shapes_that_may_differ():
    x, y = toys.regression(40)
    flat, column = toys.line_net(), toys.line_net()
    weights = np.linspace(0, 1, 40)
    one = flat.fit(x, y, sample_weight=weights, verbose=0).history
    two = column.fit(x, y[:, None], sample_weight=weights[:, None], verbose=0).history
    assert one == two
    numbers, columns = toys.softmax_net(), toys.softmax_net()
    assert (
        numbers.fit(X, Y, verbose=0).history
        == columns.fit(X, Y[:, None].astype(float), verbose=0).history
    )


def test_one_feature_may_come_without_an_axis():
    x = np.array([-1.0, 0.0, 1.0, 2.0, 3.0, 4.0])
    model = keras.Sequential([layers.Dense(units=1, input_shape=[1])])
    model.compile(optimizer=keras.optimizers.SGD(0.1), loss="mean_squared_error")
    model.fit(x, 2 * x - 1, epochs=200, verbose=0)
    assert model.predict([10.0], verbose=0)[0, 0] == pytest.approx(19.0, abs=0.05)


class Framed:
    """Anything with __array__, such as a data frame."""

    def __init__(self, values):
        self.values = values

    def __array__(self, dtype=None, copy=None):
        return np.array(self.values, dtype=dtype)


def test_anything_with_array_is_taken():
    plain, framed = toys.softmax_net(), toys.softmax_net()
    one = plain.fit(X, Y, verbose=0, sample_weight=np.ones(40)).history
    frames = [Framed(value) for value in (X, Y, np.ones(40))]
    assert framed.fit(frames[0], frames[1], verbose=0, sample_weight=frames[2]).history == one


def test_array_conversion_that_fails_is_explained():
    class Broken:
        def __array__(self, dtype=None, copy=None):
            raise RuntimeError("on another device")

    with pytest.raises(TypeError, match=r"Broken.*on another device"):
        toys.softmax_net().predict(Broken(), verbose=0)


def test_big_endian_and_long_double_inputs():
    model = toys.softmax_net()
    expected = model.predict(X, verbose=0)
    for dtype in (">f4", ">f8", np.longdouble):
        assert (model.predict(X.astype(dtype), verbose=0) == expected).all()


def test_labels_may_change_while_fit_runs():
    """The engine reads labels without looking: what was checked is a copy."""
    labels = Y.astype(np.int32)

    def spoil(epoch, logs):
        labels[:] = 2**31 - 1

    disturbed, calm = toys.softmax_net(), toys.softmax_net()
    hook = keras.callbacks.LambdaCallback(on_epoch_begin=spoil)
    history = disturbed.fit(X, labels, epochs=2, verbose=0, callbacks=hook).history
    assert history == calm.fit(X, Y, epochs=2, verbose=0).history


def test_masked_values_are_refused():
    for name, value in (("x", X), ("y", Y), ("sample_weight", np.ones(40))):
        given = {"x": X, "y": Y} | {name: np.ma.masked_array(value, mask=value > 0)}
        refuses(toys.softmax_net(), lambda m, given=given: fit(**given)(m), ValueError, [name])
    toys.softmax_net().fit(np.ma.masked_array(X), Y, verbose=0)


@pytest.mark.parametrize("row", [0, 511, 512, 1023, 1024, 1999])
def test_a_wrong_value_is_found_wherever_it_stands(row):
    x = np.zeros((2000, 8), np.float32)
    for kind, wrong in ((np.int8, -1), (np.int64, 2**40), (np.uint64, 2**64 - 1), (float, np.inf)):
        y = np.ones(2000, kind)
        y[row] = wrong
        refuses(toys.softmax_net(), fit(x, y), ValueError, [f"in row {row}"])
    model = toys.line_net()
    for loss, values in (("mse", (np.nan, np.inf, -np.inf)), ("bce", (np.nan, 1.001, -1e-30))):
        model.compile("sgd", loss)
        for wrong in values:
            y = np.ones(2000)
            y[row] = wrong
            refuses(model, fit(x, y), ValueError, [f"in row {row}"])


def test_labels_and_weights_of_any_layout_count_alike():
    """Aligned or not, contiguous or not, in any dtype: the same numbers train the same."""
    packed = np.zeros(40, [("pad", "i1"), ("y", "f8"), ("label", "i8"), ("weight", "f8")])
    packed["y"], packed["label"], packed["weight"] = Y == 1, Y, Y + 1
    for name, net in (("label", toys.softmax_net), ("y", toys.line_net)):
        plain, odd = net(), net()
        column = packed[name]
        assert not column.flags.aligned
        plain.fit(X, column.astype(np.float32), verbose=0, sample_weight=Y + 1.0)
        odd.fit(X, column, verbose=0, sample_weight=packed["weight"])
        assert toys.state(plain) == toys.state(odd)


def test_what_is_no_array_is_named():
    for x, words in (((i for i in range(3)), "a generator"), ({"a": 1}, "a dict")):
        refuses(toys.softmax_net(), fit(x=x), TypeError, [words])


def test_batches_larger_than_any_data_are_one_batch():
    model, twin = toys.softmax_net(), toys.softmax_net()
    sizes = {"batch_size": 10**30, "validation_batch_size": 10**30}
    history = model.fit(X, Y, verbose=0, validation_data=(X, Y), **sizes).history
    assert history == twin.fit(X, Y, verbose=0, validation_data=(X, Y), batch_size=40).history
    assert model.evaluate(X, Y, verbose=0, batch_size=10**30) == twin.evaluate(X, Y, verbose=0)
    assert model.predict(X, verbose=0, batch_size=10**30).shape == (40, 3)


def test_predict_on_no_rows_gives_no_rows():
    model = toys.softmax_net()
    assert model.predict(X[:0], verbose=0).shape == (0, 3)
    assert model.predict_on_batch(X[:0]).shape == (0, 3)

"""`fit` as a user writes it: the nets of the tutorials learn, the same seed gives the same bits."""

import numpy as np
import pytest

import kudari as keras
import toys
from kudari import layers


def test_binary_tutorial_net_learns():
    x, y = toys.binary(600, 100)
    keras.utils.set_random_seed(0)
    # fmt: off
    model = keras.Sequential([layers.Dense(64, activation="relu", input_shape=(100,)), layers.Dense(32, activation="relu"), layers.Dense(1, activation="sigmoid")])  # noqa: E501
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
    # fmt: on
    history = model.fit(x, y, epochs=15, verbose=0).history
    assert history["loss"][0] > 0.55
    assert history["loss"][-1] < 0.1
    assert history["accuracy"][-1] > 0.97


def test_class_number_tutorial_net_learns():
    x, y = toys.classes(1000, 784, 10)
    keras.utils.set_random_seed(0)
    # fmt: off
    model = keras.Sequential([layers.Dense(128, activation="relu", input_shape=(784,)), layers.Dense(64, activation="relu"), layers.Dense(10, activation="softmax")])  # noqa: E501
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    # fmt: on
    model.fit(x[:800], y[:800], epochs=3, verbose=0)
    loss, accuracy = model.evaluate(x[800:], y[800:], verbose=0)
    assert loss < 0.1
    assert accuracy > 0.97


def regression_net():
    keras.utils.set_random_seed(0)
    # fmt: off
    model = keras.Sequential([layers.Dense(64, activation="relu", input_shape=(13,)), layers.Dense(32, activation="relu"), layers.Dense(1)])  # noqa: E501
    model.compile(optimizer="adam", loss="mse", metrics=["mae"])
    # fmt: on
    return model


def test_regression_tutorial_net_learns():
    x, y = toys.regression(400, 13)
    model = regression_net()
    history = model.fit(x, y, epochs=60, verbose=0).history
    assert history["loss"][-1] < 0.1 < history["loss"][0]
    assert history["mae"][-1] < 0.25


def test_optimizer_objects_of_the_tutorials_learn():
    x, y = toys.regression(400, 13)
    model = regression_net()
    # fmt: off
    model.compile(optimizer=keras.optimizers.Adam(learning_rate=0.0001), loss="mse")
    # fmt: on
    slow = model.fit(x, y, epochs=3, verbose=0).history["loss"]
    # fmt: off
    model.compile(optimizer=keras.optimizers.SGD(learning_rate=0.01, momentum=0.9), loss="mse")
    # fmt: on
    fast = model.fit(x, y, epochs=20, verbose=0).history["loss"]
    assert slow[-1] < slow[0]
    assert fast[-1] < 0.2 < slow[-1]


def test_schedule_of_the_tutorials_learns():
    x, y = toys.classes(400, 20, 4)
    keras.utils.set_random_seed(0)
    model = keras.Sequential([layers.Dense(4, activation="softmax", input_shape=(20,))])
    # fmt: off
    lr_schedule = keras.optimizers.schedules.ExponentialDecay(initial_learning_rate=0.01, decay_steps=1000, decay_rate=0.9)  # noqa: E501
    model.compile(optimizer=keras.optimizers.Adam(learning_rate=lr_schedule), loss="sparse_categorical_crossentropy", metrics=["accuracy"])  # noqa: E501
    # fmt: on
    history = model.fit(x, y, epochs=10, verbose=0).history
    assert history["loss"][-1] < 0.2
    assert model.optimizer.learning_rate == pytest.approx(0.01 * 0.9 ** (130 / 1000), rel=1e-5)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("optimizer", ["sgd", "rmsprop", "adam"])
def test_the_same_seed_gives_the_same_bits(optimizer, dtype):
    x, y = toys.classes(130)

    def run(**options):
        model = toys.softmax_net(dtype=dtype)
        model.compile(optimizer, "sparse_categorical_crossentropy", ["accuracy"])
        history = model.fit(x, y, epochs=4, verbose=0, validation_split=0.2, **options).history
        return toys.state(model), history

    first = run()
    assert run() == first
    assert run(shuffle=False) != first


def test_two_calls_of_fit_are_one():
    x, y = toys.classes(130)
    once, twice = toys.softmax_net(), toys.softmax_net()
    whole = once.fit(x, y, epochs=4, verbose=0).history
    first = twice.fit(x, y, epochs=2, verbose=0).history
    second = twice.fit(x, y, epochs=4, initial_epoch=2, verbose=0)
    assert second.epoch == [2, 3]
    assert first["loss"] + second.history["loss"] == whole["loss"]
    assert toys.state(once) == toys.state(twice)


class Watcher(keras.callbacks.Callback):
    """Looks at every batch."""

    def __init__(self):
        self.seen = []

    def on_train_batch_end(self, batch, logs=None):
        self.seen.append((batch, dict(logs)))


def test_text_and_hooks_change_no_bit(capsys):
    x, y = toys.classes(130)
    plain, noisy = toys.softmax_net(), toys.softmax_net()
    quiet = plain.fit(x, y, epochs=3, verbose=0, validation_split=0.2).history
    watcher = Watcher()
    loud = noisy.fit(x, y, epochs=3, verbose=2, validation_split=0.2, callbacks=[watcher]).history
    assert loud == quiet
    assert toys.state(plain) == toys.state(noisy)
    assert [batch for batch, _ in watcher.seen] == [0, 1, 2, 3] * 3
    assert watcher.seen[3][1]["loss"] == quiet["loss"][0]
    assert len(capsys.readouterr().out.splitlines()) == 6


def test_history_has_the_order_of_keras():
    x, y = toys.regression(40)
    model = toys.line_net()
    model.compile("sgd", "mse", metrics=["mse", "mae"])
    history = model.fit(x, y, epochs=2, verbose=0, validation_data=(x, y), batch_size=16)
    assert list(history.history) == ["loss", "mae", "mse", "val_loss", "val_mae", "val_mse"]
    assert all(type(v) is float for values in history.history.values() for v in values)
    assert history.epoch == [0, 1]
    assert history.params == {"verbose": 0, "epochs": 2, "steps": 3}
    assert model.history is history
    assert history.model is model


def test_short_last_batch_weighs_its_rows():
    x, y = toys.regression(50)
    model = toys.line_net()
    model.optimizer.learning_rate = 0.0
    loss = model.fit(x, y, batch_size=32, epochs=1, verbose=0, shuffle=False).history["loss"][0]
    residual = model.predict(x, verbose=0)[:, 0].astype(np.float64) - y
    assert loss == pytest.approx(np.mean(residual**2), rel=1e-6)
    assert model.evaluate(x, y, batch_size=7, verbose=0) == loss


def numpy_steps(weights, x, y, batch_size, rate, sample_weight=None):
    """Plain SGD on mean squared error in float64, batch after batch."""
    kernel, bias = (value.astype(np.float64) for value in weights)
    weight = np.ones(len(x)) if sample_weight is None else np.asarray(sample_weight, float)
    for start in range(0, len(x), batch_size):
        rows = slice(start, start + batch_size)
        residual = (x[rows].astype(np.float64) @ kernel + bias)[:, 0] - y[rows]
        slope = 2 * residual * weight[rows] / len(residual)
        kernel = kernel - rate * (x[rows].T @ slope)[:, None]
        bias = bias - rate * slope.sum()
    return kernel, bias


@pytest.mark.parametrize("batch_size", [1, 7, 32, 49, 50, 51, 1000])
def test_batches_of_any_size_divide_by_their_own_rows(batch_size):
    x, y = toys.regression(50)
    model = toys.line_net()
    expected = numpy_steps(model.get_weights(), x, y, batch_size, 0.05)
    model.fit(x, y, batch_size=batch_size, verbose=0, shuffle=False)
    for got, want in zip(model.get_weights(), expected, strict=True):
        np.testing.assert_allclose(got, want, rtol=2e-5, atol=2e-6)


def test_one_row_trains():
    x, y = toys.regression(1)
    model = toys.line_net()
    before = model.evaluate(x, y, verbose=0)
    losses = model.fit(x, y, epochs=5, verbose=0).history["loss"]
    assert losses[0] == before
    assert losses[-1] < before


def test_zero_epochs_change_nothing():
    x, y = toys.regression(10)
    model = toys.line_net()
    before = toys.state(model)
    assert model.fit(x, y, epochs=0, verbose=0).history == {}
    assert toys.state(model)[:2] == before[:2]


def test_sample_weight_multiplies_the_loss_and_the_gradient():
    x, y = toys.regression(50)
    weights = np.linspace(0, 3, 50)
    model = toys.line_net()
    expected = numpy_steps(model.get_weights(), x, y, 16, 0.05, weights)
    residual = model.predict(x, verbose=0)[:, 0].astype(np.float64) - y
    loss = model.evaluate(x, y, sample_weight=weights, verbose=0)
    assert loss == pytest.approx(np.mean(residual**2 * weights), rel=1e-5)
    model.fit(x, y, batch_size=16, verbose=0, shuffle=False, sample_weight=weights)
    for got, want in zip(model.get_weights(), expected, strict=True):
        np.testing.assert_allclose(got, want, rtol=2e-5, atol=2e-6)


def test_weights_of_zero_count_as_absent_rows_of_the_batch():
    x, y = toys.regression(20)
    model = toys.line_net()
    before = model.get_weights()
    history = model.fit(x, y, verbose=0, sample_weight=np.zeros(20)).history
    assert history["loss"] == [0.0]
    assert all((a == b).all() for a, b in zip(model.get_weights(), before, strict=True))


def test_class_weight_is_a_weight_per_row():
    x, y = toys.classes(60)
    by_class, by_row = toys.softmax_net(), toys.softmax_net()
    weight = {0: 2.0, 2: 0.5}
    one = by_class.fit(x, y, verbose=0, class_weight=weight).history
    rows = np.array([2.0, 1.0, 0.5])[y]
    assert by_row.fit(x, y, verbose=0, sample_weight=rows).history == one
    assert toys.state(by_class) == toys.state(by_row)


def test_validation_split_takes_the_last_rows():
    x, y = toys.classes(103)
    split, given = toys.softmax_net(), toys.softmax_net()
    at = int(103 * (1 - 0.3))
    one = split.fit(x, y, epochs=2, verbose=0, validation_split=0.3).history
    parts = {"validation_data": (x[at:], y[at:])}
    assert given.fit(x[:at], y[:at], epochs=2, verbose=0, **parts).history == one


def test_validation_weights_and_frequency():
    x, y = toys.classes(60)
    model = toys.softmax_net()
    weight = np.linspace(0, 2, 60)
    history = model.fit(
        x, y, epochs=4, verbose=0, validation_data=(x, y, weight), validation_freq=2
    ).history
    assert len(history["loss"]) == 4
    assert len(history["val_loss"]) == 2
    values = model.evaluate(x, y, sample_weight=weight, verbose=0)
    assert history["val_loss"][-1] == values[0]
    listed = model.fit(x, y, epochs=3, verbose=0, validation_split=0.5, validation_freq=[1, 3])
    assert len(listed.history["val_loss"]) == 2


def test_evaluate_is_a_sum_over_rows_whatever_the_batch():
    x, y = toys.classes(301)
    model = toys.softmax_net()
    results = {tuple(model.evaluate(x, y, batch_size=size, verbose=0)) for size in (1, 32, 500)}
    assert len(results) == 1


def test_dropout_acts_in_training_alone():
    x, _ = toys.classes(64)
    keras.utils.set_random_seed(0)
    model = keras.Sequential([layers.Dense(3, input_shape=(8,)), layers.Dropout(0.5)])
    model.compile("sgd", "mse")
    target = np.zeros((64, 3))
    model.optimizer.learning_rate = 0.0
    trained = model.fit(x, target, verbose=0, epochs=2).history["loss"]
    assert trained[0] != trained[1]
    assert model.evaluate(x, target, verbose=0) not in trained
    once = model.predict(x, verbose=0)
    assert (once == model.predict(x, verbose=0)).all()
    np.testing.assert_allclose(once, x @ model.get_weights()[0], rtol=1e-4, atol=1e-5)


def test_frozen_layer_keeps_its_bits():
    x, y = toys.classes(64)
    model = toys.softmax_net()
    model.fit(x, y, verbose=0)
    model.layers[0].trainable = False
    before = model.get_weights()
    model.fit(x, y, verbose=0)
    after = model.get_weights()
    assert all((a == b).all() for a, b in zip(before[:2], after[:2], strict=True))
    assert not (before[2] == after[2]).all()
    model.layers[0].trainable = True
    model.fit(x, y, verbose=0)
    assert not (model.get_weights()[0] == after[0]).all()


@pytest.mark.parametrize("loss", ["crossentropy", "ce"])
def test_crossentropy_follows_the_labels(loss):
    x, y = toys.classes(60)
    by_number, one_hot = toys.softmax_net(), toys.softmax_net()
    by_number.compile("adam", loss, ["accuracy"])
    one_hot.compile("adam", loss, ["accuracy"])
    numbers = by_number.fit(x, y, verbose=0, epochs=2).history
    rows = one_hot.fit(x, keras.utils.to_categorical(y), verbose=0, epochs=2).history
    assert numbers["accuracy"] == rows["accuracy"]
    np.testing.assert_allclose(numbers["loss"], rows["loss"], rtol=1e-6)


@pytest.mark.parametrize(
    "kind", ["uint8", "int64", "float64", "float16", "bool", "list", "fortran"]
)
def test_inputs_of_other_kinds_train_alike(kind):
    rng = np.random.default_rng(0)
    values = rng.integers(0, 2, (40, 8))
    y = values[:, 0] ^ values[:, 1]
    plain, other = toys.softmax_net(), toys.softmax_net()
    converted = {
        "list": values.astype(float).tolist(),
        "fortran": np.asfortranarray(values, np.float32),
    }
    x = converted[kind] if kind in converted else values.astype(kind)
    first = plain.fit(values.astype(np.float32), y, verbose=0, epochs=2).history
    assert other.fit(x, y.tolist(), verbose=0, epochs=2).history == first
    assert toys.state(plain) == toys.state(other)


def test_read_only_and_strided_inputs_are_left_alone():
    x, y = toys.classes(80)
    frozen, strided = x[:40].copy(), np.repeat(x, 2, axis=0)[::2][:40]
    frozen.flags.writeable = False
    one, two = toys.softmax_net(), toys.softmax_net()
    assert one.fit(frozen, y[:40], verbose=0).history == two.fit(strided, y[:40], verbose=0).history
    assert (frozen == x[:40]).all()


def test_the_same_bits_on_every_instruction_set():
    x, y = toys.classes(130)
    states = set()
    active = keras.cpu.active()
    try:
        for name in keras.cpu.available():
            keras.cpu.use(name)
            model = toys.softmax_net()
            losses = model.fit(x, y, epochs=2, verbose=0, validation_split=0.2).history
            states.add(repr((losses, toys.state(model), model.predict(x, verbose=0).tobytes())))
    finally:
        keras.cpu.use(active)
    assert len(states) == 1


def test_a_schedule_is_asked_for_about_as_many_steps_as_are_done():
    class Counting(keras.optimizers.schedules.LearningRateSchedule):
        asked = 0

        def __call__(self, step):
            self.asked += 1
            return 1e-7

    schedule = Counting()
    model = keras.Sequential([layers.Dense(2048), layers.Dense(1024), layers.Dense(1)])
    model.compile(keras.optimizers.SGD(schedule), "mse")
    model.fit(np.ones((500, 512), np.float32), np.ones(500), batch_size=1, verbose=0)
    assert model.optimizer.iterations == 500
    assert schedule.asked <= 64 + 4 * 500

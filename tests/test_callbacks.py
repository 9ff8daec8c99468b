"""Hooks are called as Keras calls them; EarlyStopping follows its rule case by case."""

import gc
import math
import weakref

import numpy as np
import pytest

import kudari as keras
import toys
from kudari.callbacks import Callback, CallbackList, EarlyStopping, History, LambdaCallback

X, Y = toys.classes(70)


class Recorder(Callback):
    """Writes down every hook with its arguments."""

    def __init__(self):
        self.calls = []

    def __getattribute__(self, name):
        if not name.startswith("on_") or "on_batch" in name:
            return super().__getattribute__(name)

        def hook(*args, **kwargs):
            self.calls.append((name, *args[:1], *kwargs))

        return hook


def names(recorder):
    return [call[0] for call in recorder.calls]


def test_hooks_of_fit_come_in_order():
    recorder = Recorder()
    toys.softmax_net().fit(
        X, Y, epochs=2, batch_size=40, verbose=0, validation_split=0.1, callbacks=[recorder]
    )
    batch = ["on_train_batch_begin", "on_train_batch_end"]
    test = ["on_test_begin", "on_test_batch_begin", "on_test_batch_end", "on_test_end"]
    epoch = ["on_epoch_begin", *batch, *batch, *test, "on_epoch_end"]
    assert names(recorder) == ["on_train_begin", *epoch, *epoch, "on_train_end"]


def test_hooks_of_evaluate_and_predict():
    model, recorder = toys.softmax_net(), Recorder()
    model.evaluate(X, Y, batch_size=40, verbose=0, callbacks=recorder)
    batch = ["on_test_batch_begin", "on_test_batch_end"]
    assert names(recorder) == ["on_test_begin", *batch, *batch, "on_test_end"]
    outputs = []
    keep = LambdaCallback(on_predict_batch_end=lambda batch, logs: outputs.append(logs["outputs"]))
    result = model.predict(X, batch_size=40, verbose=0, callbacks=[keep])
    assert [len(part) for part in outputs] == [40, 30]
    assert (np.concatenate(outputs) == result).all()


def test_watched_evaluation_changes_no_bit():
    model = toys.softmax_net()
    plain = model.evaluate(X, Y, batch_size=9, verbose=0)
    assert model.evaluate(X, Y, batch_size=9, verbose=0, callbacks=Recorder()) == plain


def test_logs_are_shared_and_reach_the_history():
    seen = []

    class Adds(Callback):
        def on_epoch_end(self, epoch, logs=None):
            logs["rate"] = float(self.model.optimizer.learning_rate)

    class Sees(Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.append(logs["rate"])

    model = toys.softmax_net()
    history = model.fit(X, Y, epochs=2, verbose=0, callbacks=[Adds(), Sees()]).history
    assert seen == history["rate"] == [pytest.approx(0.001)] * 2
    assert list(history) == ["accuracy", "loss", "rate"]


def test_old_batch_hooks_are_called_too():
    seen = []

    class Old(Callback):
        def on_batch_begin(self, batch, logs=None):
            seen.append(-batch)

        def on_batch_end(self, batch, logs=None):
            seen.append(batch)

    toys.softmax_net().fit(X, Y, batch_size=30, verbose=0, callbacks=[Old()])
    assert seen == [0, 0, -1, 1, -2, 2]


def test_only_overridden_batch_hooks_shorten_the_steps():
    quiet = CallbackList([History(), LambdaCallback(on_epoch_end=print)], toys.line_net(), {})
    assert not any(quiet.watch_batches(phase) for phase in ("train", "test", "predict"))
    loud = CallbackList(LambdaCallback(on_test_batch_end=print), toys.line_net(), {})
    assert loud.watch_batches("test")
    assert not loud.watch_batches("train")


def test_stop_training_ends_after_the_batch():
    class Stops(Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 1:
                self.model.stop_training = True

    model = toys.softmax_net()
    history = model.fit(X, Y, epochs=5, batch_size=10, verbose=0, callbacks=[Stops()])
    assert history.epoch == [0]
    assert model.optimizer.iterations == 2
    model.fit(X, Y, batch_size=10, verbose=0)
    assert model.optimizer.iterations == 9


def test_callbacks_may_use_the_model_but_not_train_it():
    def use(epoch, logs):
        model.predict(X, verbose=0)
        model.evaluate(X, Y, verbose=0)
        model.set_weights(model.get_weights())
        for call in (
            lambda: model.fit(X, Y),
            lambda: model.train_on_batch(X, Y),
            lambda: model.compile("sgd", "mse"),
            lambda: model.add(keras.layers.Dense(1)),
            model.pop,
        ):
            with pytest.raises(RuntimeError, match="at rest"):
                call()

    model, plain = toys.softmax_net(), toys.softmax_net()
    used = model.fit(X, Y, epochs=2, verbose=0, callbacks=LambdaCallback(on_epoch_end=use))
    assert used.history == plain.fit(X, Y, epochs=2, verbose=0).history
    assert toys.state(model) == toys.state(plain)


def test_a_model_is_usable_after_a_callback_raised():
    def fail(epoch, logs):
        raise ZeroDivisionError

    ended = []
    model = toys.softmax_net()
    hooks = [LambdaCallback(on_epoch_end=fail, on_train_end=ended.append)]
    with pytest.raises(ZeroDivisionError):
        model.fit(X, Y, verbose=0, callbacks=hooks)
    assert ended == []
    model.fit(X, Y, verbose=0)


def test_callbacks_keep_no_model_alive():
    model = toys.softmax_net()
    history = model.fit(X, Y, verbose=0, callbacks=[Recorder()])
    gone = weakref.ref(model)
    gc.disable()
    try:
        del model
        assert gone() is None
        assert history.model is None
    finally:
        gc.enable()


def test_lambda_callback_knows_its_hooks():
    with pytest.raises(ValueError, match="'on_epoch_end'"):
        LambdaCallback(on_epoch_ends=print)
    with pytest.raises(TypeError, match="on_epoch_end to be a function; received 1"):
        LambdaCallback(on_epoch_end=1)
    with pytest.raises(TypeError, match="instances of"):
        toys.softmax_net().fit(X, Y, verbose=0, callbacks=[print])


class Scripted:
    """Stands for a model whose weights are the number of the epoch."""

    def __init__(self, directions=None):
        self.stop_training = False
        self.weights = 0
        self.directions = directions or {}

    def metric_directions(self):
        return self.directions

    def get_weights(self):
        return self.weights

    def set_weights(self, weights):
        self.weights = weights


def run(stopping, values, model=None):
    """Feed one value per epoch; returns the model and the number of epochs run."""
    model = model or Scripted()
    stopping.set_model(model)
    stopping.on_train_begin()
    epoch = -1
    for epoch, value in enumerate(values):
        model.weights = epoch
        stopping.on_epoch_end(epoch, {"val_loss": value, "val_accuracy": value})
        if model.stop_training:
            break
    stopping.on_train_end()
    return model, epoch + 1


RULES = [
    ({"patience": 0}, [3, 2, 2, 1], 3),
    ({"patience": 1}, [3, 2, 2, 1], 3),
    ({"patience": 2}, [3, 2, 2, 1, 5, 5, 0], 6),
    ({"patience": 2}, [3, 2, 1, 0], 4),
    ({"patience": 0}, [3, 4], 2),
    ({"min_delta": 0.5}, [3, 2.6, 2.4], 2),
    ({"min_delta": -0.5}, [3, 2.4, 2.0], 3),
    ({"mode": "max"}, [1, 2, 3, 3, 4], 4),
    ({"mode": "min", "monitor": "val_accuracy"}, [1, 2], 2),
    ({"monitor": "val_accuracy"}, [1, 2, 3, 2], 4),
    ({"baseline": 1, "patience": 3}, [3, 2.5, 2.2, 2.1], 4),
    ({"baseline": 1, "patience": 3}, [3, 2.5, 2.6, 2.1], 3),
    ({"baseline": 1, "patience": 3}, [3, 0.5, 0.6, 0.7, 0.8, 0.2], 5),
    ({"start_from_epoch": 3}, [1, 2, 3, 4, 5], 5),
    ({"patience": 2}, [math.nan, 2, math.nan, math.nan, 1], 4),
    ({"patience": 2}, [1, math.nan, math.nan, 0], 3),
]


@pytest.mark.parametrize(("options", "values", "epochs"), RULES)
def test_early_stopping_rule(options, values, epochs):
    assert run(EarlyStopping(**options), values, Scripted({"accuracy": "up"}))[1] == epochs


@pytest.mark.parametrize(
    ("options", "values", "best"),
    [
        ({"patience": 2}, [3, 1, 2, 4, 0], 1),
        ({"patience": 9}, [3, 1, 2, 4], 1),
        ({"patience": 2, "start_from_epoch": 2}, [0, 0, 3, 4, 5], 2),
        ({"patience": 1}, [math.nan, math.nan], 0),
    ],
)
def test_best_weights_come_back_whether_it_stopped_or_not(options, values, best):
    stopping = EarlyStopping(restore_best_weights=True, **options)
    model, _ = run(stopping, values)
    assert model.weights == stopping.best_epoch == best


def test_early_stopping_starts_afresh_each_time(capsys):
    stopping = EarlyStopping(patience=1, verbose=1, restore_best_weights=True)
    assert run(stopping, [1, 2])[1] == 2
    assert stopping.stopped_epoch == 1
    assert run(stopping, [9, 8, 7])[1] == 3
    assert stopping.stopped_epoch == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Epoch 2: early stopping"
    assert lines[1].endswith("best epoch: 1.")
    assert lines[2].endswith("best epoch: 3.")
    assert len(lines) == 3


def test_early_stopping_asks_for_what_it_cannot_know():
    with pytest.raises(ValueError, match="mode='min' or mode='max'"):
        run(EarlyStopping(monitor="val_something"), [1])
    with pytest.raises(ValueError, match="'min'"):
        EarlyStopping(mode="minimum")
    with pytest.raises(TypeError, match=r"baseline to be a number; received 'low'"):
        EarlyStopping(baseline="low")
    with pytest.raises(TypeError, match=r"restore_best_weights to be True or False"):
        EarlyStopping(restore_best_weights="no")
    stopping = EarlyStopping()
    stopping.set_model(Scripted())
    with pytest.warns(UserWarning, match="loss, lr"):
        stopping.on_epoch_end(0, {"loss": 1.0, "lr": 0.1})


def test_early_stopping_in_fit():
    model = toys.softmax_net()
    stopping = EarlyStopping(monitor="val_accuracy", patience=2, restore_best_weights=True)
    history = model.fit(X, Y, epochs=200, verbose=0, validation_split=0.3, callbacks=stopping)
    values = history.history["val_accuracy"]
    assert len(values) < 200
    assert stopping.best == max(values)
    at = int(70 * 0.7)
    assert model.evaluate(X[at:], Y[at:], verbose=0)[1] == max(values)

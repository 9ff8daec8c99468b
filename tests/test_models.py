"""Sequential beside `fit`: building, compiling, weights, single batches, threads, counters."""

import copy
import gc
import pickle
import signal
import subprocess
import sys
import threading
import weakref

import numpy as np
import pytest

import kudari as keras
import toys
from kudari import layers

X, Y = toys.classes(50)


def test_a_model_builds_from_its_first_data():
    model = keras.Sequential([layers.Dense(4, activation="relu"), layers.Dense(3, "softmax")])
    assert not model.built
    assert model.get_weights() == []
    for attribute in ("input_shape", "output_shape"):
        with pytest.raises(AttributeError, match="build"):
            getattr(model, attribute)
    with pytest.raises(ValueError, match="build"):
        model.count_params()
    with pytest.raises(ValueError, match="build"):
        model.set_weights([])
    model.compile("adam", "sparse_categorical_crossentropy", ["accuracy"])
    model.fit(X, Y, verbose=0)
    assert model.built
    assert (model.input_shape, model.output_shape) == ((None, 8), (None, 3))
    assert model.count_params() == 8 * 4 + 4 + 4 * 3 + 3


def test_building_by_hand_gives_the_same_weights():
    def weights(build):
        keras.utils.set_random_seed(5)
        model = keras.Sequential([layers.Dense(4), layers.Dense(2)])
        build(model)
        return [value.tobytes() for value in model.get_weights()]

    first = weights(lambda m: m.build((None, 8)))
    assert weights(lambda m: m.predict(X, verbose=0)) == first
    assert weights(lambda m: m(X)) == first
    with pytest.raises(ValueError, match="input shape"):
        keras.Sequential([layers.Dense(4)]).build()


def test_empty_models():
    model = keras.Sequential(name="nothing")
    assert model.name == "nothing"
    assert model.layers == []
    model.compile("adam", "mse")
    for call in (lambda: model.fit(X, Y, verbose=0), lambda: model.predict(X, verbose=0)):
        with pytest.raises(ValueError, match="without layers"):
            call()
    with pytest.raises(ValueError, match="without layers"):
        model.pop()


def test_layers_added_after_training_keep_the_weights():
    model = toys.softmax_net()
    model.fit(X, Y, verbose=0)
    before = model.get_weights()
    model.add(layers.Dense(2))
    after = model.get_weights()
    assert all((a == b).all() for a, b in zip(before, after[:4], strict=True))
    assert model.output_shape == (None, 2)
    with pytest.raises(RuntimeError, match="compile"):
        model.fit(X, Y, verbose=0)
    model.compile("sgd", "mse")
    model.fit(X, np.zeros((50, 2)), verbose=0)
    last = model.pop()
    assert last.built
    assert model.output_shape == (None, 3)
    while model.layers:
        model.pop()
    model.add(layers.Dense(1, input_shape=(5,)))
    assert model.input_shape == (None, 5)


def test_recompiling_keeps_weights_and_an_optimizer_keeps_its_state():
    model = toys.softmax_net()
    optimizer = model.optimizer
    model.fit(X, Y, verbose=0)
    weights, slots = model.get_weights(), model._net.get_slots()
    model.compile(optimizer, "sparse_categorical_crossentropy")
    assert all((a == b).all() for a, b in zip(weights, model.get_weights(), strict=True))
    model.evaluate(X, Y, verbose=0)
    kept = model._net.get_slots()
    assert [value.tobytes() for values in slots for value in values] == [
        value.tobytes() for values in kept for value in values
    ]
    assert optimizer.iterations == 2
    model.compile("adam", "sparse_categorical_crossentropy")
    model.evaluate(X, Y, verbose=0)
    assert not any(slot.any() for slots in model._net.get_slots() for slot in slots)
    assert model.optimizer.iterations == 0


def test_an_optimizer_finds_its_state_again():
    model, twin = toys.softmax_net(), toys.softmax_net()
    first, still = model.optimizer, keras.optimizers.SGD(0.0, momentum=0.5)
    for each in (model, twin):
        each.fit(X, Y, verbose=0, shuffle=False)
    for optimizer in (still, first):
        model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
        model.evaluate(X, Y, verbose=0)
    assert toys.state(model) == toys.state(twin)


def test_an_optimizer_keeps_its_form_within_fit():
    model = toys.line_net()

    def change(epoch, logs):
        model.optimizer.momentum = 0.9

    hook = keras.callbacks.LambdaCallback(on_epoch_begin=change)
    with pytest.raises(RuntimeError, match=r"sgd to momentum within fit\. Change"):
        model.fit(*toys.regression(), verbose=0, callbacks=hook)
    model.fit(*toys.regression(), verbose=0)


def test_a_frozen_model_keeps_its_weights():
    model = toys.softmax_net()
    before = [weight.tobytes() for weight in model.get_weights()]
    model.trainable = False
    assert not model.trainable
    model.fit(X, Y, verbose=0)
    assert [weight.tobytes() for weight in model.get_weights()] == before
    model.trainable = True
    model.fit(X, Y, verbose=0)
    assert model.get_weights()[0].tobytes() != before[0]


def test_a_layer_of_another_model_is_left_as_it_is():
    layer = layers.Dense(2)
    model = keras.Sequential([layer])
    with pytest.raises(ValueError, match="a layer of no other model"):
        keras.Sequential([layers.Input((3,))]).add(layer)
    assert not layer.built
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.fit(X, Y % 2, verbose=0)


def test_an_input_shape_goes_with_the_layer_that_brought_it():
    model = keras.Sequential([layers.Dense(3, input_shape=(4,))])
    model.pop()
    model.add(layers.Dense(2, input_shape=(7,)))
    assert model.input_shape == (None, 7)
    with pytest.raises(ValueError, match=r"rows of shape \(3,\).*\(7,\)"):
        keras.Sequential([layers.Input((3,)), layers.Dense(2, input_shape=(7,))])
    with pytest.raises(ValueError, match="one input shape"):
        layers.Dense(2, input_shape=(3,), input_dim=4)
    with pytest.raises(TypeError, match="layers as a list; received a Dense"):
        keras.Sequential(layers.Dense(2))


def test_freezing_a_layer_keeps_the_state_of_the_others():
    model, twin = toys.softmax_net(), toys.softmax_net()
    for each in (model, twin):
        each.fit(X, Y, verbose=0)
    model.layers[0].trainable = False
    model.evaluate(X, Y, verbose=0)
    model.layers[0].trainable = True
    for each in (model, twin):
        each.fit(X, Y, verbose=0)
    assert toys.state(model) == toys.state(twin)


def test_single_batches_are_steps_of_fit():
    whole, steps = toys.softmax_net(), toys.softmax_net()
    history = whole.fit(X, Y, batch_size=50, epochs=3, shuffle=False, verbose=0).history
    results = [steps.train_on_batch(X, Y) for _ in range(3)]
    assert [loss for loss, _ in results] == history["loss"]
    assert [accuracy for _, accuracy in results] == history["accuracy"]
    same = zip(whole.get_weights(), steps.get_weights(), strict=True)
    assert all((a == b).all() for a, b in same)


def test_what_evaluation_returns():
    model = toys.softmax_net()
    loss, accuracy = model.evaluate(X, Y, verbose=0)
    named = model.evaluate(X, Y, verbose=0, return_dict=True)
    assert list(named.items()) == [("accuracy", accuracy), ("loss", loss)]
    assert model.test_on_batch(X, Y) == [loss, accuracy]
    assert model.test_on_batch(X, Y, return_dict=True) == named
    assert model.metrics_names == ["loss", "accuracy"]
    model.compile("sgd", "sparse_categorical_crossentropy")
    assert model.evaluate(X, Y, verbose=0) == model.test_on_batch(X, Y) == loss
    assert type(loss) is float
    weights = np.linspace(0, 1, 50)
    weighted = model.evaluate(X, Y, sample_weight=weights, verbose=0)
    assert weighted != loss
    assert model.test_on_batch(X, Y, weights) == weighted


def test_train_on_batch_takes_weights_of_classes():
    by_class, by_row = toys.softmax_net(), toys.softmax_net()
    rows = np.array([1.0, 1.0, 4.0])[Y]
    one = by_class.train_on_batch(X, Y, class_weight={2: 4.0})
    assert by_row.train_on_batch(X, Y, sample_weight=rows) == one
    assert toys.state(by_class) == toys.state(by_row)


def test_predictions_agree_in_every_way_of_asking():
    model = toys.softmax_net()
    expected = model.predict(X, verbose=0)
    assert expected.shape == (50, 3)
    assert expected.dtype == np.float32
    np.testing.assert_allclose(expected.sum(axis=1), 1, rtol=1e-6)
    for size in (1, 7, 1000):
        assert (model.predict(X, batch_size=size, verbose=0) == expected).all()
    assert (model.predict_on_batch(X) == expected).all()
    assert (model(X) == expected).all()
    assert (model(X[::-1])[::-1] == expected).all()
    assert model.predict(X, verbose=0, callbacks=[]).tobytes() == expected.tobytes()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rows", [0, 1, 1024, 1025, 3000])
def test_predictions_do_not_depend_on_how_many_rows_there_are(rows, dtype):
    model = keras.Sequential([layers.Dense(3, activation="tanh", input_shape=(8,))], dtype=dtype)
    for kind in (np.uint8, np.float32, np.float64):
        x = (np.arange(rows * 8).reshape(rows, 8) % 251).astype(kind)
        outputs = model.predict(x, verbose=0)
        assert (outputs.shape, outputs.dtype) == ((rows, 3), dtype)
        assert outputs.tobytes() == model.predict_on_batch(x).tobytes()
        singly = [model.predict(row[None], verbose=0).tobytes() for row in x[-5:]]
        assert b"".join(singly) == outputs[-5:].tobytes()


def test_wrong_callbacks_build_no_model():
    model = keras.Sequential([layers.Dense(3)])
    with pytest.raises(TypeError, match="callbacks"):
        model.predict(X, verbose=0, callbacks=[1])
    assert not model.built


@pytest.mark.parametrize("dtype", ["float64", np.float64, np.dtype("float64")])
def test_double_precision(dtype):
    keras.utils.set_random_seed(0)
    for model in (
        keras.Sequential([layers.Dense(2, input_shape=(8,))], dtype=dtype),
        keras.Sequential([layers.Dense(2, input_shape=(8,), dtype=dtype)]),
    ):
        assert model.dtype == "float64"
        assert all(value.dtype == np.float64 for value in model.get_weights())
        x = X.astype(np.float64) * (1 + 2**-40)
        kernel, bias = model.get_weights()
        np.testing.assert_allclose(model.predict(x, verbose=0), x @ kernel + bias, rtol=1e-12)
    with pytest.raises(ValueError, match="one dtype"):
        keras.Sequential([layers.Dense(2, dtype="float32"), layers.Dense(2, dtype="float64")])
    model = keras.Sequential([layers.Dense(2, input_shape=(8,))])
    with pytest.raises(ValueError, match="one dtype"):
        model.add(layers.Dense(2, dtype="float64"))
    with pytest.raises(ValueError, match="float32, float64"):
        keras.Sequential(dtype="float16")


def test_losses_and_reductions_reach_the_engine():
    x, y = toys.regression(40)
    model = toys.line_net()
    residual = np.abs(model.predict(x, verbose=0)[:, 0].astype(np.float64) - y)
    weights = np.linspace(0, 3, 40)
    for loss, value in {
        "mae": residual.mean(),
        keras.losses.Huber(delta=0.3): np.where(
            residual < 0.3, residual**2 / 2, 0.3 * residual - 0.045
        ).mean(),
        keras.losses.MeanSquaredError("mean"): (residual**2).mean(),
    }.items():
        model.compile("sgd", loss)
        assert model.test_on_batch(x, y) == pytest.approx(value, rel=1e-5)
    for reduction, divisor in {"sum_over_batch_size": 40, "mean_with_sample_weight": 60}.items():
        model.compile("sgd", keras.losses.MeanSquaredError(reduction))
        expected = (residual**2 * weights).sum() / divisor
        assert model.test_on_batch(x, y, weights) == pytest.approx(expected, rel=1e-5)


def test_a_fused_sigmoid_never_stops_learning():
    model = keras.Sequential([layers.Dense(1, activation="sigmoid", input_shape=(1,))])
    model.compile(keras.optimizers.SGD(1.0), "binary_crossentropy")
    for logit in (10.0, 40.0, 100.0):
        model.set_weights([np.zeros((1, 1)), np.array([logit])])
        assert model.train_on_batch([[0.0]], [0]) == pytest.approx(logit, rel=1e-4)
        assert model.get_weights()[1][0] == pytest.approx(logit - 1, abs=1e-3)


def test_a_second_thread_is_turned_away():
    model = toys.softmax_net()
    refused, started, go = [], threading.Event(), threading.Event()

    def wait(epoch, logs):
        started.set()
        go.wait(10)

    def other():
        started.wait(10)
        for call in (
            lambda: model.predict(X, verbose=0),
            lambda: model.fit(X, Y, verbose=0),
            lambda: model.set_weights(model.get_weights()),
            model.get_weights,
        ):
            try:
                call()
            except RuntimeError as error:
                refused.append(str(error))
        go.set()

    thread = threading.Thread(target=other)
    thread.start()
    model.fit(X, Y, verbose=0, callbacks=keras.callbacks.LambdaCallback(on_epoch_begin=wait))
    thread.join()
    assert len(refused) == 4
    assert all("another thread" in text for text in refused)
    model.predict(X, verbose=0)


def test_two_models_train_in_two_threads():
    models = [toys.softmax_net(seed=seed) for seed in (1, 2)]
    alone = [toys.softmax_net(seed=seed) for seed in (1, 2)]
    threads = [
        threading.Thread(target=model.fit, args=(X, Y), kwargs={"epochs": 20, "verbose": 0})
        for model in models
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for model, single in zip(models, alone, strict=True):
        single.fit(X, Y, epochs=20, verbose=0)
        assert toys.state(model) == toys.state(single)


INTERRUPTED = """
import _thread, signal, threading, time
import numpy as np
import kudari as keras
from kudari import layers

signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it
model = keras.Sequential([layers.Dense(512, "relu", input_shape=(8,)), layers.Dense(512)])
model.compile("adam", "mse")
x, y = np.ones((100_000, 8), np.float32), np.ones((100_000, 512), np.float32)

def interrupt():
    while model.optimizer.iterations == 0:  # until the first steps are done
        time.sleep(0.001)
    _thread.interrupt_main()

threading.Thread(target=interrupt).start()
try:
    model.fit(x, y, epochs=1000, verbose=0)
except KeyboardInterrupt:
    done = model.optimizer.iterations
assert done == model._counters.steps
model.train_on_batch(x[:32], y[:32])
print(done % 3125)
"""


def test_an_interrupt_is_seen_within_an_epoch_and_leaves_the_model_usable():
    run = subprocess.run(
        [sys.executable, "-c", INTERRUPTED], capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode == 0, run.stderr
    assert int(run.stdout) > 0


INTERRUPTED_OFTEN = """
import signal
import numpy as np
import kudari as keras
from kudari import layers

# The slope of the mean absolute error is 1 throughout: the weight counts the steps that were done.
STEP = 2.0**-30
model = keras.Sequential([layers.Dense(1, use_bias=False, input_shape=(1,))], dtype="float64")
model.compile(keras.optimizers.SGD(STEP), "mae")
x = np.ones((1000, 1))
model.set_weights([np.zeros((1, 1))])
signal.signal(signal.SIGALRM, signal.default_int_handler)

def interrupted(call, seconds):
    try:
        signal.setitimer(signal.ITIMER_REAL, seconds)
        while True:
            call()
    except KeyboardInterrupt:
        pass

for i in range(200):
    interrupted(lambda: model.train_on_batch(x[:1], -x[:1]), 0.001 + i * 1e-6)
    interrupted(lambda: model.predict_on_batch(x[:1]), 0.001 + i * 1e-6)
interrupted(lambda: model.fit(x, -x, batch_size=1, epochs=10**6, verbose=0), 0.2)
model.train_on_batch(x, -x)
steps = -model.get_weights()[0].item() / STEP
assert steps == model.optimizer.iterations == model._counters.steps, (steps, model._counters.steps)
"""


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs interval timers")
def test_an_interrupt_loses_no_step_and_locks_nothing():
    run = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_OFTEN],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stderr


def test_models_go_when_they_are_dropped():
    model = toys.softmax_net()
    model.fit(X, Y, verbose=0)
    model.predict(X, verbose=0)
    gone = weakref.ref(model)
    gc.disable()
    try:
        del model
        assert gone() is None
    finally:
        gc.enable()


def test_copies_are_refused_in_words():
    model = toys.softmax_net()
    for attempt in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="set_weights"):
            attempt(model)


def test_the_namespace_is_keras_like():
    names = "layers losses optimizers metrics callbacks activations initializers utils kernels cpu"
    for name in names.split():
        assert hasattr(keras, name)
    assert keras.models.Sequential is keras.Sequential
    assert keras.layers.Input is keras.Input
    assert keras.__version__
    assert repr(toys.line_net()).startswith("<Sequential name=sequential")


def test_the_import_is_light():
    heavy = "{'tqdm', 'matplotlib', 'sklearn', 'pandas', 'importlib.metadata', 'kudari.reference'}"
    program = f"import sys, kudari; print(sorted({heavy} & set(sys.modules)))"
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]"


def test_neither_is_the_first_fit_heavy():
    """NumPy's masked arrays take longer to load than a small model to train."""
    program = """
import sys, numpy, kudari
ready = set(sys.modules)
model = kudari.Sequential([kudari.layers.Dense(1, input_shape=(2,))])
model.compile("adam", "mse")
model.fit([[1.0, 2.0]], [3.0], verbose=0)
model.predict([[1.0, 2.0]], verbose=0)
print(sorted(set(sys.modules) - ready))
"""
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]"

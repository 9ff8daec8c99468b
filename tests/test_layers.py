"""Layers: names, shapes, weights, configs, and the errors that keep them honest."""

import copy
import pickle

import numpy as np
import pytest

import kudari as keras
from kudari import layers


@pytest.fixture(autouse=True)
def fresh_names():
    keras.utils.clear_session()


def test_names_count_by_class():
    made = [layers.Dense(2), layers.Dropout(0.1), layers.Dense(2), layers.Flatten()]
    assert [layer.name for layer in made] == ["dense", "dropout", "dense_1", "flatten"]
    assert layers.Dense(2, name="mine").name == "mine"
    assert layers.Dense(2).name == "dense_2"
    assert layers.Input((3,)).name == "input_layer"


def test_a_layer_builds_on_its_own():
    layer = layers.Dense(4, activation="relu")
    assert not layer.built
    assert layer.get_weights() == []
    assert layer.count_params() == 0
    layer.build((None, 3))
    assert layer.built
    assert [value.shape for value in layer.get_weights()] == [(3, 4), (4,)]
    assert layer.count_params() == 16
    assert layer.output_shape == (None, 4)
    limit = np.sqrt(6 / 7)
    assert (np.abs(layer.kernel) <= limit).all()
    assert layer.kernel.std() > limit / 4
    assert not layer.bias.any()


def test_weights_survive_the_move_into_a_model():
    layer = layers.Dense(2)
    layer.build((None, 3))
    values = [np.arange(6.0).reshape(3, 2), np.array([1.0, -1.0])]
    layer.set_weights(values)
    model = keras.Sequential([layer])
    x = np.eye(3, dtype=np.float32)
    np.testing.assert_array_equal(model.predict_on_batch(x), values[0] + values[1])
    layer.set_weights([values[0] * 2, values[1]])
    np.testing.assert_array_equal(model.predict_on_batch(x), values[0] * 2 + values[1])
    assert model.pop() is layer
    np.testing.assert_array_equal(layer.kernel, values[0] * 2)


def test_weights_given_out_are_copies():
    model = keras.Sequential([layers.Dense(2, input_shape=(3,))])
    for take in (lambda: model.get_weights()[0], lambda: model.layers[0].kernel):
        before = take()
        take()[:] = 7
        assert (take() == before).all()


def test_no_bias():
    model = keras.Sequential([layers.Dense(2, use_bias=False, input_dim=3)])
    assert [value.shape for value in model.get_weights()] == [(3, 2)]
    assert model.layers[0].bias is None
    x = np.ones((1, 3), np.float32)
    np.testing.assert_allclose(model.predict_on_batch(x)[0], model.get_weights()[0].sum(axis=0))


@pytest.mark.parametrize("shape", [(5,), [5], 5, np.int64(5), (np.int32(5),)])
def test_input_shapes(shape, recwarn):
    for model in (
        keras.Sequential([layers.Dense(1, input_shape=shape)]),
        keras.Sequential([keras.Input(shape), layers.Dense(1)]),
        keras.Sequential([layers.InputLayer(shape=shape), layers.Dense(1)]),
    ):
        assert model.input_shape == (None, 5)
        assert [layer.name[:5] for layer in model.layers] == ["dense"]
    assert not recwarn.list


@pytest.mark.parametrize("shape", [(), (0,), (-1,), (2.5,), "5", (None,), (None, 5)])
def test_bad_input_shapes(shape):
    with pytest.raises(ValueError, match="whole numbers of at least 1"):
        layers.Dense(1, input_shape=shape)


@pytest.mark.parametrize("activation", ["linear", "relu", "sigmoid", "softmax", "tanh"])
def test_activations_inside_and_beside_dense(activation):
    values = np.random.default_rng(0).standard_normal((6, 4)).astype(np.float32)
    inside = keras.Sequential([layers.Dense(3, activation=activation, input_shape=(4,))])
    function = getattr(keras.activations, activation)
    beside = keras.Sequential([layers.Dense(3, input_shape=(4,)), layers.Activation(function)])
    beside.set_weights(inside.get_weights())
    got = inside.predict_on_batch(values)
    np.testing.assert_array_equal(got, beside.predict_on_batch(values))
    linear = keras.kernels.matmul(values, inside.layers[0].kernel, bias=inside.layers[0].bias)
    np.testing.assert_array_equal(got, function(linear))


def test_flatten_takes_images():
    images = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)
    model = keras.Sequential([layers.Flatten(input_shape=(3, 4)), layers.Dense(1)])
    assert model.layers[0].output_shape == (None, 12)
    flat = keras.Sequential([layers.Dense(1, input_shape=(12,))])
    flat.set_weights(model.get_weights())
    expected = flat.predict_on_batch(images.reshape(2, 12))
    np.testing.assert_array_equal(model.predict_on_batch(images), expected)


class Ones(keras.initializers.Initializer):
    """Ones, of the shape asked for or of another."""

    def __init__(self, shape=None):
        self.shape = shape

    def __call__(self, shape, dtype="float32"):
        return np.ones(self.shape or shape, dtype)


def test_an_initializer_of_ones_own_gives_the_right_shape():
    model = keras.Sequential([layers.Dense(2, kernel_initializer=Ones(), input_shape=(3,))])
    assert (model.get_weights()[0] == 1).all()
    with pytest.raises(ValueError, match=r"kernel of shape \(2, 4\)"):
        model.add(layers.Dense(4, kernel_initializer=Ones((4,))))
    assert len(model.layers) == 1
    assert model.output_shape == (None, 2)


def test_shapes_that_do_not_fit():
    with pytest.raises(ValueError, match="Flatten"):
        keras.Sequential([layers.Dense(1, input_shape=(3, 4))])
    with pytest.raises(ValueError, match="Flatten"):
        keras.Sequential([layers.Activation("softmax", input_shape=(3, 4))])
    layer = layers.Dense(1)
    layer.build((None, 3))
    with pytest.raises(ValueError, match=r"received \(4,\)"):
        layer.build((None, 4))
    with pytest.raises(ValueError, match="row axis"):
        layer.build((4,))


@pytest.mark.parametrize(
    ("make", "kind", "words"),
    [
        (lambda: layers.Dense(0), ValueError, "units of at least 1"),
        (lambda: layers.Dense(2.0), TypeError, "units"),
        (lambda: layers.Dense("2"), TypeError, "units"),
        (lambda: layers.Dense(2, activation="rleu"), ValueError, "'relu'"),
        (lambda: layers.Dense(2, activation=np.tanh), TypeError, "tanh"),
        (lambda: layers.Dense(2, kernel_initializer="zeroes"), ValueError, "'zeros'"),
        (lambda: layers.Dense(2, use_bias="no"), TypeError, "use_bias"),
        (lambda: layers.Dense(2, inputshape=(3,)), ValueError, "'input_shape'"),
        (lambda: layers.Dense(2, activaton="relu"), ValueError, "'activation'"),
        (lambda: layers.Dense(2, dtype="float16"), ValueError, "float32, float64"),
        (lambda: layers.Dropout(1.0), ValueError, r"rate in \[0, 1\)"),
        (lambda: layers.Dropout(-0.1), ValueError, "rate"),
        (lambda: layers.Dropout(float("nan")), ValueError, "rate"),
        (lambda: layers.Dropout(0.5, seed=-1), ValueError, "seed"),
        (lambda: layers.Activation("tan"), ValueError, "'tanh'"),
        (lambda: layers.Dense(2)(np.ones((1, 2))), TypeError, "Sequential"),
    ],
)
def test_bad_arguments(make, kind, words):
    with pytest.raises(kind, match=words):
        make()


@pytest.mark.parametrize("name", ["Conv2D", "LSTM", "BatchNormalization"])
def test_other_layers_are_out_of_reach(name):
    with pytest.raises(AttributeError, match="trains dense nets on the CPU"):
        getattr(layers, name)
    assert not hasattr(layers, "__wrapped__")


@pytest.mark.parametrize(
    "layer",
    [
        layers.Dense(3, "relu", use_bias=False, name="d", trainable=False, dtype="float64"),
        layers.Activation("tanh"),
        layers.Dropout(0.25, seed=7),
        layers.Flatten(),
        layers.InputLayer((4, 5)),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_config_makes_the_same_layer(layer):
    config = layer.get_config()
    assert type(layer).from_config(config).get_config() == config


def test_dropout_masks_differ_by_layer_and_seed():
    x = np.ones((50, 6), np.float32)

    def masks(*seeds):
        keras.utils.set_random_seed(1)
        model = keras.Sequential([layers.Dropout(0.5, seed=seed) for seed in seeds])
        model.add(layers.Dense(1))
        model.compile(keras.optimizers.SGD(0.0), "mse")
        return model.fit(x, np.zeros(50), verbose=0).history["loss"][0]

    assert masks(None) == masks(None)
    assert masks(5) == masks(5)
    assert len({masks(None), masks(5), masks(6)}) == 3
    assert masks(None, None) != masks(5, 5)


def test_layers_are_not_copied_by_accident():
    layer = layers.Dense(2)
    for attempt in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="from_config"):
            attempt(layer)


def test_a_layer_belongs_to_one_model():
    layer = layers.Dense(2)
    model = keras.Sequential([layer])
    with pytest.raises(ValueError, match="'dense' of model 'sequential'"):
        keras.Sequential([layer])
    del model
    assert keras.Sequential([layer]).layers == [layer]


def test_a_seed_of_dropout_counts_more_than_the_models() -> None:
    def weights_of(model_seed: int, dropout_seed: int | None) -> bytes:
        keras.utils.set_random_seed(model_seed)
        model = keras.Sequential(
            [layers.Dropout(0.5, seed=dropout_seed), layers.Dense(3, input_shape=(8,))]
        )
        model.compile(optimizer="sgd", loss="mse")
        model.build((None, 8))
        model.set_weights([np.ones((8, 3)), np.zeros(3)])
        rng = np.random.default_rng(0)
        model.fit(rng.random((20, 8)), rng.random((20, 3)), shuffle=False, verbose=0)
        return b"".join(weight.tobytes() for weight in model.get_weights())

    assert weights_of(1, 7) == weights_of(2, 7)
    assert weights_of(1, 7) != weights_of(1, 8)
    assert weights_of(1, None) != weights_of(2, None)

"""What is not there says so: names of Keras, arguments, forms of data."""

import inspect
import pickle

import numpy as np
import pytest

import kudari as keras
from kudari import checks, kernels, layers
from kudari.callbacks import EarlyStopping

X, Y = np.zeros((8, 3), np.float32), np.arange(8) % 2


def small(*parts, **arguments):
    model = keras.Sequential([keras.Input((3,)), *(parts or [layers.Dense(1, "sigmoid")])])
    model.compile(**{"optimizer": "sgd", "loss": "binary_crossentropy", **arguments})
    return model


@pytest.mark.parametrize(
    ("module", "name", "words"),
    [
        (keras, "Model", "no functional API"),
        (keras, "regularizers", "no other"),
        (keras.models, "load_model", "save_weights"),
        (keras.layers, "LSTM", "no other"),
        (keras.layers, "Dence", "Did you mean 'Dense'"),
        (keras.metrics, "AUC", "one of Accuracy"),
        (keras.losses, "Poisson", "one of BCE"),
        (keras.activations, "gelu", "one of get, linear, relu"),
        (keras.initializers, "HeNormal", "GlorotUniform"),
        (keras.callbacks, "ModelCheckpoint", "save_weights"),
        (keras.optimizers, "AdamW", "no other"),
        (keras.optimizers.schedules, "CosineDecay", "ExponentialDecay"),
    ],
)
def test_a_module_says_what_it_has(module, name, words):
    with pytest.raises(AttributeError, match=words):
        getattr(module, name)
    assert not hasattr(module, name)
    assert not hasattr(module, "__wrapped__")
    with pytest.raises(AttributeError, match="has no attribute '_hidden'"):
        _ = module._hidden
    assert inspect.getmodule(module) is module


def test_from_import_is_pythons_own_error():
    with pytest.raises(ImportError, match="BatchNormalization"):
        from kudari.layers import BatchNormalization  # noqa: F401


def test_what_is_there_still_pickles():
    assert pickle.loads(pickle.dumps(layers.Dense)) is layers.Dense


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("save", "save_weights"),
        ("get_config", "Keep the code"),
        ("to_json", "Keep the code"),
        ("get_layer", r"model\.layers"),
        ("sumary", "Did you mean 'summary'"),
        ("_hidden", "has no attribute"),
    ],
)
def test_a_model_says_what_it_lacks(name, words):
    with pytest.raises(AttributeError, match=words):
        getattr(small(), name)
    assert not hasattr(small(), name)


def test_a_property_keeps_its_own_error():
    with pytest.raises(AttributeError, match="a built model"):
        _ = keras.Sequential().input_shape


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"loss": {"a": "mse"}}, r"received \{'a': 'mse'\}.*one loss"),
        ({"loss": ["mse"]}, r"one loss.*received \['mse'\].*Pass one loss alone"),
        ({"optimizer": {"a": 1}}, r"received \{'a': 1\}"),
        ({"metrics": {"a": "mse"}}, "a flat list"),
        ({"metrics": [["mse"]]}, "a flat list"),
        ({"optimizer": "adamw"}, "has no 'adamw'"),
        ({"optimizer": "adma"}, "Did you mean 'adam'"),
    ],
)
def test_compile_says_what_came(arguments, words):
    with pytest.raises((TypeError, ValueError), match=words):
        small(**arguments)


@pytest.mark.parametrize(
    ("value", "options", "fix"),
    [
        ("gelu", ["relu", "linear"], "has no 'gelu'"),
        ("kernel_regularizer", ["kernel_initializer"], "has no 'kernel_regularizer'"),
        ("actvation", ["activation"], "'activation'"),
        ("xyz", ["relu"], "Use one of these names"),
    ],
)
def test_only_misspelt_names_find_a_neighbour(value, options, fix):
    assert fix in checks.closest(value, options)


@pytest.mark.parametrize("name", ["kernel_regularizer", "bias_constraint", "lora_rank"])
def test_dense_says_what_it_lacks(name):
    with pytest.raises(ValueError, match=f"This version of kudari has no '{name}'"):
        layers.Dense(3, **{name: "l2"})


@pytest.mark.parametrize(
    "x", [iter([X]), (row for row in X), {1, 2}], ids=["iterator", "generator", "set"]
)
def test_only_arrays_are_data(x):
    with pytest.raises(TypeError, match=r"not supported.*Pass x as one array"):
        small().fit(x, Y)


def test_columns_of_text_are_named():
    class Frame:
        dtypes = {"age": np.dtype("f8"), "town": np.dtype("O")}  # noqa: RUF012

        def __array__(self, dtype=None, copy=None):
            return np.array([[1.0, "Rome"]] * 8, object)

    with pytest.raises(TypeError, match=r"Encode the text as numbers first.*: town\."):
        small().fit(Frame(), Y)


def test_early_stopping_suggests_a_log():
    with pytest.raises(ValueError, match="Did you mean 'val_accuracy'"):
        small(metrics=["accuracy"]).fit(
            X, Y, verbose=0, validation_split=0.5, callbacks=[EarlyStopping("val_acc")]
        )


def test_types_have_their_article():
    assert checks.kind_of(X) == "an ndarray"
    assert checks.kind_of("") == "a str"
    with pytest.raises(ValueError, match=r"received 1 array\."):
        small().set_weights([X])


def test_a_layer_has_one_place():
    dense = layers.Dense(3)
    with pytest.raises(ValueError, match="a second time"):
        keras.Sequential([dense, dense])
    with pytest.raises(TypeError, match=r"the class Dense\. Write Dense\(\.\.\.\)"):
        keras.Sequential([layers.Dense])


@pytest.mark.parametrize(
    ("layer", "name"),
    [
        (layers.Dense(3), "units"),
        (layers.Dense(3), "activation"),
        (layers.Dropout(0.5), "rate"),
        (layers.Activation("relu"), "activation"),
    ],
)
def test_a_made_layer_stays_as_it_is(layer, name):
    before = getattr(layer, name)
    with pytest.raises(AttributeError, match="Make a new layer"):
        setattr(layer, name, 0.25)
    assert getattr(layer, name) is before


@pytest.mark.parametrize(
    "call",
    [
        kernels.mean_squared_error_loss,
        keras.losses.MeanSquaredError(),
        keras.metrics.MeanSquaredError(),
    ],
    ids=["kernel", "loss", "metric"],
)
def test_masked_values_are_refused(call):
    masked = np.ma.masked_array(np.ones((2, 2)), [[0, 1], [0, 0]])
    with pytest.raises(ValueError, match="masked values"):
        call(np.ones((2, 2)), masked)
    call(np.ones((2, 2)), np.ma.masked_array(np.ones((2, 2))))

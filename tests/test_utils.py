"""Seeds, one-hot labels and names."""

import random

import numpy as np
import pytest

import kudari as keras
from kudari import layers, naming


def test_to_categorical():
    rows = keras.utils.to_categorical([0, 2, 1])
    assert rows.tolist() == [[1, 0, 0], [0, 0, 1], [0, 1, 0]]
    assert rows.dtype == np.float64
    assert keras.utils.to_categorical([[0], [2]]).shape == (2, 3)
    assert keras.utils.to_categorical([0, 1], num_classes=4).shape == (2, 4)
    assert keras.utils.to_categorical([[0, 1], [1, 0]]).shape == (2, 2, 2)
    assert keras.utils.to_categorical(np.array([1.0, 0.0])).tolist() == [[0, 1], [1, 0]]
    assert keras.utils.to_categorical([]).shape == (0, 0)


@pytest.mark.parametrize(
    ("labels", "classes", "words"),
    [
        ([0, 3], 3, "3 at position 1"),
        ([0, -1], None, "-1 at position 1"),
        ([0.5], None, "whole"),
        ([1.0, float("nan")], None, "whole"),
        ([float("inf")], None, "whole"),
        (["a"], None, "np.unique"),
        ([0], 0, "num_classes"),
    ],
)
def test_to_categorical_refuses(labels, classes, words):
    with pytest.raises(ValueError, match=words):
        keras.utils.to_categorical(labels, classes)


def test_set_random_seed_repeats_every_generator():
    def draw():
        keras.utils.set_random_seed(812)
        weights = keras.Sequential([layers.Dense(4, input_shape=(3,))]).get_weights()
        return random.random(), np.random.rand(), weights[0].tobytes()

    first = draw()
    assert draw() == first
    keras.utils.set_random_seed(813)
    other = keras.Sequential([layers.Dense(4, input_shape=(3,))]).get_weights()
    assert other[0].tobytes() != first[2]


@pytest.mark.parametrize("seed", [-1, 2**32, 1.5, "1", True])
def test_set_random_seed_wants_a_small_whole_number(seed):
    with pytest.raises((TypeError, ValueError), match="seed"):
        keras.utils.set_random_seed(seed)


def test_clear_session_starts_names_again():
    keras.utils.clear_session()
    names = [layers.Dense(1).name for _ in range(3)] + [keras.Sequential().name]
    assert names == ["dense", "dense_1", "dense_2", "sequential"]
    assert keras.Sequential().name == "sequential_1"
    keras.utils.clear_session()
    assert layers.Dense(1).name == "dense"


def test_snake_case():
    assert naming.snake_case("InputLayer") == "input_layer"
    assert naming.snake_case("Dense") == "dense"

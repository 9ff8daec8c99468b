"""The table of a model, as Keras prints it on a plain terminal (texts taken from Keras 3.15.1)."""

import pytest

import kudari as keras
import toys
from kudari import layers, summary


@pytest.fixture(autouse=True)
def fresh_names():
    keras.utils.clear_session()


def text_of(model, **options):
    lines = []
    model.summary(print_fn=lines.append, **options)
    return "".join(lines)


def net():
    model = keras.Sequential()
    model.add(layers.Input((100,)))
    model.add(layers.Dense(64, activation="relu"))
    model.add(layers.Dropout(0.2))
    model.add(layers.Dense(1, activation="sigmoid"))
    return model


BUILT = """\
Model: "sequential"
┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━┓
┃ Layer (type)                    ┃ Output Shape           ┃       Param # ┃
┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━┩
│ dense (Dense)                   │ (None, 64)             │         6,464 │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│ dropout (Dropout)               │ (None, 64)             │             0 │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│ dense_1 (Dense)                 │ (None, 1)              │            65 │
└─────────────────────────────────┴────────────────────────┴───────────────┘
 Total params: 6,529 (25.50 KB)
 Trainable params: 6,529 (25.50 KB)
 Non-trainable params: 0 (0.00 B)
"""


def test_table_of_a_built_model(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "80")
    model = net()
    model.summary()
    assert capsys.readouterr().out == text_of(model) == BUILT


def test_table_of_an_unbuilt_model(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    text = text_of(keras.Sequential([layers.Dense(3), layers.Dropout(0.5)]))
    row = "│ dense (Dense)                   │ ?                      │   0 (unbuilt) │"
    assert row in text
    assert "│ ?                      │             0 │" in text
    assert " Total params: 0 (0.00 B)\n" in text


def test_optimizer_params_once_fitted():
    x, y = toys.binary(40, 100)
    model = net()
    model.compile("adam", "binary_crossentropy")
    assert "Optimizer" not in text_of(model)
    model.fit(x, y, verbose=0)
    model.layers[0].trainable = False
    counts = text_of(model).split("┘\n")[1].splitlines()
    assert counts == [
        " Total params: 6,661 (26.02 KB)",
        " Trainable params: 65 (260.00 B)",
        " Non-trainable params: 6,464 (25.25 KB)",
        " Optimizer params: 132 (528.00 B)",
    ]


def test_a_schedule_is_no_parameter():
    x, y = toys.binary(40, 100)
    model = net()
    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)
    model.compile(keras.optimizers.SGD(schedule), "binary_crossentropy")
    model.fit(x, y, verbose=0)
    assert " Optimizer params: 1 (4.00 B)" in text_of(model)


def test_double_precision_counts_double():
    model = keras.Sequential([layers.Dense(2, input_shape=(3,))], dtype="float64")
    assert " Total params: 8 (64.00 B)" in text_of(model)


def test_long_names_and_the_trainable_column():
    name = "a_long_name_that_is_really_rather_long_indeed"
    model = keras.Sequential([layers.Dense(64, name=name, input_shape=(100,)), layers.Dropout(0.2)])
    lines = text_of(model, line_length=70, show_trainable=True).splitlines()
    assert lines[2:8] == [
        "┃ Layer (type)              ┃ Output Shape        ┃   Param # ┃ Tra… ┃",
        "┡━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━╇━━━━━━┩",
        "│ a_long_name_that_is_real… │ (None, 64)          │     6,464 │  Y   │",
        "│ (Dense)                   │                     │           │      │",
        "├───────────────────────────┼─────────────────────┼───────────┼──────┤",
        "│ dropout (Dropout)         │ (None, 64)          │         0 │  -   │",
    ]


@pytest.mark.parametrize("length", [50, 64, 76, 80, 88, 100, 120])
def test_every_line_is_as_long_as_asked(length):
    table = [
        line for line in text_of(net(), line_length=length).splitlines() if line[0] in "┏┃┡│├└"
    ]
    assert {len(line) for line in table} == {length}


def test_a_table_needs_room():
    with pytest.raises(ValueError, match="line_length"):
        text_of(net(), line_length=10)


def test_sizes():
    sizes = [summary._size(n) for n in (0, 1023, 1024, 1024**2 * 5 / 2, 1024**3, 1024**5)]
    assert sizes == ["0.00 B", "1023.00 B", "1.00 KB", "2.50 MB", "1.00 GB", "1024.00 TB"]

"""Fifty steps from the same weights on the same batches end where Keras's do, to rounding."""

import agreement
import cases
import numpy as np
import pytest
from backends import BACKENDS, Results

import kudari

pytestmark = pytest.mark.compat

CASES = [f"{name}/{label}" for name in cases.NETS for label in cases.OPTIMIZERS]


@pytest.mark.parametrize("case", CASES)
def test_weights_agree(case: str, keras: dict[str, Results], found: Results) -> None:
    reached = agreement.from_keras(keras, case, agreement.weights(found, case))
    allowed = agreement.weight_tolerance(keras, case)
    assert reached.within(allowed), f"{reached}, allowed {allowed}"


@pytest.mark.parametrize("what", ["history", "evaluate", "predict"])
@pytest.mark.parametrize("case", CASES)
def test_values_agree(case: str, what: str, keras: dict[str, Results], found: Results) -> None:
    """Losses and metrics of both epochs, in training and validation; those of evaluate; outputs."""
    first, second = (keras[name][f"{case}/{what}"] for name in BACKENDS)
    allowed = agreement.value_tolerance(first, second)
    value = found[f"{case}/{what}"]
    assert value.shape == first.shape
    np.testing.assert_allclose(value, first, rtol=0, atol=allowed)
    np.testing.assert_allclose(value, second, rtol=0, atol=allowed)


@pytest.mark.parametrize("case", CASES)
def test_history_has_the_same_keys_in_the_same_order(
    case: str, keras: dict[str, Results], found: Results
) -> None:
    for name in BACKENDS:
        assert list(found[f"{case}/history_keys"]) == list(keras[name][f"{case}/history_keys"])


@pytest.mark.parametrize("case", CASES)
def test_the_cases_can_tell(case: str, keras: dict[str, Results]) -> None:
    """Training moves every weight array far beyond the tolerance, so agreement means something."""
    allowed = agreement.weight_tolerance(keras, case).largest
    for index, start in enumerate(cases.weights(case.split("/")[0])):
        end = keras[BACKENDS[0]][f"{case}/weight{index}"]
        assert agreement.distance(start, end).largest > 100 * allowed


@pytest.mark.parametrize("case", CASES)
def test_batch_by_batch_gives_the_same_bits_and_nothing_saturates(
    case: str, found: Results
) -> None:
    """Near 0 and 1 (logits beyond about 15) the back ends themselves disagree: stay away."""
    name, label = case.split("/")
    x, y = cases.data(name)
    model = cases.model(kudari, name, cases.OPTIMIZERS[label](kudari))
    for epoch_start in range(cases.EPOCHS):
        for start in range(0, cases.ROWS, cases.BATCH_SIZE):
            batch = slice(start, min(start + cases.BATCH_SIZE, cases.ROWS))
            if cases.NETS[name].activation != "linear":
                outputs = model.predict_on_batch(x[batch])
                assert outputs.min() > 1e-5, epoch_start
                assert outputs.max() < 1 - 1e-5, epoch_start
            model.train_on_batch(x[batch], y[batch])
    for index, weight in enumerate(model.get_weights()):
        assert weight.tobytes() == found[f"{case}/weight{index}"].tobytes()

"""Fifty steps from the same weights on the same batches end where Keras's do, to rounding."""

from collections.abc import Iterator

import agreement
import cases
import numpy as np
import pytest
from backends import BACKENDS, Results
from cases import Array

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
    """Losses and metrics of both calls of fit, validation's too; those of evaluate; outputs."""
    agreement.assert_values_agree(keras, found, f"{case}/{what}")


@pytest.mark.parametrize("case", CASES)
def test_history_has_the_same_keys_in_the_same_order(
    case: str, keras: dict[str, Results], found: Results
) -> None:
    for name in BACKENDS:
        expected = keras[name][f"{case}/history_keys"].tolist()
        assert found[f"{case}/history_keys"].tolist() == expected


@pytest.mark.parametrize("case", CASES)
def test_the_cases_can_tell(case: str, keras: dict[str, Results]) -> None:
    """Training moves every weight array far beyond the tolerance, so agreement means something."""
    allowed = agreement.weight_tolerance(keras, case).largest
    for index, start in enumerate(cases.weights(case.split("/")[0])):
        end = keras[BACKENDS[0]][f"{case}/weight{index}"]
        assert agreement.distance(start, end).largest > 100 * allowed


@pytest.mark.parametrize("case", CASES)
def test_batch_by_batch_gives_the_same_bits(case: str, rows: Results, found: Results) -> None:
    model = None
    for model, x, y in steps(case, rows):
        model.train_on_batch(x, y)
    assert model is not None
    for index, weight in enumerate(model.get_weights()):
        assert weight.tobytes() == found[f"{case}/weight{index}"].tobytes()


@pytest.mark.parametrize("case", [case for case in CASES if not case.startswith("house")])
def test_nothing_saturates(case: str, rows: Results) -> None:
    """Near 0 and 1 (logits beyond about 15) the back ends themselves disagree: stay away."""
    for model, x, y in steps(case, rows):
        outputs = model.predict_on_batch(x)
        assert outputs.min() > 1e-5
        assert outputs.max() < 1 - 1e-5
        model.train_on_batch(x, y)


def steps(case: str, rows: Results) -> Iterator[tuple[kudari.Sequential, Array, Array]]:
    """A fresh model and one batch after the other."""
    name, label = case.split("/")
    x, y = cases.data(name)
    model = cases.model(kudari, name, cases.OPTIMIZERS[label](kudari))
    ends = np.cumsum(cases.batch_sizes(label))
    for batch in np.split(rows[case], ends[:-1]):
        yield model, x[batch], y[batch]

"""Losses, reductions, weights, label forms and methods give what Keras gives, to rounding."""

import agreement
import pytest
from backends import BACKENDS, Results
from variants import VARIANTS

pytestmark = pytest.mark.compat

VALUES = ("history", "weights", "evaluate", "predict", "train_on_batch", "test_on_batch")


@pytest.mark.parametrize("what", VALUES)
@pytest.mark.parametrize("name", VARIANTS)
def test_values_agree(name: str, what: str, keras: dict[str, Results], found: Results) -> None:
    agreement.assert_values_agree(keras, found, f"variant/{name}/{what}")


@pytest.mark.parametrize("what", ["history_keys", "evaluate_keys"])
@pytest.mark.parametrize("name", VARIANTS)
def test_names_have_keras_order(
    name: str, what: str, keras: dict[str, Results], found: Results
) -> None:
    key = f"variant/{name}/{what}"
    for backend in BACKENDS:
        assert found[key].tolist() == keras[backend][key].tolist()

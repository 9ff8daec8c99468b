"""Results of all cases and variants: Keras's on two back ends, once per test run, and kudari's."""

from pathlib import Path

import backends
import cases
import kinks
import numpy as np
import pytest
import variants
from backends import Results

import kudari

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def rows() -> Results:
    """The rows each case trains on, by case."""
    return kinks.all_rows()


@pytest.fixture(scope="session")
def keras(rows: Results, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Results]:
    """Keras's results, by back end; skips where kudari[compat] is not installed."""
    if absent := backends.missing():
        pytest.skip(f"needs kudari[compat]: {', '.join(absent)} not installed")
    folder = tmp_path_factory.mktemp("keras")
    np.savez(folder / "rows.npz", **rows)
    return backends.run(HERE / "run_keras.py", folder, str(folder / "rows.npz"))


@pytest.fixture(scope="session")
def found(rows: Results) -> Results:
    """kudari's results."""
    return cases.train_all(kudari, rows) | variants.train_all(kudari)

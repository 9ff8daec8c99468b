"""Results of every case: Keras's on two back ends, once per test run, and kudari's."""

from pathlib import Path

import backends
import cases
import pytest
from backends import Results

import kudari

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def keras(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Results]:
    """By back end, what `cases.train_all` gives; skips where kudari[compat] is not installed."""
    if absent := backends.missing():
        pytest.skip(f"needs kudari[compat]: {', '.join(absent)} not installed")
    return backends.run(HERE / "run_keras.py", tmp_path_factory.mktemp("keras"))


@pytest.fixture(scope="session")
def found() -> Results:
    """What `cases.train_all` gives with kudari."""
    return cases.train_all(kudari)

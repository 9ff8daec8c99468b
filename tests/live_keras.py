"""The installed Keras, where there is one: tests that compare with it are skipped elsewhere."""

import os
import warnings
from typing import Any

import pytest


def live_keras() -> Any:
    """Keras with its JAX back end, or a skip."""
    os.environ.setdefault("KERAS_BACKEND", "jax")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("keras", reason="needs kudari[compat]")

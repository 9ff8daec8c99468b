"""Keras on two of its back ends, each in a process of its own: it takes one back end for life."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Results = dict[str, NDArray[Any]]

BACKENDS = ("jax", "tensorflow")


def missing() -> list[str]:
    """Packages of kudari[compat] that are not installed."""
    return [name for name in ("keras", *BACKENDS) if importlib.util.find_spec(name) is None]


def run(script: Path, folder: Path, *arguments: str) -> dict[str, Results]:
    """What `script ARGUMENTS FILE.npz` writes, by back end; `folder` takes the files.

    Both run at once. RuntimeError with the end of what a failed one said.
    """
    started = {name: _start(name, script, folder, arguments) for name in BACKENDS}
    said = {name: process.communicate()[0] for name, process in started.items()}
    for name, process in started.items():
        if process.returncode:
            raise RuntimeError(f"{script.name} failed on {name}:\n{said[name][-4000:]}")
    return {name: dict(np.load(folder / f"{name}.npz")) for name in BACKENDS}


def _start(
    name: str, script: Path, folder: Path, arguments: tuple[str, ...]
) -> "subprocess.Popen[str]":
    own = {"KERAS_BACKEND": name, "KERAS_HOME": str(folder), "CUDA_VISIBLE_DEVICES": ""}
    return subprocess.Popen(
        [sys.executable, str(script), *arguments, str(folder / f"{name}.npz")],
        env={**os.environ, **own, "TF_CPP_MIN_LOG_LEVEL": "2"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )

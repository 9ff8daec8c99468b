"""The Python in the README runs as it stands."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

README = Path(__file__).parents[1] / "README.md"
BLOCKS = re.findall(r"```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL)


def run(block: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(block, names)
    return names


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_the_block_runs(block: str) -> None:
    run(block)


def test_the_kernels_of_the_readme_do_what_it_says() -> None:
    names = run(next(block for block in BLOCKS if "kernels" in block))
    assert names["loss"].shape == (256,)
    assert names["grad"].shape == (256, 10)
    assert names["optimizer"].iterations == 1
    assert np.abs(names["weights"][0]).max() == pytest.approx(0.001, rel=1e-3)

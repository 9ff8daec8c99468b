"""The Python in the README runs as it stands."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

README = Path(__file__).parents[1] / "README.md"
BLOCKS = re.findall(r"```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL)


def run(*blocks: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    for block in blocks:
        exec(block, names)
    return names


@pytest.mark.parametrize("count", range(1, len(BLOCKS) + 1))
def test_the_blocks_run_one_after_the_other(count: int) -> None:
    run(*BLOCKS[:count])


def test_the_weights_of_the_readme_come_back() -> None:
    keep = next(block for block in BLOCKS if "save_weights" in block)
    spoil = "model.set_weights([0 * weight for weight in model.get_weights()])\n"
    lines = [line for line in keep.splitlines(keepends=True) if "model.fit" not in line]
    names = run(
        BLOCKS[0],
        "before = model.get_weights()",
        "".join(lines).replace("    model.load", f"    {spoil}    model.load"),
    )
    for before, after in zip(names["before"], names["model"].get_weights(), strict=True):
        np.testing.assert_array_equal(after, before)


def test_the_kernels_of_the_readme_do_what_it_says() -> None:
    names = run(next(block for block in BLOCKS if "kernels" in block))
    assert names["loss"].shape == (256,)
    assert names["grad"].shape == (256, 10)
    assert names["optimizer"].iterations == 1
    assert np.abs(names["weights"][0]).max() == pytest.approx(0.001, rel=1e-3)

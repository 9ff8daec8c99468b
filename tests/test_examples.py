"""Each example runs by itself, and learns."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"


def last_number(name: str, pattern: str) -> float:
    """The number in what an example prints."""
    command = [sys.executable, "-W", "error", str(EXAMPLES / name)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert run.returncode == 0, run.stderr
    found = re.search(pattern, run.stdout)
    assert found, run.stdout
    return float(found[1])


def test_every_example_is_tested() -> None:
    assert {path.name for path in EXAMPLES.glob("*.py")} == {
        "binary.py",
        "multiclass.py",
        "regression.py",
    }


@pytest.mark.parametrize(
    ("name", "pattern", "least"),
    [
        ("binary.py", r"best held-out accuracy ([\d.]+)", 0.97),
        ("multiclass.py", r"accuracy ([\d.]+)\ndigits", 0.95),
    ],
)
def test_a_classifier_is_right(name: str, pattern: str, least: float) -> None:
    assert last_number(name, pattern) > least


def test_the_regression_is_near_the_noise() -> None:
    """Noise of spread 0.5 has a mean absolute value of 0.40."""
    assert last_number("regression.py", r"mean error ([\d.]+) m") < 0.55

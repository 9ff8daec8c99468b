"""`python -m kudari demo`: it learns, says so in a table, draws, and names what is missing."""

import re
import sys
from pathlib import Path

import numpy as np
import pytest

from kudari import demo


@pytest.fixture(scope="module")
def outcomes() -> list[demo.Outcome]:
    return [demo.run(task, seed=0, epochs=None, verbose=0) for task in demo.TASKS]


def test_the_classifiers_are_good(outcomes: list[demo.Outcome]) -> None:
    cancer, digits, _ = outcomes
    assert cancer.metric > 0.95
    assert digits.metric > 0.96


def test_the_regression_is_as_good_as_least_squares(outcomes: list[demo.Outcome]) -> None:
    task = demo.TASKS[2]
    data = demo.split(task, seed=0)
    columns = np.hstack([data.x, np.ones((len(data.x), 1))])
    rule = np.linalg.lstsq(columns, data.y, rcond=None)[0]
    error = np.abs(data.held_x @ rule[:-1] + rule[-1] - data.held_y).mean() * data.unit
    assert outcomes[2].metric < 1.02 * error


@pytest.mark.parametrize("task", demo.TASKS, ids=lambda task: task.loader)
def test_only_training_rows_standardise(task: demo.Task) -> None:
    data = demo.split(task, seed=3)
    np.testing.assert_allclose(data.x.mean(axis=0), 0, atol=1e-5)
    spread = data.x.std(axis=0)
    assert np.all((abs(spread - 1) < 1e-4) | (spread == 0))
    assert abs(data.held_x.mean(axis=0)).max() > 1e-3
    assert len(data.held_x) == round(0.25 * (len(data.x) + len(data.held_x)))


def test_the_seed_says_which_rows_are_held_out() -> None:
    first, again, other = (demo.split(demo.TASKS[0], seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.held_x, again.held_x)
    assert not np.array_equal(first.held_x, other.held_x)


def test_the_same_seed_gives_the_same_numbers(outcomes: list[demo.Outcome]) -> None:
    again = demo.run(demo.TASKS[0], seed=0, epochs=None, verbose=0)
    assert again.history.history == outcomes[0].history.history


def test_main_prints_a_bar_for_each_and_a_table(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    picture = tmp_path / "curves.png"
    assert demo.main(["--epochs", "2", "--plot", str(picture)]) == 0
    lines = capsys.readouterr().out.splitlines()
    head = ["task", "loss", "optimizer", "held-out loss", "held-out metric", "seconds"]
    assert re.split(r"  +| (?=held-out loss)", lines[-4].strip()) == head
    for task, line in zip(demo.TASKS, lines[-3:], strict=True):
        assert line.startswith(task.title)
        assert task.loss in line
        assert task.metric in line
    assert lines.count("Epoch 2/2") == 3
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_a_missing_package_is_named_with_its_extra(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    assert demo.main([]) == 1
    error = capsys.readouterr().err
    assert "scikit-learn" in error
    assert "pip install 'kudari[demo]'" in error


def test_a_missing_matplotlib_is_said_before_the_training(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert demo.main(["--plot", "curves.png"]) == 1
    said = capsys.readouterr()
    assert "matplotlib" in said.err
    assert "Epoch" not in said.out


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["--epochs", "0"], "at least 1; received 0"),
        (["--seed", "-1"], "received -1"),
        (["--plot", "no/such/folder/x.png"], "a folder that exists"),
        (["--verbose", "3"], "invalid choice"),
    ],
)
def test_bad_words_are_refused(
    words: list[str], hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        demo.main(words)
    assert hint in capsys.readouterr().err

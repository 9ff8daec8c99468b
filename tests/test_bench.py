"""The benchmark's protocol: answers are checked before they are timed, a wrong one is refused."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kudari import reference

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from bench import __main__ as command  # noqa: E402
from bench import operands, page, report, tasks, training  # noqa: E402
from bench.protocol import Check, Outcome, Pool, Row, measure  # noqa: E402
from bench.runner import Job, Runner, stretch  # noqa: E402

SMALLEST = next(row for row in training.ROWS if row.name == "house/256")


def measured(row: Row, folder: Path, *peers: str) -> Outcome:
    with Pool(1) as pool:
        return measure(pool, replace(row, limits=(), seconds=0.01), peers, 2, folder)


def test_the_smallest_row_agrees_and_is_timed(tmp_path: Path) -> None:
    outcome = measured(SMALLEST, tmp_path, "kudari", "numpy")
    assert not outcome.refused, outcome.notes
    assert {peer: len(times) for peer, times in outcome.times.items()} == {"kudari": 2, "numpy": 2}
    assert outcome.rival == "numpy"
    assert outcome.ratio == outcome.best("numpy") / outcome.best("kudari") > 0


@pytest.mark.parametrize(("package", "peer"), [("jax", "jax-scan"), ("torch", "torch")])
def test_a_peer_trains_the_same_net(package: str, peer: str, tmp_path: Path) -> None:
    pytest.importorskip(package)
    outcome = measured(SMALLEST, tmp_path, peer)
    assert not outcome.refused, outcome.notes
    assert len(outcome.times[peer]) == 2, outcome.notes


def test_a_wrong_answer_is_refused(tmp_path: Path) -> None:
    """kudari's first weight is moved after the right losses are known."""

    def prepare(folder: Path) -> tuple[Job, Check]:
        job, check = SMALLEST.prepare(folder)
        task = tasks.load(job)
        task.arrays["w0"] *= 1.05
        np.savez(job["arrays"], **task.arrays)
        return job, check

    outcome = measured(replace(SMALLEST, prepare=prepare), tmp_path, "kudari", "numpy")
    assert outcome.refused == ["kudari", "numpy"]
    assert outcome.notes["kudari"].startswith("refused: off by ")
    assert outcome.times == {}


@pytest.mark.parametrize(
    "change", [{"learning_rate": 1.1e-3}, {"beta_1": 0.8}, {"beta_2": 0.99}, {"epsilon": 1e-5}]
)
def test_an_optimizer_with_another_scalar_is_refused(
    change: dict[str, float], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, check = SMALLEST.prepare(tmp_path)
    monkeypatch.setitem(tasks.OPTIMIZERS, "adam", tasks.OPTIMIZERS["adam"] | change)
    assert check.refusal(training.right_losses(tasks.load(job)))


def test_a_nan_and_a_missing_value_are_refused() -> None:
    check = Check([1.0, 2.0], 1e-3)
    assert check.refusal([1.0, float("nan")])
    assert check.refusal([1.0])
    assert not check.refusal([1.0005, 2.0])


def test_a_peer_without_an_equal_and_a_missing_one_are_named(tmp_path: Path) -> None:
    row = replace(SMALLEST, peers=("numpy",), prepare=lambda _: ({"kind": "fixed"}, Check((), 0)))
    assert measured(row, tmp_path, "numpy").notes == {"numpy": "has no fixed"}


def test_an_update_is_held_against_the_reference() -> None:
    job: Job = {"kind": "update", "rule": "adam", "size": 10}
    one = operands.update(job)
    wide = [array.astype(float) for array in (one.params, one.grads, *one.slots)]
    for step in (1, 2):
        reference.adam_update(*wide, **operands.scalars("adam", step))
    assert operands.right_update(job) == pytest.approx(wide[0].tolist(), rel=1e-12)


def test_a_stretch_lasts_and_counts_its_steps() -> None:
    calls: list[None] = []
    seconds = stretch(Runner(lambda: calls.append(None), steps=2), 0.01)
    assert 0.01 <= seconds * 2 * len(calls) < 10


def test_every_row_has_a_name_of_its_own() -> None:
    names = [row.name for row in command.ROWS]
    assert len(names) == len(set(names))
    assert len(command.chosen(["mnist/32*", "updates"])) == 4 + 15
    with pytest.raises(ValueError, match="expected a pattern of rows"):
        command.chosen(["minst/32"])


def test_a_page_without_its_marks_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    path.write_text("before\n<!-- bench -->\nold\n<!-- /bench -->\nafter\n", "utf-8")
    page.replace(path, report.BEGIN, report.END, "new\n")
    wanted = "before\n<!-- bench -->\n\nnew\n\n<!-- /bench -->\nafter\n"
    assert path.read_text("utf-8") == wanted
    with pytest.raises(ValueError, match="expected the marks"):
        page.replace(path, "<!-- other -->\n", report.END, "newer")
    assert path.read_text("utf-8") == wanted


def test_the_readme_has_the_marks() -> None:
    text = report.README.read_text("utf-8")
    assert text.index(report.BEGIN) < text.index(report.END)


def test_the_command_measures_and_writes(tmp_path: Path) -> None:
    """One kernel row as a user runs it, with the file of figures."""
    path = tmp_path / "figures.json"
    words = ["--rows", "adam/1e4", "--peers", "kudari", "numpy", "--threads", "1", "--quick"]
    run = subprocess.run(
        [sys.executable, "-m", "bench", *words, "--json", str(path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "adam/1e4" in run.stdout
    assert '"ratio"' in path.read_text("utf-8")

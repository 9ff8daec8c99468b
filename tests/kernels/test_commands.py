"""`python -m kudari`: what the sub-commands print, and their exit codes."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from kudari import __main__, benchmark, cpu, kernels, samples, vectorised


def test_info(capsys: pytest.CaptureFixture[str]) -> None:
    assert __main__.main(["info"]) == 0
    text = capsys.readouterr().out
    for word in ("kudari:", "python:", "numpy:", "compiler:", "flags:", "isa active:", "threads:"):
        assert word in text
    assert np.__version__ in text
    assert all(isa in text for isa in cpu.available())
    assert text.count("0.1.0") == 1


@pytest.mark.parametrize("command", ["info", "validate", "bench", "demo"])
@pytest.mark.parametrize("variable", ["KUDARI_ISA", "KUDARI_NUM_THREADS"])
def test_a_variable_that_cannot_be_meant_is_said_plainly(command: str, variable: str) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "kudari", command],
        env={**os.environ, variable: "many"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 2
    assert not run.stdout
    assert re.fullmatch(rf"\[{variable}\] expected .*; received 'many'\. .*\n", run.stderr)


def test_validate(capsys: pytest.CaptureFixture[str]) -> None:
    before = cpu.active()
    assert __main__.main(["validate", "--isa", "baseline"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == f"{len(lines) - 2} passed, 0 failed"
    assert cpu.active() == before


def test_validate_fails_loudly(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    original = kernels.sgd_update

    def wrong(params: Any, grads: Any, *, learning_rate: float) -> None:
        original(params, grads, learning_rate=-learning_rate if learning_rate < 0 else 0.0)

    monkeypatch.setattr(kernels, "sgd_update", wrong)
    assert __main__.main(["validate", "--isa", "baseline"]) == 1
    assert capsys.readouterr().out.splitlines()[-1].endswith(" passed, 2 failed")


def test_every_kernel_has_a_fair_opponent() -> None:
    assert set(vectorised.FUNCTIONS) == set(samples.MAKERS) == set(kernels.__all__)


@pytest.mark.parametrize("kernel", kernels.__all__)
def test_the_opponent_gives_the_same_answer(kernel: str) -> None:
    """Measuring compares the answers; traffic is at least what comes in."""
    timing = benchmark.measure(kernel, 1000, seconds=0.0)
    assert 0 < timing.kudari < 1
    assert timing.moved > 0
    assert benchmark.line(timing).startswith(kernel)


def test_a_wrong_answer_is_not_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(
        vectorised.FUNCTIONS, "tanh_forward", vectorised.FUNCTIONS["sigmoid_forward"]
    )
    with pytest.raises(RuntimeError, match=r"\[bench\] tanh_forward at 1000 elements differs"):
        benchmark.measure("tanh_forward", 1000, seconds=0.0)


def test_bytes_are_those_of_every_array() -> None:
    """Adam reads params, grads, m, v and writes params, m, v: seven arrays of four bytes."""
    assert benchmark.measure("adam_update", 1000, seconds=0.0).moved == 7 * 4 * 1000
    assert benchmark.measure("mean_squared_error_grad", 1000, seconds=0.0).moved == 4 * 4 * 1000


@pytest.fixture
def one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment in which `bench` measures in this very process."""
    for variable, value in __main__.ONE_THREAD.items():
        monkeypatch.setenv(variable, value)


@pytest.mark.usefixtures("one_thread")
def test_bench_writes_numbers_and_a_picture(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(benchmark, "SECONDS", 0.0)
    monkeypatch.setattr(samples, "MAKERS", {k: samples.MAKERS[k] for k in ("exp", "adam_update")})
    picture, numbers = tmp_path / "bench.png", tmp_path / "bench.json"
    command = ["bench", "--sizes", "1e3", "2000", "--plot", str(picture), "--json", str(numbers)]
    assert __main__.main(command) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("x NumPy: NumPy's time over kudari's") for line in lines)
    assert lines[lines.index(benchmark.HEADER) + 1].startswith("exp ")
    assert lines[-2:] == [f"wrote {numbers}", f"wrote {picture}"]
    assert len(lines) == 1 + len(benchmark.LEGEND.splitlines()) + 2 + 2 * 2 + 2
    assert picture.read_bytes().startswith(b"\x89PNG")
    saved = json.loads(numbers.read_text("utf-8"))
    assert [row["size"] for row in saved["timings"]] == [1000, 2000] * 2
    assert saved["conditions"]["isa"] == cpu.active()


def test_bench_starts_over_when_numpy_may_use_more_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    started: dict[str, Any] = {}

    def run(command: list[str], env: dict[str, str], check: bool) -> Any:
        started.update(command=command, env=env)
        return SimpleNamespace(returncode=3)

    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "2")
    monkeypatch.setattr(subprocess, "run", run)
    assert __main__.main(["bench", "--sizes", "1e3"]) == 3
    assert started["command"][1:] == ["-m", "kudari", "bench", "--sizes", "1e3"]
    assert started["env"].items() >= __main__.ONE_THREAD.items()


def test_a_missing_matplotlib_is_said_first(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert __main__.main(["bench", "--plot", "picture.png"]) == 1
    said = capsys.readouterr()
    assert not said.out
    assert "matplotlib; it is not installed" in said.err
    assert 'pip install ".[plot]"' in said.err
    assert "pip install 'kudari[plot]'" in said.err


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["--sizes", "abc"], "a whole number of at least 10, such as 1000 or 1e6; received abc"),
        (["--plot", "picture.foo"], "ends in one of"),
        (["--plot", "no/such/folder/x.png"], "a folder that exists"),
        (["--json", "no/such/folder/x.json"], "a folder that exists"),
    ],
)
def test_bench_says_what_it_expected(
    words: list[str], hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        __main__.main(["bench", *words])
    assert hint in capsys.readouterr().err


@pytest.mark.parametrize(
    "words", [[], ["nonsense"], ["bench", "--sizes", "1.5"], ["validate", "--isa", "avx3"]]
)
def test_wrong_words_exit_with_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        __main__.main(words)
    assert caught.value.code == 2
    assert "usage" in capsys.readouterr().err

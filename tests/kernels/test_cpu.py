"""Choosing an instruction set and a number of threads, from Python and from the environment."""

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from kudari import _core, cpu


def run(code: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """`code` in a new interpreter with these environment variables."""
    kept = {k: v for k, v in os.environ.items() if not k.endswith(("_NUM_THREADS", "KUDARI_ISA"))}
    command = [sys.executable, "-c", code]
    return subprocess.run(
        command, env={**kept, **variables}, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("name", cpu.available())
def test_the_environment_forces_an_isa(name: str) -> None:
    code = "from kudari import cpu, kernels; kernels.exp([1.0]); print(cpu.active())"
    assert run(code, KUDARI_ISA=name).stdout == f"{name}\n"


def test_a_wrong_isa_in_the_environment_raises_with_the_list() -> None:
    result = run("from kudari import kernels; kernels.exp([1.0])", KUDARI_ISA="nonsense")
    assert result.returncode != 0
    assert "[KUDARI_ISA]" in result.stderr
    assert "nonsense" in result.stderr
    assert all(name in result.stderr for name in cpu.available())


def test_the_widest_isa_is_the_default() -> None:
    assert run("from kudari import cpu; print(cpu.active())").stdout.strip() == cpu.available()[-1]


def test_use(isa: str) -> None:
    assert cpu.active() == isa == _core.isa_active()


@pytest.mark.parametrize("name", ["avx3", "AVX2", "", None, 2])
def test_a_wrong_isa_changes_nothing(name: Any) -> None:
    before = cpu.active()
    with pytest.raises(ValueError, match=r"cpu.use.*instruction set.*baseline"):
        cpu.use(name)
    with pytest.raises((ValueError, TypeError)):
        _core.isa_use(name)
    assert cpu.active() == before


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """No number chosen, and neither variable set."""
    before = cpu.get_num_threads()
    _core.set_thread_limit(0)
    for variable in ("KUDARI_NUM_THREADS", "OMP_NUM_THREADS"):
        monkeypatch.delenv(variable, raising=False)
    yield monkeypatch
    cpu.set_num_threads(before)


def test_threads_come_from_affinity_then_environment_then_code(
    threads: pytest.MonkeyPatch,
) -> None:
    if hasattr(os, "sched_getaffinity"):
        threads.setattr(cpu, "_quota", lambda folders: 1000)
        assert cpu.get_num_threads() == len(os.sched_getaffinity(0))
    for variable, text, number in [("OMP_NUM_THREADS", "3,2", 3), ("KUDARI_NUM_THREADS", " 5 ", 5)]:
        threads.setenv(variable, text)
        _core.set_thread_limit(0)  # the environment is read once
        assert cpu.get_num_threads() == number
    cpu.set_num_threads(7)
    assert cpu.get_num_threads() == 7


@pytest.mark.parametrize("text", ["four", "0", "-1", "2.5", "4,2", "٣"])
def test_a_wrong_number_in_the_environment(threads: pytest.MonkeyPatch, text: str) -> None:
    threads.setenv("KUDARI_NUM_THREADS", text)
    with pytest.raises(ValueError, match=r"\[KUDARI_NUM_THREADS\] expected a whole number"):
        cpu.get_num_threads()


@pytest.mark.parametrize(
    ("value", "exception"), [(0, ValueError), (-2, ValueError), (1.5, TypeError), (True, TypeError)]
)
def test_a_wrong_number_changes_nothing(
    threads: pytest.MonkeyPatch, value: Any, exception: type[Exception]
) -> None:
    cpu.set_num_threads(2)
    with pytest.raises(exception, match=r"\[set_num_threads\] expected n"):
        cpu.set_num_threads(value)
    assert cpu.get_num_threads() == 2

"""Threads: no number of them changes a bit, and forks and other threads may come as they like."""

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import kudari as keras
from kudari import _core, cpu, kernels, layers, memory, samples, validation

ROWS, FEATURES, CLASSES = 500, 200, 10
NUMBERS = [2, 3, 7, 16]


@pytest.fixture(autouse=True)
def same_limit_afterwards() -> Iterator[None]:
    before = cpu.get_num_threads()
    yield
    cpu.set_num_threads(before)
    _core.hold_to(None)


def trained(seed: int = 1, dtype: str = "float32", threads: list[int] | None = None) -> bytes:
    """Weights, history and outputs of a net that is large enough to be worth several threads."""
    keras.utils.set_random_seed(seed)
    model = keras.Sequential(
        [
            layers.Dense(300, activation="relu", input_shape=(FEATURES,)),
            layers.Dropout(0.2),
            layers.Dense(130, activation="tanh"),
            layers.Dense(CLASSES, activation="softmax"),
        ],
        dtype=dtype,
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((ROWS, FEATURES)), rng.integers(0, CLASSES, ROWS)
    weights = rng.random(ROWS)
    result = b""
    for epoch, number in enumerate(threads or [1, 1]):
        cpu.set_num_threads(number)
        history = model.fit(
            x,
            y,
            390,
            epoch + 1,
            0,
            validation_split=0.2,
            sample_weight=weights,
            initial_epoch=epoch,
        )
        result += repr(sorted(history.history.items())).encode()
    result += model.predict(x, verbose=0).tobytes()
    result += repr(model.evaluate(x, y, verbose=0)).encode()
    return result + b"".join(weight.tobytes() for weight in model.get_weights())


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_number_of_threads_changes_no_bit(dtype: str) -> None:
    alone = trained(dtype=dtype)
    for by_layers in (False, True):
        _core.hold_to(by_layers)
        for number in [1, *NUMBERS]:
            assert trained(dtype=dtype, threads=[number, number]) == alone
    _core.hold_to(None)
    assert trained(dtype=dtype, threads=[3, 2]) == alone


@pytest.mark.parametrize("isa", cpu.available())
@pytest.mark.parametrize("row", validation.TABLE, ids=lambda row: row.kernel)
def test_nor_a_bit_of_a_kernel(isa: str, row: validation.Row) -> None:
    """Just below and above where work is shared, and well above it."""
    before = cpu.active()
    try:
        cpu.use(isa)
        for shape in [(65535, 1), (65553, 1), (6007, 43)]:
            sample = samples.make(row.kernel, row.dtypes[0], *shape)
            found = []
            for number in [1, 2, 3, 7]:
                cpu.set_num_threads(number)
                results = validation.call(getattr(kernels, row.kernel), sample)
                found.append([np.asarray(result).tobytes() for result in results])
            assert found.count(found[0]) == len(found), shape
    finally:
        cpu.use(before)


@pytest.mark.parametrize("isa", cpu.available())
def test_nor_on_any_instruction_set(isa: str) -> None:
    before = cpu.active()
    alone = trained()
    try:
        cpu.use(isa)
        assert trained(threads=[2, 7]) == alone
    finally:
        cpu.use(before)


def test_models_train_side_by_side() -> None:
    cpu.set_num_threads(2)
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(one_net, range(4))) == [one_net(seed) for seed in range(4)]


def one_net(seed: int) -> bytes:
    rng = np.random.default_rng(seed)
    model = keras.Sequential([layers.Dense(400, input_shape=(300,)), layers.Dense(1)])
    model.compile("adam", "mse")
    model.set_weights([rng.standard_normal(w.shape) * 0.05 for w in model.get_weights()])
    x, y = rng.standard_normal((256, 300)), rng.standard_normal(256)
    model.fit(x, y, batch_size=128, epochs=5, verbose=0, shuffle=False)
    return b"".join(weight.tobytes() for weight in model.get_weights())


FORK = """
import os
import test_threads
from kudari import cpu
one_net = test_threads.one_net
cpu.set_num_threads(2)
expected = one_net(3)
child = os.fork()
same = one_net(3) == expected
if child == 0:
    os._exit(not same)
print(same, os.waitpid(child, 0)[1])
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
def test_a_forked_child_trains_too() -> None:
    # In a process of its own: other libraries that the tests import object to forks.
    here = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})"
    command = [sys.executable, "-W", "ignore", "-c", here + FORK]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.stdout.split() == ["True", "0"], done.stderr


@pytest.mark.parametrize("value", ["0", "-1", "abc", "1.5"])
def test_a_wrong_number_in_the_environment(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUDARI_NUM_THREADS", value)
    _core.set_thread_limit(0)
    with pytest.raises(ValueError, match=r"KUDARI_NUM_THREADS.*whole number of threads"):
        keras.Sequential([layers.Dense(1, input_shape=(2,))]).predict(np.ones((1, 2)), verbose=0)
    with pytest.raises(ValueError, match=r"KUDARI_NUM_THREADS.*whole number of threads"):
        kernels.exp([1.0])
    monkeypatch.setenv("KUDARI_NUM_THREADS", "3")
    kernels.exp([1.0])
    assert _core.get_thread_limit() == cpu.get_num_threads() == 3


def test_a_containers_quota_counts(tmp_path) -> None:
    groups = tmp_path / "cgroup"
    groups.write_text("0::/a/b\n")
    (tmp_path / "root" / "a" / "b").mkdir(parents=True)
    (tmp_path / "root" / "a" / "cpu.max").write_text("150000 100000\n")
    (tmp_path / "root" / "a" / "b" / "cpu.max").write_text("max 100000\n")
    found = list(memory.groups(str(tmp_path / "root"), str(groups)))
    assert [Path(folder) for folder in found] == [tmp_path / "root" / p for p in ("a/b", "a", "")]
    assert cpu._quota(found) == 2
    assert cpu._quota(memory.groups(str(tmp_path / "none"), str(groups))) > 1000
    folder = tmp_path / "root" / "a"
    (folder / "memory.max").write_text("1000000\n")
    (folder / "memory.current").write_text("700000\n")
    (folder / "memory.stat").write_text("anon 500000\nfile 200000\n")
    assert memory._left(str(folder)) == 500_000

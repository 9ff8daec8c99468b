"""A run that was killed goes on as if it had not been, wherever it was hit."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import toys
from kudari import callbacks, tensors

SCRIPT = f"""
import hashlib, os, signal, sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
import toys
import kudari as keras
from kudari import cpu

folder, freq, threads, fatal = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
cpu.set_num_threads(threads)
if fatal != "never":  # killed by itself, before or after the n-th call of one of these
    name, count, when = fatal.split(":")
    original, calls = getattr(os, name), [0]
    def deadly(*args, **options):
        calls[0] += 1
        if calls[0] == int(count) and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = original(*args, **options)
        if calls[0] == int(count):
            os.kill(os.getpid(), signal.SIGKILL)
        return result
    setattr(os, name, deadly)
x, y = toys.classes(300)
model = toys.softmax_net()
hooks = []
if folder != "none":
    hooks.append(keras.callbacks.BackupAndRestore(folder, freq if freq == "epoch" else int(freq)))
print("ready", flush=True)
weights = {{0: 2.0, 2: 0.5}}
history = model.fit(x, y, 29, 12, 0, hooks, validation_split=0.2, class_weight=weights)
digest = hashlib.sha256(repr((toys.state(model), history.history, history.epoch)).encode())
digest.update(model.predict(x, verbose=0).tobytes())
print(digest.hexdigest())
"""


def start(folder: str, freq: str, threads: int, fatal: str = "never") -> subprocess.Popen[str]:
    command = [sys.executable, "-c", SCRIPT, folder, freq, str(threads), fatal]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def ended(process: subprocess.Popen[str]) -> str | None:
    """The digest that the process printed; None where it was killed."""
    out, err = process.communicate(timeout=60)
    assert process.returncode in (0, -signal.SIGKILL), err
    return out.split()[-1] if process.returncode == 0 else None


@pytest.fixture(scope="module")
def uninterrupted() -> str:
    digest = ended(start("none", "epoch", 1))
    assert digest is not None
    return digest


@pytest.mark.parametrize("freq", ["epoch", "1", "3"])
def test_killed_at_random_moments(tmp_path: Path, uninterrupted: str, freq: str) -> None:
    """The moments are drawn from the time that training takes, most of it writing."""
    chance, kills, ends = random.Random(freq), 0, 0
    while kills < 8 or ends < 2:
        process = start(str(tmp_path), freq, 1 + kills % 3)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        if kills < 40:
            time.sleep(chance.random() * (0.04 if freq == "epoch" else 0.2))
            process.kill()
        digest = ended(process)
        kills += digest is None
        ends += digest is not None
        assert digest in (None, uninterrupted)
        if digest is None and kills >= 8:
            assert ended(start(str(tmp_path), freq, 2)) == uninterrupted
            ends += 1


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("name", ["open", "fsync", "replace"])
def test_killed_in_the_middle_of_a_save(
    tmp_path: Path, uninterrupted: str, name: str, when: str
) -> None:
    for count in (1, 4):
        assert ended(start(str(tmp_path), "5", 1, f"{name}:{count}:{when}")) is None
    assert ended(start(str(tmp_path), "5", 1)) == uninterrupted
    assert os.listdir(tmp_path) == []  # neither the backup nor what killed saves left


class Stop(callbacks.Callback):
    """Ends `fit` with an exception after so many batches."""

    def __init__(self, batches: int) -> None:
        self.left = batches

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.left -= 1
        if not self.left:
            raise InterruptedError


X, Y = toys.classes(100)


def interrupted(folder: Path, batches: int, **options: Any) -> callbacks.BackupAndRestore:
    backup = callbacks.BackupAndRestore(folder, 1)
    with pytest.raises(InterruptedError):
        toys.softmax_net().fit(X, Y, 16, 3, 0, [backup, Stop(batches)], **options)
    return backup


@pytest.mark.parametrize("batches", range(1, 22))
def test_every_batch_is_a_place_to_go_on_from(tmp_path: Path, batches: int) -> None:
    plain, resumed = toys.softmax_net(), toys.softmax_net()
    wanted = plain.fit(X, Y, 16, 3, 0)
    backup = interrupted(tmp_path, batches)
    seen: list[int] = []
    count = callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(batch))
    found = resumed.fit(X, Y, 16, 3, 0, [backup, count])
    assert (found.history, found.epoch) == (wanted.history, wanted.epoch)
    assert toys.state(resumed) == toys.state(plain)
    assert len(seen) == 21 - batches


def test_more_epochs_than_before(tmp_path: Path) -> None:
    backup = callbacks.BackupAndRestore(tmp_path, delete_checkpoint=False)
    plain, resumed = toys.softmax_net(), toys.softmax_net()
    wanted = plain.fit(X, Y, 16, 5, 0).history
    toys.softmax_net().fit(X, Y, 16, 3, 0, backup)
    assert resumed.fit(X, Y, 16, 5, 0, backup).history == wanted
    assert toys.state(resumed) == toys.state(plain)


@pytest.mark.parametrize(("change", "words"), [
    ({"batch_size": 17}, "batch_size=16"),
    ({"x": X[:99], "y": Y[:99]}, "rows=100"),
    ({"shuffle": False}, "shuffle=True"),
], ids=str)  # fmt: skip
def test_another_run_is_refused_and_nothing_changes(
    tmp_path: Path, change: dict[str, Any], words: str
) -> None:
    backup, model = interrupted(tmp_path, 4), toys.softmax_net()
    model._network((8,))
    before, file = model.get_weights(), (tmp_path / "run.safetensors").read_bytes()
    with pytest.raises(ValueError, match=rf"\[BackupAndRestore\].*{words}.*remove the backup"):
        model.fit(**{"x": X, "y": Y, "batch_size": 16, "verbose": 0, "callbacks": backup} | change)
    assert all(map(np.array_equal, model.get_weights(), before))
    assert (tmp_path / "run.safetensors").read_bytes() == file


def test_another_optimizer_or_model_is_refused(tmp_path: Path) -> None:
    backup = interrupted(tmp_path, 4)
    other = toys.softmax_net()
    other.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    with pytest.raises(ValueError, match="optimizer='adam'"):
        other.fit(X, Y, 16, verbose=0, callbacks=backup)
    wide = toys.softmax_net(count=4)
    with pytest.raises(ValueError, match=r"2\.bias"):
        wide.fit(X, Y, 16, verbose=0, callbacks=backup)


@pytest.mark.parametrize("change", [
    {"epoch": -1}, {"epoch": "1"}, {"batch": 10**9}, {"seed": 2**64}, {"steps": None},
    {"learning_rate": "x"}, {"learning_rate": -1.0}, {"run": []}, {"rows": -1}, {"extra": 1},
], ids=str)  # fmt: skip
def test_a_hostile_backup_changes_nothing(tmp_path: Path, change: dict[str, Any]) -> None:
    """Its checksum is right: only its contents are not."""
    backup, path = interrupted(tmp_path, 4), str(tmp_path / "run.safetensors")
    arrays, texts = tensors.read("", path, 10**6)
    saved = json.loads(texts["run"])
    saved["state"] |= change
    tensors.write(path, arrays, {"run": json.dumps(saved)})
    model = toys.softmax_net()
    model._network((8,))
    before = model.get_weights()
    with pytest.raises(ValueError, match=r"\[BackupAndRestore\]"):
        model.fit(X, Y, 16, verbose=0, callbacks=backup)
    assert all(map(np.array_equal, model.get_weights(), before))


@pytest.mark.parametrize("more", [3, [[], "x"], [[[0, 3]], 1], [[["x", {}]], 1], None], ids=str)
def test_a_hostile_history_changes_nothing(tmp_path: Path, more: Any) -> None:
    backup, path = interrupted(tmp_path, 4), str(tmp_path / "run.safetensors")
    arrays, texts = tensors.read("", path, 10**6)
    saved = json.loads(texts["run"]) | {"more": more}
    tensors.write(path, arrays, {"run": json.dumps(saved)})
    with pytest.raises(ValueError, match="the state of a run"):
        toys.softmax_net().fit(X, Y, 16, verbose=0, callbacks=backup)


def test_arguments() -> None:
    with pytest.raises(ValueError, match="save_freq"):
        callbacks.BackupAndRestore("x", 0)
    with pytest.raises(TypeError, match="save_freq"):
        callbacks.BackupAndRestore("x", "batch")
    with pytest.raises(TypeError):
        callbacks.BackupAndRestore(3)  # type: ignore[arg-type]
